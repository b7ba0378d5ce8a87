"""What programs do is counted to the last use, however they run and end.

Where a process is killed, at most one flush interval is lost, and the report says so.
"""

import signal
import subprocess
from typing import Any, Protocol

import pytest

from tests.patience import PATIENCE, wait_until


class Project(Protocol):
    """A project with one legacy module; see conftest.py."""

    def start(self, code: str, *options: str, **variables: str) -> subprocess.Popen[str]: ...
    def run(
        self, code: str, *options: str, expected: int = 0, **variables: str
    ) -> tuple[str, str]: ...
    def report(self, *options: str) -> str: ...
    def numbers(self) -> dict[str, Any]: ...
    def uses(self) -> int: ...


def vanished(project: Project) -> str:
    """Give the report's sentence, once a process that ended without a word is known to be gone."""
    wait_until(lambda: project.numbers()["watched"]["vanished"] == 1)
    (line,) = (line for line in project.report().splitlines() if "without a last write" in line)
    return line


SAID = "1 process ended without a last write: it may have lost up to 0.05 s of uses."


def test_threads_that_switch_all_the_time(project: Project) -> None:
    """Eight threads at three call sites lose nothing and count nothing twice."""
    output, _ = project.run("""
        import threading

        sys.setswitchinterval(1e-6)

        def work():
            for number in range(3000):
                import old
                from old import N
                if number % 3 == 0:
                    __import__("old")

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers: worker.start()
        for worker in workers: worker.join()
        print(8 * (3000 + 3000 + 1000))
    """)

    assert project.uses() == int(output)
    assert project.numbers()["dropped"] == 0


def test_fork(project: Project) -> None:
    """Children and grandchildren count what they did themselves."""
    project.run("""
        def fork(work):
            pid = os.fork()
            if not pid:
                work()
                sys.exit()
            assert os.waitpid(pid, 0)[1] == 0

        use(100)
        fork(lambda: (use(20), fork(lambda: use(3))))
        use(100)
    """)

    numbers = project.numbers()
    assert (project.uses(), numbers["processes"], numbers["watched"]["ended"]) == (223, 3, 3)


def test_fork_and_exec(project: Project) -> None:
    """What a child did, and what the program that it becomes does, are both counted."""
    project.run("""
        if sys.argv[1:]:
            use(7)
            sys.exit()
        use(100)
        pid = os.fork()
        if not pid:
            use(20)
            os.execv(sys.executable, [sys.executable, __file__, "child"])
        assert os.waitpid(pid, 0)[1] == 0
    """)

    assert project.uses() == 127


def test_exec_without_a_fork(project: Project) -> None:
    """A process that becomes another program writes what it did before."""
    project.run("""
        if sys.argv[1:]:
            use(7)
            sys.exit()
        use(100)
        os.execv(sys.executable, [sys.executable, __file__, "child"])
    """)

    assert project.uses() == 107


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_that_is_terminated(project: Project, method: str) -> None:
    """The workers that ``with Pool()`` kills are known: the report says what may be missing."""
    code = """
        import multiprocessing

        def begin(barrier):
            use(1)
            barrier.wait()  # else one may do it all, before the other one has begun

        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            with context.Pool(2, begin, [context.Barrier(2)]) as pool:
                assert pool.map(use, [1] * 120) == [None] * 120
                left = len(multiprocessing.active_children())
            print(left)
    """
    project.run("use(1)", ENFORCER_FLUSH_INTERVAL="0.05")  # there is a store
    output, _ = project.run(code.replace("sys.argv[1]", repr(method)))

    workers = int(output)
    wait_until(lambda: project.numbers()["watched"]["vanished"] == workers)
    assert "ended without a last write" in project.report()


def test_a_subinterpreter_that_nobody_ends(project: Project) -> None:
    """Its uses may be missing: the main interpreter's goodbye says nothing about them."""
    project.run("use(1)")  # there is a store
    project.run("""
        import importlib
        try:
            interpreters = importlib.import_module("_interpreters")
        except ImportError:
            interpreters = importlib.import_module("_xxsubinterpreters")

        code = f"import sys; sys.path.insert(0, {sys.path[0]!r}); import old"
        left = interpreters.create()
        interpreters.run_string(left, code)
        use(1)
        os._exit(0)
    """)

    assert project.uses() == 2
    wait_until(lambda: project.numbers()["watched"]["vanished"] == 1)


