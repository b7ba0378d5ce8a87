"""Serve the demo's backend, and say it when that fails."""

import asyncio
from pathlib import Path

import pytest

from enforcer.demo.backend import Workspace
from enforcer.demo.clients import converse
from enforcer.demo.comparison import compare
from enforcer.errors import EnforcerError

pytestmark = pytest.mark.process


def test_a_backend_that_cannot_start() -> None:
    """The message has the last line of what it said."""
    with Workspace.made() as workspace:
        (workspace.app / "netra_backend" / "__main__.py").write_text("raise OSError('no socket')")

        with pytest.raises(EnforcerError) as failed, workspace.served(is_enforced=False):
            pass

    assert str(failed.value) == (
        "the demo's backend failed: it ended before it served. Its last words: "
        '"OSError: no socket". Try again; with fewer --users if the machine is busy (demo-failed)'
    )


def test_a_backend_that_ends_too_early() -> None:
    """Clients don't wait for what can't come any more."""
    with Workspace.made() as workspace:
        routes = workspace.app / "netra_backend" / "app" / "routes" / "websocket.py"
        source = routes.read_text()
        dying = source.replace(
            "        asked = read(", "        import os; os._exit(3)\n        asked = read("
        )
        assert dying != source
        routes.write_text(dying)

        with pytest.raises(EnforcerError, match=r"backend failed: .*\(demo-failed\)"):
            compare(workspace, users=2, rounds=1)


def test_a_backend_that_closes_a_connection() -> None:
    """A user who is sent away does not wait for answers."""
    with Workspace.made() as workspace:
        routes = workspace.app / "netra_backend" / "app" / "routes" / "websocket.py"
        source = routes.read_text().replace("if not user_id:", "if user_id:")
        routes.write_text(source.replace("close(1008", "close(1000"))

        with pytest.raises(EnforcerError, match="the backend ended the connection"):
            compare(workspace, users=2, rounds=1)


def test_settings_from_outside_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run without the enforcer is without it."""
    with Workspace.made() as workspace:
        monkeypatch.setenv("ENFORCER_MAP", str(workspace.map))
        monkeypatch.setenv("ENFORCER_STORE", str(workspace.store))
        with workspace.served(is_enforced=False) as address:
            talk = asyncio.run(converse(address, users=2, rounds=1))

        assert len(talk.users) == 2
        assert not workspace.store.exists()


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is gone in the end."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Workspace.made() as workspace:
        assert workspace.map.is_file()

    assert list(tmp_path.iterdir()) == []
