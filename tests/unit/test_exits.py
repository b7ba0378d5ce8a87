"""What was recorded is written however Python code ends a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.report import build
from enforcer.runtime.process.exits import Guard
from tests.patience import PATIENCE, environment_without

pytestmark = pytest.mark.process

BEGIN = """\
import os, signal, sys, threading, time
import old
def use():
    from old import N
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a program with a legacy path; nothing is written before its end."""
    (tmp_path / "enforcer.toml").write_text(
        '[enforcer]\nsigterm = true\n[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
    )
    (tmp_path / "new.py").write_text("N = 1\n")
    return tmp_path


def run(folder: Path, program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    more = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "3600"}
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        cwd=folder,
        env={**environment_without("ENFORCER"), **more, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def uses(folder: Path) -> int:
    return sum(rule.uses for rule in build(str(folder / ".enforcer" / "uses.db")).rules)


CHILD = """
if os.fork() == 0:
    use()
    {end}
code = os.waitstatus_to_exitcode(os.wait()[1])
sys.exit(abs(code))
"""
SENT_ON = """
def handle(number, frame):
    signal.signal(number, before)
    signal.raise_signal(number)
before = signal.signal(signal.SIGTERM, handle)
use()
signal.raise_signal(signal.SIGTERM)
"""
PASSED_ON = """
def handle(number, frame):
    before(number, frame)
    use()
    sys.exit(7)
before = signal.signal(signal.SIGTERM, handle)
signal.raise_signal(signal.SIGTERM)
"""
HANDLED = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
use()
signal.raise_signal(signal.SIGTERM)
"""
IN_THE_MIDDLE = """
import enforcer.runtime.process.thread
end = enforcer.runtime.process.thread.Guest.end
def interrupted(self, *words, **keywords):
    enforcer.runtime.process.thread.Guest.end = end
    os.kill(os.getpid(), signal.SIGTERM)
    return end(self, *words, **keywords)
enforcer.runtime.process.thread.Guest.end = interrupted
use()
"""
THREAD = "use(); threading.Thread(target=os._exit, args=(7,)).start(); time.sleep(600)"
ENDS = {
    "os._exit": ("use(); os._exit(7)", 7),
    "os._exit by keyword": ("use(); os._exit(status=7)", 7),
    "os._exit in a thread": (THREAD, 7),
    "os._exit in a child": (CHILD.format(end="os._exit(7)"), 7),
    "os.execv": ("use(); os.execv('/bin/sh', ['sh', '-c', 'exit 7'])", 7),
    "os.execlp": ("use(); os.execlp('sh', 'sh', '-c', 'exit 7')", 7),
    "SIGTERM": ("use(); os.kill(os.getpid(), signal.SIGTERM); time.sleep(600)", -15),
    "SIGTERM that a handler sends on": (SENT_ON, -15),
    "SIGTERM that a handler passes on": (PASSED_ON, 7),
    "SIGTERM that ends by sys.exit": (HANDLED, 7),
    "SIGTERM in the middle of the end": (IN_THE_MIDDLE, -15),
}


@pytest.mark.parametrize(("program", "code"), ENDS.values(), ids=ENDS)
def test_the_last_uses_are_written(folder: Path, program: str, code: int) -> None:
    """And the process ends as it would have."""
    done = run(folder, program)

    assert (done.returncode, done.stderr) == (code, "")
    assert uses(folder) == 2


def test_an_end_that_fails_is_none(folder: Path) -> None:
    """A program that could not be executed leaves everything as it was."""
    program = """
for _ in range(3):
    try:
        os.execv("/nowhere", ["nowhere"])
    except FileNotFoundError:
        use()
use()
"""
    done = run(folder, program)

    assert (done.returncode, done.stderr) == (0, "")
    assert uses(folder) == 5


def test_a_child_without_uses_ends_at_once(folder: Path) -> None:
    """A fork that only executes something else loads nothing for it, and leaves no trace."""
    program = """
before = set(sys.modules)
if os.fork() == 0:
    real, os._exit = os._exit, None
    import enforcer.startup
    enforcer.startup.active().reporters[0].before_end()
    print(sorted(set(sys.modules) - before), flush=True)
    real(0)
os.wait()
"""
    done = run(folder, program)

    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert build(str(folder / ".enforcer" / "uses.db")).processes == 1


