"""Whatever happens to the store, the program goes on, and what is lost is counted and shown."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from enforcer.runtime.process.flush import FORK_PATIENCE
from tests.patience import PATIENCE, wait_until


class Project(Protocol):
    """A project with one legacy module; see conftest.py."""

    folder: Path
    store: Path

    def start(self, code: str, *options: str, **variables: str) -> subprocess.Popen[str]: ...
    def run(
        self, code: str, *options: str, expected: int = 0, **variables: str
    ) -> tuple[str, str]: ...
    def report(self, *options: str) -> str: ...
    def numbers(self) -> dict[str, Any]: ...
    def uses(self) -> int: ...


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Keep a store locked, as a process that hangs in the middle of a write would."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def tool(name: str, *arguments: str) -> bool:
    """Run a tool of the system, and tell whether it is there and did its work."""
    found = shutil.which(name)
    return found is not None and subprocess.run([found, *arguments], check=False).returncode == 0


def mounted(folder: Path, size: str) -> Iterator[Path]:
    """Mount a small file system, where that is allowed."""
    folder.mkdir()
    if os.getuid() or not tool("mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)):
        pytest.skip("needs to mount a file system")
    try:
        yield folder
    finally:
        assert tool("umount", "--lazy", str(folder))


def fill(file: Path) -> None:
    """Write a file until its disk is full."""
    with file.open("wb", buffering=0) as filling:
        while True:
            filling.write(b"\0" * 1024)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "disk", "512k")


PROGRAM = """
use(5)
print("did its work", flush=True)
{waiting}
sys.exit(7)
"""
ENDS = PROGRAM.format(waiting="")
WAITS = PROGRAM.format(waiting="sys.stdin.readline()\nuse(3)")


def goes_on(output: str, error: str, reason: str) -> None:
    """Check that a program printed what it would have, and one line says what was lost."""
    assert output == "did its work\n"
    assert error.startswith("enforcer: 5 uses could not be kept: ")
    assert reason in error
    assert error.count("\n") == 1


def test_locked_at_the_end(project: Project) -> None:
    """An exit does not wait for ever, and its loss is in the report."""
    project.run(ENDS, expected=7)
    with locked(project.store):
        error = project.run(ENDS, expected=7, ENFORCER_EXIT_TIMEOUT="1")
        goes_on(*error, "(store-not-written)")
        assert project.numbers()["dropped"] == 5
    project.run(ENDS, expected=7)

    assert (project.uses(), project.numbers()["dropped"]) == (10, 5)
    assert "5 uses were lost: the counts are too low." in project.report()
    assert project.numbers()["watched"]["vanished"] == 0


def test_locked_for_a_while(project: Project) -> None:
    """What can't be written now is written later."""
    project.run(ENDS, expected=7)
    with project.start(WAITS) as process:
        with locked(project.store):
            assert process.stdout is not None
            assert process.stdout.readline() == "did its work\n"
        _, error = process.communicate("\n", timeout=PATIENCE)

    assert (process.returncode, error) == (7, "")
    assert (project.uses(), project.numbers()["dropped"]) == (13, 0)


def test_fork_does_not_wait_for_a_locked_store(project: Project) -> None:
    """The reporter gives way: forty forks would take twenty seconds if each waited for it."""
    project.run(ENDS, expected=7)
    code = """
        import enforcer.startup
        from tests_patience import wait_until

        use(5)
        wait_until(lambda: enforcer.startup.active().reporters[0].has_begun)
        began = time.monotonic()
        for _ in range(40):
            pid = os.fork()
            if not pid:
                import posix
                posix._exit(0)
            os.waitpid(pid, 0)
            time.sleep(0.01)
        print(time.monotonic() - began)
    """
    with locked(project.store):
        output, error = project.run(code, ENFORCER_EXIT_TIMEOUT="1")

    assert float(output) < 40 * FORK_PATIENCE
    assert "5 uses could not be kept" in error


def test_flush_on_request_waits_for_a_locked_store(project: Project) -> None:
    """Who asks for it wants it, and nobody else is held up."""
    project.run(ENDS, expected=7)
    with project.start("""
        import enforcer, threading
        print("ready", flush=True)
        use(5)
        flusher = threading.Thread(target=enforcer.flush)
        flusher.start()
        use(5)
        sys.stdin.readline()
        flusher.join()
    """) as process:
        with locked(project.store):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        process.communicate("\n", timeout=PATIENCE)

    assert process.returncode == 0
    assert (project.uses(), project.numbers()["dropped"]) == (15, 0)


def test_full_disk(project: Project, small_disk: Path) -> None:
    """The loss is noted by a name, for which there is room; later there is room for all."""
    store = str(small_disk / "uses.db")
    project.run(ENDS, expected=7, ENFORCER_STORE=store)
    filling = small_disk / "filling"
    with pytest.raises(OSError, match="No space"):
        fill(filling)
    goes_on(*project.run(ENDS, expected=7, ENFORCER_STORE=store), "disk is full")
    filling.unlink()
    project.run(ENDS, expected=7, ENFORCER_STORE=store)

    report = project.report("--store", store)
    assert "10 uses at 2 call sites" in report
    assert "5 uses were lost: the counts are too low." in report


