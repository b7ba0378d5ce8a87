"""Only a run of all tests makes entries of the baseline stale, whatever left tests out."""

from pathlib import Path

import pytest

from tests.integration.testing.runs import BASELINE, FILES, Pytest, summary, write

MENDED = FILES["app.py"].replace("import old\n", "import new as old\n")
SPLIT = {
    "app.py": MENDED,
    "tests/test_app.py": "import app\ndef test_first(): assert app.first() == 1\n",
    "tests/more/test_more.py": "import app\ndef test_more(): assert app.first() == 1\n",
}
LEAVE_OUT = """\
def pytest_ignore_collect(collection_path):
    if collection_path.name == "test_more.py":
        return True
"""


@pytest.fixture(autouse=True)
def _mended(project: Path) -> None:
    write(project, {"tests/more/x": "", **SPLIT})


def why(run: Pytest, *words: str, **variables: str) -> str:
    """Give the reason for which a run makes nothing stale; empty if it does."""
    done = run(*words, CI="true", **variables)
    last = next(line for line in summary(done) if line.startswith("0 new"))
    assert done.returncode == (0 if "because" in last else 1), done.stdout
    return last.partition("because ")[2]


def test_a_whole_run(run: Pytest) -> None:
    assert why(run) == ""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
@pytest.mark.parametrize(
    ("conftest", "left_out"),
    [
        ('collect_ignore = ["more"]', "tests/more"),
        ('collect_ignore = ["more/test_more.py"]', "tests/more/test_more.py"),
        ('collect_ignore_glob = ["*_app.py"]', "tests/test_app.py"),
        (LEAVE_OUT, "tests/more/test_more.py"),
    ],
)
def test_what_a_conftest_leaves_out(
    run: Pytest, project: Path, conftest: str, left_out: str, workers: tuple[str, ...]
) -> None:
    write(project, {"tests/conftest.py": f"{conftest}\n"})

    assert why(run, *workers) == f"{left_out} was left out (collect_ignore, or a plugin)"


def test_what_has_no_tests_may_be_left_out(run: Pytest, project: Path) -> None:
    """As ``setup.py`` is in many projects, and folders that no run of the project enters."""
    conftest = 'collect_ignore = ["setup.py", "data", "env", "build"]\n'
    write(
        project,
        {
            "tests/conftest.py": conftest,
            "tests/setup.py": "",
            "tests/data/x.py": "",
            "tests/env/pyvenv.cfg": "",
            "tests/env/test_it.py": "",
            "tests/build/test_it.py": "",
        },
    )

    assert why(run) == ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-o", "testpaths=tests/more"), "an option overrides testpaths"),
        (("-o", "python_files=test_app.py"), "an option overrides python_files"),
        (("-o", "python_functions=test_f*"), "an option overrides python_functions"),
        (("--override-ini", "norecursedirs=more"), "an option overrides norecursedirs"),
        (("-c", "other.ini"), "an option names another configuration (-c other.ini)"),
        (("--noconftest",), "conftest files were left out (--noconftest)"),
        (("-p", "no:unittest"), "a plugin that collects tests is off (-p no:unittest)"),
    ],
)
def test_options_that_choose_tests(
    run: Pytest, project: Path, words: tuple[str, ...], reason: str
) -> None:
    write(project, {"other.ini": "[pytest]\ntestpaths = tests/test_app.py\npythonpath = .\n"})

    assert why(run, *words) == reason


def test_options_of_the_environment(run: Pytest) -> None:
    reason = why(run, PYTEST_ADDOPTS="-o testpaths=tests/more")

    assert reason == "an option overrides testpaths"


def test_a_plugin_that_chooses_tests(run: Pytest, project: Path) -> None:
    """As those do that run what changed."""
    write(project, {"conftest.py": "def pytest_configure(config): config.args[:] = ['tests/more']"})

    assert why(run) == "a plugin chose the tests"


def test_an_ini_file_chooses_for_every_run(run: Pytest, project: Path) -> None:
    """Its patterns are the project's own."""
    write(project, {"pytest.ini": "[pytest]\ntestpaths = tests/*.py\npythonpath = .\n"})

    assert why(run) == ""


def test_entries_of_another_folder(run: Pytest, project: Path) -> None:
    """Whoever stands in a part of the repository runs a part of its tests."""
    write(project, {".git/HEAD": "", "enforcer.toml": FILES["enforcer.toml"]})
    (project / ".git/HEAD").parent.joinpath("x").write_text("")
    outside = BASELINE.replace(
        "]\n", '{ path = "old", file = "../web/x.py", function = "f", kind = "call" }]\n'
    )
    write(project, {"enforcer-baseline.toml": outside})

    assert why(run) == "../web/x.py in the baseline lies outside of this folder"


def test_helpers_of_multiprocessing_are_no_processes_that_still_run(
    run: Pytest, project: Path
) -> None:
    write(
        project,
        {
            "tests/test_pool.py": """\
        import multiprocessing
        def test_pool():
            child = multiprocessing.get_context("spawn").Process(target=print)
            child.start()
            child.join()
        """
        },
    )

    assert why(run) == ""


@pytest.mark.parametrize("way", ["option", "ini"])
def test_stale_entries_may_only_warn(run: Pytest, project: Path, way: str) -> None:
    if way == "ini":
        write(project, {"pytest.ini": f"{FILES['pytest.ini']}enforcer_stale = warn\n"})

    done = run(*(("--enforcer-stale", "warn") if way == "option" else ()), CI="true")

    assert done.returncode == 0
    assert "gone: old by app.py in second()" in summary(done)
    assert (project / "enforcer-baseline.toml").read_text() == BASELINE


def test_a_wrong_word_in_the_ini_file(run: Pytest, project: Path) -> None:
    write(project, {"pytest.ini": f"{FILES['pytest.ini']}enforcer_stale = ignore\n"})

    assert 'enforcer_stale is "ignore" in the ini file. Write fail or warn (bad-option)' in (
        run().stderr
    )


def test_a_map_without_rules_makes_nothing_stale(run: Pytest, project: Path) -> None:
    """As an editor leaves it for a moment: nothing runs, and the baseline keeps its entries."""
    file = project / "enforcer-baseline.toml"
    before = file.read_text()
    write(project, {"enforcer.toml": ""})
    done = run()

    assert done.returncode == 4
    assert "the map has no rules" in done.stderr
    assert file.read_text() == before