def test_spawn(project: Project) -> None:
    """Children that multiprocessing spawns are watched from their start, and lose nothing."""
    project.run("""
        import multiprocessing

        def work(count):
            use(count)

        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            children = [context.Process(target=work, args=(10,)) for _ in range(3)]
            for child in children: child.start()
            for child in children: child.join()
            assert [child.exitcode for child in children] == [0, 0, 0]
            use(4)
    """)

    assert project.uses() == 34
    assert project.numbers()["watched"]["vanished"] == 0


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise SystemExit(3)", "os.kill(0, 0); exit(3)"])
def test_sys_exit(project: Project, end: str) -> None:
    """A program that ends by itself loses nothing, and keeps its exit code."""
    project.run(f"use(25)\n{end}", expected=3)

    assert project.uses() == 25
    assert project.numbers()["watched"]["ended"] == 1


def test_os_exit(project: Project) -> None:
    """An end that skips everything is seen, and nothing is lost."""
    project.run("use(25)\nos._exit(4)", expected=4)

    assert project.uses() == 25
    assert project.numbers()["watched"]["ended"] == 1


def test_exit_that_no_python_code_sees(project: Project) -> None:
    """What was done before the last interval is kept; that the rest may not be is said."""
    project.run(
        """
        import enforcer, posix
        use(25)
        enforcer.flush()
        use(5)
        posix._exit(4)
    """,
        expected=4,
    )

    assert 25 <= project.uses() <= 30
    assert vanished(project) == SAID


WAITING = """
import signal

{handler}
use(25)
print("ready", flush=True)
while going:
    time.sleep(0.01)
use(5)
"""


@pytest.mark.parametrize(
    ("handler", "uses", "code"),
    [
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(6))", 25, 6),
        ("def stop(*_): going.clear()\nsignal.signal(signal.SIGTERM, stop)", 30, 0),
    ],
    ids=["exits", "sets a flag"],
)
def test_sigterm_with_a_handler(project: Project, handler: str, uses: int, code: int) -> None:
    """Whoever handles the signal ends as it wants, and loses nothing."""
    with project.start(WAITING.format(handler=f"going = [1]\n{handler}")) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        _, error = process.communicate(timeout=PATIENCE)

    assert (process.returncode, error) == (code, "")
    assert project.uses() == uses
    assert project.numbers()["watched"]["ended"] == 1


