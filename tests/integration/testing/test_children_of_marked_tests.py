"""What a test's markers say holds for the processes that the test starts."""

import json
from pathlib import Path

import pytest

from tests.integration.testing.runs import Pytest, summary, write

WORKER = """\
    import multiprocessing, subprocess, sys
    def use():
        import old
    def use_and_pass():
        try:
            import old
        except ImportError:
            pass
    def run(start, target):
        if start == "subprocess":
            words = [sys.executable, "-c", f"import worker; worker.{target.__name__}()"]
            return subprocess.run(words).returncode
        child = multiprocessing.get_context(start).Process(target=target)
        child.start()
        child.join()
        return child.exitcode
    """
STARTS = ("subprocess", "fork", "spawn", "forkserver")


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
@pytest.mark.parametrize("start", STARTS)
def test_children_may_use_what_their_test_may(
    run: Pytest, project: Path, start: str, workers: tuple[str, ...]
) -> None:
    """Also where an earlier test, which may not, started the server that forks them."""
    write(
        project,
        {
            "worker.py": WORKER,
            "tests/test_children.py": f"""\
        import pytest, worker
        @pytest.mark.expect_refusal
        def test_refused(): assert worker.run("{start}", worker.use) == 1
        @pytest.mark.allow_legacy("old", reason="later")
        def test_allowed(): assert worker.run("{start}", worker.use) == 0
        @pytest.mark.expect_refusal("old")
        def test_expected(): assert worker.run("{start}", worker.use_and_pass) == 0
        @pytest.mark.allow_legacy("older", reason="another path")
        @pytest.mark.expect_refusal("old")
        def test_another_path(): assert worker.run("{start}", worker.use) == 1
        def test_without_marker(): assert worker.run("{start}", worker.use_and_pass) == 0
        """,
        },
    )
    text = (project / "enforcer.toml").read_text()
    (project / "enforcer.toml").write_text(f'{text}[[rule]]\nlegacy = "older"\ncanonical = "new"\n')

    done = run("--enforcer-record", "run.json", *workers)

    ran = "tests/test_children.py::"
    assert done.returncode == 1
    assert " failed" not in done.stdout, done.stdout
    new = [line.partition(ran)[2] for line in summary(done) if line.startswith("new: ")]
    assert new == ["test_without_marker, in a process that it started"], done.stdout
    sites = json.loads((project / "run.json").read_text())["sites"]
    seen = [(one["outcome"], one["excuse"]) for one in sites if one["function"] == "use"]
    assert seen == [("blocked", "expected")]
