"""Uses without a frame of own code: they belong to the running test, on every machine alike."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.testing.runs import BASELINE, FILES, Pytest, git, summary, write

MANY_WAYS = """\
    import concurrent.futures as pools, multiprocessing, subprocess, sys
    from importlib import import_module
    from unittest import mock
    import pytest

    @mock.patch("old.X")
    def test_decorated(_patched): pass
    class TestClass:
        @pytest.mark.parametrize("number", [1, 2])
        @mock.patch("old.X")
        def test_method(self, _patched, number): pass
    @pytest.fixture
    @mock.patch("old.X")
    def decorated_fixture(_patched): pass
    def test_fixture(decorated_fixture): pass
    def test_thread():
        with pools.ThreadPoolExecutor() as pool:
            pool.submit(import_module, "old").result()
    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_process(method):
        context = multiprocessing.get_context(method)
        with pools.ProcessPoolExecutor(mp_context=context) as pool:
            pool.submit(import_module, "old").result()
    def test_text():
        exec("import old")
    def test_child():
        subprocess.run([sys.executable, "-c", "import old"], check=True)
    def test_written(tmp_path, monkeypatch):
        (tmp_path / "written.py").write_text("import old")
        monkeypatch.syspath_prepend(tmp_path)
        import written
"""
OWNERS = {
    "TestClass.test_method",
    "decorated_fixture",
    "test_child",
    "test_decorated",
    "test_process",
    "test_text",
    "test_thread",
    "test_written",
}


def sites(folder: Path) -> list[dict[str, Any]]:
    """Give what a run wrote to its record."""
    document = json.loads((folder / "run.json").read_text())
    return [site for site in document["sites"] if site["file"] != "app.py"]


def record(run: Pytest, project: Path, *words: str, **variables: str) -> list[dict[str, Any]]:
    done = run("--enforcer-stage", "alias", "--enforcer-record", "run.json", *words, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return sites(project)


@pytest.mark.parametrize("words", [(), ("-n", "2"), ("--import-mode=importlib",)])
def test_a_use_without_own_code_belongs_to_the_running_test(
    run: Pytest, project: Path, words: tuple[str, ...]
) -> None:
    """By threads, by processes of each start method, and by code that is in no file."""
    write(project, {"tests/test_ways.py": MANY_WAYS})

    seen = record(run, project, *words, PYTHONPATH=str(project))

    assert {(site["file"], site["function"]) for site in seen} == {
        ("tests/test_ways.py", function) for function in OWNERS
    }


def test_strict_lets_through_one_decorated_test_and_no_other(run: Pytest, project: Path) -> None:
    """The file of ``unittest.mock`` in a baseline let everybody through."""
    write(
        project,
        {
            "enforcer-baseline.toml": BASELINE.replace(
                "]\n",
                '{ path = "old", file = "tests/test_one.py", function = "test_mock", '
                'kind = "import_module" }]\n',
            ),
            **{
                f"tests/test_{name}.py": "from unittest import mock\n"
                '@mock.patch("old.X")\ndef test_mock(_): pass\n'
                for name in ("one", "other")
            },
        },
    )

    done = run()

    assert "FAILED tests/test_other.py::test_mock" in done.stdout
    assert "FAILED tests/test_one.py" not in done.stdout
    other = "tests/test_other.py:2 in test_mock()"
    assert f"new: old by {other}, run by tests/test_other.py::test_mock" in summary(done)


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize("target", ["pack.old.X", "pack.new:Old"])
def test_monkeypatch_by_a_path_is_a_use_whatever_was_loaded(
    run: Pytest,
    project: Path,
    target: str,
    is_loaded: bool,  # noqa: FBT001 - a parameter
) -> None:
    rules = """\
        [[rule]]
        legacy = "pack.old"
        canonical = "pack.new"
        [[rule]]
        legacy = "pack.new:Old"
        canonical = "pack.new:X"
        """
    path = target.replace(":", ".")
    write(
        project,
        {
            "enforcer.toml": rules,
            "pack/__init__.py": "",
            "pack/new.py": "X = 1",
            "tests/test_app.py": f"""\
        def test_loaded():
            if {is_loaded}:
                import pack.old
        def test_patch(monkeypatch): monkeypatch.setattr("{path}", int)
        """,
        },
    )

    seen = record(run, project)

    functions = {site["function"]: site for site in seen}
    patched = functions["test_patch"]
    assert patched["path"] == target.removesuffix(".X")
    assert (patched["file"], patched["kind"]) == ("tests/test_app.py", "import_module")
    assert ("test_loaded" in functions) == is_loaded


@pytest.mark.parametrize("has_git", [True, False])
def test_files_outside_of_the_root_have_names_that_hold_everywhere(
    run: Pytest,
    project: Path,
    has_git: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Relative to the root like all others, so that no two files have one name."""
    (project / "enforcer-baseline.toml").unlink()
    (project / "app.py").unlink()
    inside = {"backend/app.py": FILES["app.py"], "backend/new.py": "X = 1"}
    write(
        project,
        {
            **inside,
            "enforcer.toml": '[enforcer]\nroot = "backend"\n'
            + FILES["enforcer.toml"].replace("        ", ""),
            "pytest.ini": "[pytest]\ntestpaths = tests\npythonpath = backend\n",
            "tests/test_direct.py": """\
        from unittest import mock
        import helper
        def test_it(): import old
        @mock.patch("old.X")
        def test_patched(_): pass
        def test_helped(): helper.use()
        """,
            "tests/helper.py": "def use(): import old\n",
        },
    )
    if has_git:
        git(project, "init", "--quiet")

    seen = record(run, project, PYTHONPATH=str(project / "tests"))

    assert {(site["file"], site["function"]) for site in seen} == {
        ("../tests/test_direct.py", "test_it"),
        ("../tests/test_direct.py", "test_patched"),
        ("../tests/helper.py", "use"),
    }