@pytest.mark.parametrize("handled", [True, False], ids=["sigterm = true", "by default"])
def test_sigterm_without_a_handler(project: Project, handled: bool) -> None:  # noqa: FBT001
    """The signal ends the program, as ever; what it did until then is kept if the map says so."""
    if handled:
        map_file = project.folder / "enforcer.toml"
        map_file.write_text(
            map_file.read_text().replace("[enforcer]", "[enforcer]\nsigterm = true")
        )
    program = WAITING.format(handler="going = [1]")
    with project.start(program, ENFORCER_FLUSH_INTERVAL="3600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        _, error = process.communicate(timeout=PATIENCE)

    assert (process.returncode, error) == (-signal.SIGTERM, "")
    if handled:
        assert project.uses() == 25
        assert project.numbers()["watched"]["ended"] == 1
    else:
        assert not (project.folder / ".enforcer" / "uses.db").exists()  # it had not written yet


def test_sigkill(project: Project) -> None:
    """The program tells its own truth; the store has all of it but for the last interval."""
    with project.start("""
        count = 0
        while True:
            use(10)
            count += 10
            print(count, flush=True)
            time.sleep(0.002)
    """) as process:
        assert process.stdout is not None
        before = int(process.stdout.readline())
        # An interval later it is there, without anybody asking; how much later, a machine decides.
        wait_until(lambda: project.store.exists() and project.uses() > before)
        written = project.uses()
        process.kill()
        output, _ = process.communicate(timeout=PATIENCE)

    told = [int(line) for line in output.splitlines(keepends=True) if line.endswith("\n")]
    assert written <= project.uses() <= told[-1] + 10
    wait_until(lambda: project.numbers()["watched"]["vanished"] == 1)


def test_exit_in_the_middle_of_a_flush(project: Project) -> None:
    """Programs that end just when they would write anyway lose nothing, and don't crash."""
    programs = [
        project.start(f"use(10)\ntime.sleep({0.01 + 0.004 * number})") for number in range(16)
    ]
    for program in programs:
        _, error = program.communicate(timeout=PATIENCE)
        assert (program.returncode, error) == (0, "")

    assert project.uses() == 160
    assert project.numbers()["watched"]["ended"] == 16


@pytest.mark.parametrize("forks", [48, pytest.param(300, marks=pytest.mark.long)])
def test_forks_that_have_no_time_for_their_last_write(project: Project, forks: int) -> None:
    """A use is in the store or counts as lost, on a machine that is too busy to write it."""
    project.run("use(1)")  # there is a store
    output, _ = project.run(
        f"""
        use(76)
        running = 0
        for number in range({forks}):
            if running == 8:
                assert os.wait()[1] == 0
                running -= 1
            if not os.fork():
                use(10)
                sys.exit()
            running += 1
        for number in range(running):
            assert os.wait()[1] == 0
        print(76 + 10 * {forks})
    """,
        ENFORCER_EXIT_TIMEOUT="0.05",  # a second, on a machine that is twenty times as busy
        ENFORCER_FLUSH_INTERVAL="3600",
    )

    assert project.uses() + project.numbers()["dropped"] == 1 + int(output)


def test_many_call_sites_and_no_time_for_the_last_write(project: Project) -> None:
    """So it is with more call sites than can be written by then."""
    project.run("use(1)")  # there is a store
    output, _ = project.run(
        """
        code = compile("import old", __file__, "exec")
        for number in range(20_000):
            exec(code.replace(co_firstlineno=number + 1, co_name=f"site{number}"))
        print(20_000)
    """,
        ENFORCER_EXIT_TIMEOUT="0.2",
        ENFORCER_FLUSH_INTERVAL="3600",
        ENFORCER_MAX_CALL_SITES="50000",
    )

    assert project.uses() + project.numbers()["dropped"] == 1 + int(output)


def test_call_sites_beyond_the_limit(project: Project) -> None:
    """The number of uses is right; the report says that it can't tell all callers apart."""
    sites = "".join(f"def site{number}():\n    import old\n" for number in range(10))
    project.run(
        f"{sites}\nfor number in range(10):\n    for _ in range(4): globals()[f'site{{number}}']()",
        ENFORCER_MAX_CALL_SITES="3",
    )

    assert project.uses() == 40
    assert project.numbers()["other_call_sites"] == 28
    assert "28 uses came from more call sites than a process tells apart" in project.report()


def test_service_is_what_opentelemetry_calls_it(project: Project) -> None:
    """The standard variables win over the map."""
    project.run(
        "use()",
        OTEL_SERVICE_NAME="checkout",
        OTEL_RESOURCE_ATTRIBUTES="service.version=1.2%2B3,deployment.environment.name=prod",
    )

    (service,) = project.numbers()["services"]
    assert (service["service"], service["version"], service["environment"]) == (
        "checkout",
        "1.2+3",
        "prod",
    )


def test_child_that_came_to_stay_watches(project: Project) -> None:
    """A worker that was forked and used nothing yet says all the same that it is there."""
    project.run("""
        import gc, glob, sqlite3
        from tests_patience import wait_until

        def processes():
            store = sqlite3.connect(".enforcer/uses.db")
            try:
                written = store.execute("SELECT count(*) FROM process").fetchone()[0]
                return written + len(glob.glob(".enforcer/uses.db.watched-*"))
            except sqlite3.Error:
                return 0
            finally:
                store.close()

        pid = os.fork()
        if not pid:
            wait_until(lambda: gc.collect() >= 0 and processes() == 2)
            os._exit(0)
        ended, status = 0, None
        while not ended:
            ended, status = os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)
            gc.collect()  # some releases of 3.13 and 3.14 wait for it
        assert status == 0
    """)

    assert project.numbers()["processes"] == 2


def test_interpreters_options_change_nothing(project: Project) -> None:
    """Also where Python looks for leaks, and takes every warning for an error."""
    _, error = project.run("use(9)", "-X", "dev", "-W", "error")

    assert (project.uses(), error) == (9, "")
