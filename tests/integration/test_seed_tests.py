"""The tests of issue 960 fail without the enforcer, each for the reason that the issue gives."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.patience import PATIENCE

TESTS = Path(__file__).parents[1]
UNIT = TESTS / "unit" / "websocket_ssot_issue960"
INTEGRATION = TESTS / "integration" / "websocket_ssot_issue960"
SERVICES = "test_cross_service_websocket_manager_consistency.py"
REGISTRY = (
    "TestCrossServiceWebSocketManagerConsistency::test_agent_registry_uses_ssot_websocket_manager"
)
CASES = {
    "TestWebSocketManagerImportPathSsot",
    "TestWebSocketManagerSingletonEnforcement",
    "TestCrossServiceWebSocketManagerConsistency",
}

REASONS = {
    "test_all_websocket_manager_imports_resolve_to_canonical": (
        "Found 6 WebSocket manager import paths:\n"
        "1. netra_backend.app.websocket_core.websocket_manager.WebSocketManager\n"
        "2. netra_backend.app.websocket_core.websocket_manager.get_websocket_manager\n"
        "3. netra_backend.app.websocket_core.websocket_manager_factory.create_websocket_manager\n"
        "4. netra_backend.app.websocket_core.unified_manager"
        "._UnifiedWebSocketManagerImplementation\n"
        "5. netra_backend.app.websocket_core.unified_manager.WebSocketManagerMode\n"
        "6. test_framework.fixtures.websocket_manager_mock.MockWebSocketManager\n"
        "SSOT requires 1-2 canonical paths maximum."
    ),
    "test_multiple_websocket_manager_imports_return_same_instance": (
        "Different import paths create different WebSocket manager instances"
    ),
    "test_websocket_manager_factory_delegates_to_ssot": (
        "Factory creates separate instances instead of using SSOT"
    ),
    "test_agent_registry_uses_ssot_websocket_manager": (
        "Agent registry cannot retrieve WebSocket manager"
    ),
    "test_websocket_manager_instance_sharing_across_contexts": (
        "Same user gets different WebSocket manager instances"
    ),
    "test_websocket_manager_class_definition_uniqueness": (
        "Multiple WebSocket manager class definitions exist"
    ),
    "test_no_event_is_duplicated_or_missing": "Duplicate or missing WebSocket events",
    "test_no_data_leaks_between_users": "Fragmented managers leak data between users",
    "test_all_services_use_the_same_manager": (
        "Cross-service WebSocket communication may be unreliable"
    ),
    "test_a_user_who_comes_back_has_a_manager_again": "Multiple initialization paths",
}
"""What each test says of the backend alone."""


AFTER = """
import sys
import enforcer.startup

def test_nothing_is_left():
    assert enforcer.startup.active() is None
    packages = {name.partition(".")[0] for name in sys.modules}
    assert not packages & {"netra_backend", "test_framework"}
    assert not [entry for entry in sys.path if entry.endswith("demo/app")]
"""


def run_tests(*words: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", *words],
        cwd=TESTS.parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each test says without its conftest.py, which enables the enforcer."""
    results = tmp_path_factory.mktemp("seed") / "results.xml"
    run = run_tests("--noconftest", f"--junitxml={results}", str(UNIT), str(INTEGRATION))
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    return {
        str(case.get("name")): said(case[0].text or "")
        for case in ET.parse(results).iter("testcase")  # noqa: S314 - pytest's own file
        if str(case.get("classname")).rpartition(".")[2] in CASES and len(case)
    }


def said(failure: str) -> str:
    """Give the error of a failed test, on one line."""
    lines = (line[1:] for line in failure.splitlines() if line.startswith("E "))
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("name", REASONS)
def test_without_the_enforcer_it_fails(name: str, failures: dict[str, str]) -> None:
    """The test notices the fault that it is for."""
    assert failures[name].startswith(f"AssertionError: {' '.join(REASONS[name].split())}")


def test_the_tests_leave_nothing_behind(tmp_path: Path) -> None:
    """Tests that run after them in the same process meet neither the backend nor the enforcer."""
    after = tmp_path / "test_after.py"
    after.write_text(AFTER)

    run = run_tests(str(UNIT), f"{INTEGRATION / SERVICES}::{REGISTRY}", str(after))

    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert "::test_nothing_is_left" in run.stdout