def test_disk_that_is_full_for_a_while(project: Project, small_disk: Path) -> None:
    """A process that outlives it loses nothing."""
    store = str(small_disk / "uses.db")
    filling = small_disk / "filling"
    with pytest.raises(OSError, match="No space"):
        fill(filling)
    with project.start(WAITS, ENFORCER_STORE=store) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "did its work\n"
        filling.unlink()
        wait_until(lambda: Path(store).exists() and Path(store).stat().st_size > 0)
        _, error = process.communicate("\n", timeout=PATIENCE)

    assert (process.returncode, error) == (7, "")
    assert "8 uses at 1 call site" in project.report("--store", store)


def test_file_that_may_not_grow(project: Project) -> None:
    """A limit on the size of files is met like a full disk, with or without mounts."""
    limit = f"(8192, {resource.RLIM_INFINITY})"
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, {limit})\n{ENDS}"
    project.run(ENDS, expected=7)
    goes_on(*project.run(limited, expected=7), "(store-not-written)")

    assert (project.uses(), project.numbers()["dropped"]) == (5, 5)


def make_read_only(folder: Path) -> Callable[[], None]:
    """Make a folder read-only, for root as well; give what undoes it."""
    if os.getuid():
        folder.chmod(0o555)
        return lambda: folder.chmod(0o755)
    if not tool("mount", "--bind", str(folder), str(folder)):
        pytest.skip("permissions mean nothing to root, and it may not mount")
    assert tool("mount", "-o", "remount,bind,ro", str(folder))
    return lambda: tool("umount", "--lazy", str(folder)) and None


def test_folder_that_is_read_only(project: Project) -> None:
    """Nothing can be written there, not even a note; standard error says how much was lost."""
    project.run(ENDS, expected=7)
    undo = make_read_only(project.store.parent)
    try:
        goes_on(*project.run(ENDS, expected=7), "(store-not-written)")
        assert project.uses() == 5
    finally:
        undo()
    project.run(ENDS, expected=7)

    assert project.uses() == 10


def test_file_that_is_deleted(project: Project) -> None:
    """The store is made anew; what was in the deleted one is gone, what is new is not."""
    with project.start(WAITS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "did its work\n"
        wait_until(project.store.exists)
        wait_until(lambda: project.uses() == 5)
        project.store.unlink()
        _, error = process.communicate("\n", timeout=PATIENCE)

    assert (process.returncode, error) == (7, "")
    assert project.uses() == 3
    assert [rule["legacy"] for rule in project.numbers()["rules"]] == ["old"]


def test_folder_that_is_deleted(project: Project) -> None:
    """The same holds for its folder."""
    with project.start(WAITS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "did its work\n"
        wait_until(project.store.exists)
        wait_until(lambda: project.uses() == 5)
        shutil.rmtree(project.store.parent)
        _, error = process.communicate("\n", timeout=PATIENCE)

    assert (process.returncode, error) == (7, "")
    assert project.uses() == 3


def test_file_that_is_damaged(project: Project) -> None:
    """It is set aside, a new one is begun, and the report says where the old one is."""
    with project.start(WAITS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "did its work\n"
        wait_until(project.store.exists)
        wait_until(lambda: project.uses() == 5)
        with project.store.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xde\xad" * 30000)
        _, error = process.communicate("\n", timeout=PATIENCE)

    assert (process.returncode, error) == (7, "")
    assert project.uses() == 3
    aside = min(project.store.parent.glob("uses.db.corrupt-*"), key=lambda path: len(path.name))
    (notice,) = project.numbers()["notices"]
    assert notice["kind"] == "damaged"
    assert str(aside) in notice["text"]
    assert str(aside) in project.report()


def text_file(path: Path) -> None:
    path.write_text("hello " * 1000)


def database_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customer (name)")


@pytest.mark.parametrize("make", [text_file, database_of_another_program])
def test_file_that_is_none_of_ours(project: Project, make: Callable[[Path], None]) -> None:
    """It is neither changed nor moved, and nothing is put beside it."""
    project.store.parent.mkdir()
    make(project.store)
    before = project.store.read_bytes()
    goes_on(*project.run(ENDS, expected=7), "(not-a-store)")

    assert project.store.read_bytes() == before
    assert list(project.store.parent.glob("uses.db*")) == [project.store]


def test_store_of_a_newer_enforcer(project: Project) -> None:
    """It is left alone but for a note of what is missing, which the newer one can read."""
    project.run(ENDS, expected=7)
    with closing(sqlite3.connect(project.store)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA user_version = 99")
    goes_on(*project.run(ENDS, expected=7), "(newer-store)")
    with closing(sqlite3.connect(project.store)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")

    assert (project.uses(), project.numbers()["dropped"]) == (5, 5)


def test_killed_in_the_middle_of_writes(project: Project) -> None:
    """A store survives its writers: ten are killed while they write as often as they can."""
    for _ in range(10):
        with project.start("""
            import enforcer
            print("ready", flush=True)
            while True:
                use()
                enforcer.flush()
        """) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.kill()
            process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
    project.run(ENDS, expected=7)

    assert project.uses() >= 5
    assert list(project.store.parent.glob("uses.db.corrupt-*")) == []
