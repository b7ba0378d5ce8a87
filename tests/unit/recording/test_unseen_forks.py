"""What a process does that C code forked, and one that Python forked before it was enabled."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from enforcer.recording import unseen_forks
from tests.patience import PATIENCE


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another process id, as in a child that C code forked."""
    for known in ("_pid", "_begun_in"):
        monkeypatch.setattr(unseen_forks, known, os.getpid())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    monkeypatch.setattr(unseen_forks, "PATIENCE", PATIENCE)


@pytest.mark.usefixtures("child")
def test_one_thread_begins_anew_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another one records meanwhile would be forgotten."""
    order: list[str] = []

    def record() -> None:
        unseen_forks.notice()
        order.append("recorded")

    other = threading.Thread(target=record)

    def begin_anew() -> None:
        other.start()
        while other.is_alive() and not _waits_in(other, "notice"):
            pass
        order.append("begun anew")

    monkeypatch.setattr(unseen_forks, "_begin_anew", begin_anew)
    assert unseen_forks.notice()
    other.join()
    assert order == ["begun anew", "recorded"]
    assert not unseen_forks.notice()


def _waits_in(thread: threading.Thread, function: str) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - public, if not by name
    return frame is not None and frame.f_code.co_name == function


@pytest.mark.usefixtures("child")
def test_what_begins_anew_may_ask_whether_it_has_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection of garbage in the middle of it does."""
    answers: list[bool] = []
    monkeypatch.setattr(unseen_forks, "_begin_anew", lambda: answers.append(unseen_forks.notice()))
    assert unseen_forks.notice()
    assert answers == [False]


@pytest.mark.usefixtures("child")
def test_what_fails_to_begin_anew_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin_anew() -> None:
        raise OSError(-1, "anew")

    monkeypatch.setattr(unseen_forks, "_begin_anew", begin_anew)
    with pytest.raises(OSError, match="anew"):
        unseen_forks.notice()
    assert not unseen_forks.notice()


PROGRAM = """
import os, sys
import enforcer
from enforcer.recording import unseen_forks
if not os.fork():
    enforcer.enable("enforcer.toml", store=False)
    os._exit(unseen_forks.is_due())
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_a_process_that_was_forked_before_it_was_enabled_is_no_such_child(tmp_path: Path) -> None:
    """Python's hooks come with enabling; threads that began at once lost uses here."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, check=True)