def test_a_program_that_is_stopped_while_it_starts_ends_at_once(folder: Path) -> None:
    """It has nothing to tell, and may hold a lock that whoever writes would wait for."""
    (folder / "slow.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    done = subprocess.run(
        [sys.executable, "-c", "import enforcer.startup; import slow"],
        cwd=folder,
        # The first process of a store creates it after a twentieth of the interval: not here, also
        # on a machine where the start takes longer.
        env={**os.environ, "ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "100000"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    assert not (folder / ".enforcer" / "uses.db").exists()


STOPPED_AT_ONCE = """
for _ in range(100):
    child = os.fork()
    if child == 0:
        signal.alarm(300)
        while True:
            pass
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""


@pytest.mark.parametrize("thread", [False, True], ids=["main thread", "another thread"])
def test_a_child_that_is_stopped_before_it_ran_ends(folder: Path, thread: bool) -> None:  # noqa: FBT001
    """Whichever thread forks: multiprocessing's pools do so from their own."""
    program = STOPPED_AT_ONCE
    if thread:
        program = f"""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
failed = []
def work():
    try:
        exec({program!r}, globals())
    except BaseException as error:
        failed.append(error)
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert not failed, failed
"""
    done = run(folder, program)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_second_signal_does_not_wait(folder: Path) -> None:
    """Who is impatient sends it twice; the second one ends the process at once."""
    (folder / ".enforcer").mkdir()
    program = """
import sqlite3
holding = sqlite3.connect(".enforcer/uses.db", isolation_level=None)
holding.execute("create table held (x)")
holding.execute("begin exclusive")
use()
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(600)
"""
    assert run(folder, program, ENFORCER_EXIT_TIMEOUT="1").returncode == -signal.SIGTERM


@pytest.mark.parametrize("taken", ["signal.SIG_IGN", "lambda *_: print('mine')"])
def test_a_handler_of_the_program_stays(folder: Path, taken: str) -> None:
    """Enabled in code, the enforcer leaves a SIGTERM alone that somebody handles."""
    program = f"""\
import signal
mine = {taken}
signal.signal(signal.SIGTERM, mine)
import enforcer
enforcer.enable("enforcer.toml")
assert signal.getsignal(signal.SIGTERM) == mine
enforcer.disable()
assert signal.getsignal(signal.SIGTERM) == mine
"""
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, timeout=PATIENCE)


def test_a_thread_may_enable(folder: Path) -> None:
    """Only the main thread can handle signals; everything else holds."""
    program = """\
import os, threading, enforcer
thread = threading.Thread(target=enforcer.enable, args=("enforcer.toml",))
thread.start(); thread.join()
import old
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, timeout=PATIENCE)
    assert uses(folder) == 1


def test_children_do_not_inherit_the_handler(folder: Path) -> None:
    """What is executed has the signal's own action."""
    program = "os.execlp('grep', 'grep', 'SigCgt\\\\|SigIgn\\\\|SigBlk', '/proc/self/status')"
    done = run(folder, program)

    masks = [int(line.split()[1], 16) for line in done.stdout.splitlines()]
    assert len(masks) == 3
    assert not any(mask & (1 << (signal.SIGTERM - 1)) for mask in masks)


def test_disabling_leaves_nothing_behind(folder: Path) -> None:
    """The functions and the signal are what they were."""
    program = """\
import os, signal
before = os._exit, os.execv, os.execve, signal.getsignal(signal.SIGTERM)
import enforcer
for _ in range(2):
    enforcer.enable("enforcer.toml")
    assert os._exit is not before[0] and os._exit.__wrapped__ is before[0]
    assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    enforcer.disable()
    assert (os._exit, os.execv, os.execve, signal.getsignal(signal.SIGTERM)) == before
"""
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, timeout=PATIENCE)


def test_what_others_put_on_top_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replacement of somebody else's goes on to call what it replaced."""
    called = []
    monkeypatch.setattr(os, "_exit", lambda _: called.append("exit"))
    guard = Guard(lambda: called.append("leave"), lambda: called.append("resume"))
    guard.stand(sigterm=True)
    guarded = os._exit

    def on_top(status: int) -> None:
        called.append("on top")
        guarded(status)

    monkeypatch.setattr(os, "_exit", on_top)
    guard.go()

    assert os._exit is on_top
    os._exit(0)
    assert called == ["on top", "leave", "exit", "resume"]
