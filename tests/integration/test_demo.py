"""The demo runs for a newcomer, and its check notices every kind of difference."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a demo in a process of its own."""
    command = [sys.executable, str(folder / "main.py")]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the demo that a test may alter."""
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def replace(file: Path, old: str, new: str) -> None:
    """Replace text that stands exactly once in a file."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_every_reported_row_equals_a_marked_caller() -> None:
    """The demo ends with success, and says how many callers it compared."""
    run = run_demo(DEMO)

    assert run.returncode == 0, run.stdout + run.stderr
    found = re.search(r"(\d+) call sites expected, (\d+) seen, counts equal", run.stdout)
    assert found is not None, run.stdout
    assert found[1] == found[2] != "0"


def test_the_backend_alone_fails_first() -> None:
    """The demo shows what the enforcer is there for."""
    run = run_demo(DEMO)

    assert "ModuleNotFoundError: No module named 'chat.websocket.manager_factory'" in run.stdout


def test_a_caller_that_nobody_marked_is_named(copy: Path) -> None:
    """A row too many in the report fails the demo."""
    worker = copy / "app" / "chat" / "workers" / "search.py"
    replace(worker, "# use: chat_legacy.history import_statement x50", "# a comment")

    run = run_demo(copy)

    assert run.returncode == 1
    assert "counts differ" in run.stdout
    assert (
        "not expected: chat/workers/search.py:8 in index: "
        "chat_legacy.history by import_statement, 50 uses"
    ) in run.stdout


def test_a_marked_caller_that_was_not_seen_is_named(copy: Path) -> None:
    """A row too few in the report fails the demo."""
    gateway = copy / "app" / "chat" / "gateway.py"
    replace(
        gateway,
        "    presence_tracker.mark_online(user)\n",
        "    # use: chat.presence_tracker attribute x3\n    presence_tracker.mark_online(user)\n",
    )

    run = run_demo(copy)

    assert run.returncode == 1
    assert "not reported: chat/gateway.py:13 in connect: chat.presence_tracker" in run.stdout


def test_a_wrong_count_is_named(copy: Path) -> None:
    """A count that is off by one fails the demo."""
    gateway = copy / "app" / "chat" / "gateway.py"
    replace(gateway, "manager_factory import_statement x3", "manager_factory import_statement x4")

    run = run_demo(copy)

    assert run.returncode == 1
    assert "4 uses expected, 3 reported: chat/gateway.py:20 in reconnect" in run.stdout
