"""``enforcer verify`` on the backend of issue 960: healed with the enforcer, fragmented without."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.patience import PATIENCE

CORE = "netra_backend.app.websocket_core"
SEED = {
    f"{CORE}.websocket_manager.WebSocketManager",
    f"{CORE}.websocket_manager.get_websocket_manager",
    f"{CORE}.websocket_manager_factory.create_websocket_manager",
    f"{CORE}.unified_manager._UnifiedWebSocketManagerImplementation",
    f"{CORE}.unified_manager.WebSocketManagerMode",
    "test_framework.fixtures.websocket_manager_mock.MockWebSocketManager",
}
"""The six import paths that the issue found."""

SEVERITIES = {
    "import-paths": "critical",
    "instances": "critical",
    "factories": "high",
    "services": "high",
    "sharing": "medium",
    "definitions": "medium",
}
"""The issue's order, and how bad it finds each."""


def verified(*options: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "enforcer", "verify", "--demo", "--format", "json", *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)["invariants"]


@pytest.mark.parametrize(
    ("options", "code", "result"), [((), 0, "passed"), (("--off",), 1, "violated")]
)
def test_all_six_invariants(options: tuple[str, ...], code: int, result: str) -> None:
    ended_with, invariants = verified(*options)

    assert {one["invariant"]: one["severity"] for one in invariants} == SEVERITIES
    assert [one["result"] for one in invariants] == [result] * 6
    assert {one["path"] for one in invariants[0]["paths"]} >= SEED
    assert ended_with == code


def test_off_it_names_what_the_issue_names() -> None:
    """Two factories and a mock lead elsewhere; every path has a manager of its own."""
    invariants = {one["invariant"]: one for one in verified("--off")[1]}
    wrong = {
        slug: {path["path"] for path in one["paths"] if path["result"] == "violated"}
        for slug, one in invariants.items()
    }

    factories = {
        f"{CORE}.websocket_manager_factory.create_websocket_manager",
        f"{CORE}.create_websocket_manager",
    }
    mock = "test_framework.fixtures.websocket_manager_mock.MockWebSocketManager"
    assert wrong["import-paths"] == {*factories, mock}
    assert wrong["factories"] == factories
    assert invariants["instances"]["seen"] == "7 paths, 7 instances for 1 key"
    assert "netra_backend.app.agents.agent_registry" in wrong["services"]
    assert invariants["definitions"]["paths"][0]["seen"] == f"is defined again: {mock}"
