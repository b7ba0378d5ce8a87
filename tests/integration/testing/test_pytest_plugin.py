"""``pytest --enforcer`` on a small project, in runs of its own, alone and with pytest-xdist."""

import os
import shlex
from pathlib import Path
from textwrap import dedent

import pytest

from tests.commands import in_this_process
from tests.integration.testing.runs import (
    BASELINE,
    FILES,
    QUICK,
    SEPARATE,
    Pytest,
    git,
    summary,
    write,
)


@pytest.mark.parametrize("workers", SEPARATE)
def test_clean(run: Pytest, workers: tuple[str, ...]) -> None:
    done = run(*workers)

    assert done.returncode == 0, done.stdout
    assert summary(done) == [
        "call sites by owner of the path: @shop 2",
        "0 new, 2 in the baseline",
    ]


@pytest.mark.parametrize("workers", SEPARATE)
def test_a_new_use_fails_its_test_and_says_what_to_write(
    run: Pytest, project: Path, workers: tuple[str, ...]
) -> None:
    write(project, {"tests/test_new.py": "def test_new():\n    from old import X"})

    done = run(*workers)

    assert done.returncode == 1
    assert "FAILED tests/test_new.py::test_new" in done.stdout
    assert (
        "Write: from new import X [one of each; owner @shop; goes after 2027-03-31]" in done.stdout
    )
    new = "tests/test_new.py:2 in test_new()"
    assert f"new: old by {new}, run by tests/test_new.py::test_new" in summary(done)
    failed = "nothing counts as gone, because tests/test_new.py::test_new is among the failed"
    assert summary(done)[-1] == f"1 new, 2 in the baseline; {failed}"
    assert "enforcer/runtime/imports" not in done.stdout  # the traceback ends at the import


def test_a_dry_run_of_production_refuses_in_tests(run: Pytest, project: Path) -> None:
    """Also in processes that a test starts."""
    dry = "[enforcer]\nrefuse = false\n" + dedent(FILES["enforcer.toml"])
    child = "subprocess.run([sys.executable, '-c', 'from old import X'], check=True)"
    tests = f"""\
        import subprocess, sys
        def test_here():
            from old import X
        def test_there():
            {child}
        """
    write(project, {"enforcer.toml": dry, "tests/test_new.py": tests})

    done = run()

    assert done.returncode == 1
    for name in ("test_here", "test_there"):
        assert f"FAILED tests/test_new.py::{name}" in done.stdout


@pytest.mark.parametrize("workers", SEPARATE)
def test_a_swallowed_refusal_fails_the_test_at_its_end(
    run: Pytest, project: Path, workers: tuple[str, ...]
) -> None:
    """Each test that swallows one, wherever it does; not one that failed for it, or should."""
    gone = '[[rule]]\nlegacy = "gone"\ncanonical = "new"\nstage = "removed"\n'
    write(
        project,
        {
            "enforcer.toml": dedent(FILES["enforcer.toml"]) + gone,
            "tests/test_careful.py": """\
        import pytest
        def careful():
            try:
                import old
            except ImportError:
                return None
        def test_call(): careful()
        def test_again(): careful()
        def test_skipped(): pytest.importorskip("old", exc_type=ImportError)
        @pytest.fixture
        def late():
            yield
            careful()
        def test_late(late): pass
        @pytest.mark.xfail
        def test_expected(): import old
        def test_removed():
            try:
                import gone
            except ImportError: pass
        def test_removed_again(): test_removed()
        def test_another(): pass
        """,
        },
    )

    done = run(*workers)

    assert done.returncode == 1
    assert (
        "LegacyImportError was swallowed: tests/test_careful.py:4 in careful() asked for the "
        'legacy path "old", which moved to "new". Mend it (Write: import new); a test '
        "that expects it has @pytest.mark.expect_refusal (swallowed-refusal)"
    ) in done.stdout
    ended = [line.split(" - ")[0] for line in done.stdout.splitlines() if "Failed: Leg" in line]
    failed = ("test_call", "test_again", "test_removed", "test_removed_again")
    assert set(ended) == {
        *(f"FAILED tests/test_careful.py::{name}" for name in failed),
        *(f"ERROR tests/test_careful.py::{name}" for name in ("test_skipped", "test_late")),
    }
    assert "4 failed, 4 passed, 1 skipped, 1 xfailed, 2 errors" in done.stdout


@pytest.mark.parametrize("workers", SEPARATE)
def test_a_stale_entry_leaves_the_baseline_or_fails_in_ci(
    run: Pytest, project: Path, workers: tuple[str, ...]
) -> None:
    write(project, {"app.py": FILES["app.py"].replace("import old\n", "import new as old\n")})
    file = project / "enforcer-baseline.toml"

    in_ci = run(*workers, CI="true")
    assert in_ci.returncode == 1
    assert "gone: old by app.py in second()" in summary(in_ci)
    command = " ".join(["pytest --enforcer", *QUICK, *workers, "--enforcer-update"])
    take_out = f"Take what is gone out of enforcer-baseline.toml, and commit it: {command}"
    assert take_out in summary(in_ci)
    assert file.read_text() == BASELINE

    assert run(*workers).returncode == 0
    assert "second" not in file.read_text()
    assert run(*workers, CI="true").returncode == 0


def test_an_update_is_made_where_it_is_asked_for(run: Pytest, project: Path) -> None:
    write(project, {"app.py": FILES["app.py"].replace("import old\n", "import new as old\n")})

    assert run("--enforcer-update", CI="true").returncode == 0
    assert "second" not in (project / "enforcer-baseline.toml").read_text()


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (("-k", "first"), "some tests were deselected"),
        (("-k", "first", "-n", "2"), "some tests were deselected"),
        (("tests/test_app.py",), "a part of the tests was named"),
        (("tests/test_app.py", "-n", "2"), "a part of the tests was named"),
        (("--deselect", "tests/test_app.py::test_second"), "some tests were deselected"),
        (("--ignore", "tests/test_none.py"), "some files were left out"),
    ],
)
def test_a_part_of_the_tests_makes_nothing_stale(
    run: Pytest, project: Path, part: tuple[str, ...], why: str
) -> None:
    write(project, {"app.py": FILES["app.py"].replace("import old\n", "import new as old\n")})

    done = run(*part, CI="true")

    assert done.returncode == 0, done.stdout
    assert summary(done)[-1].endswith(f"; nothing counts as gone, because {why}")
    assert (project / "enforcer-baseline.toml").read_text() == BASELINE


@pytest.mark.parametrize(
    "body",
    [
        "import pytest\n@pytest.mark.skip\ndef test_it(): pass",
        "import pytest\npytest.skip('all', allow_module_level=True)",
        "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False",
    ],
)
def test_a_skipped_test_makes_nothing_stale(run: Pytest, project: Path, body: str) -> None:
    write(project, {"app.py": FILES["app.py"].replace("import old\n", "import new as old\n")})
    write(project, {"tests/test_skipped.py": body})

    assert run(CI="true").returncode == 0


@pytest.mark.parametrize("word", ["--collect-only", "--fixtures", "--setup-plan"])
def test_what_runs_no_tests_makes_nothing_stale(run: Pytest, project: Path, word: str) -> None:
    assert run(word).returncode == 0
    assert (project / "enforcer-baseline.toml").read_text() == BASELINE


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "pytest.exit('enough', 0)"])
def test_a_run_that_is_stopped_makes_nothing_stale(run: Pytest, project: Path, end: str) -> None:
    tests = f"import app, pytest\ndef test_first(): app.first()\ndef test_stop(): {end}\n"
    write(project, {"tests/test_app.py": f"{tests}def test_second(): app.second()\n"})

    done = run()

    assert "1 passed" in done.stdout
    assert (project / "enforcer-baseline.toml").read_text() == BASELINE


def test_a_plugin_that_keeps_tests_to_itself_makes_nothing_stale(
    run: Pytest, project: Path
) -> None:
    """As those do that split a suite into shards."""
    hook = "def pytest_collection_modifyitems(items): del items[1:]\n"
    write(project, {"conftest.py": hook})

    done = run(CI="true")

    assert done.returncode == 0, done.stdout
    assert summary(done)[-1].endswith("because some tests were left out")


def test_what_somebody_wrote_meanwhile_stays(run: Pytest, project: Path) -> None:
    """The baseline is read again before it shrinks."""
    more = BASELINE.replace(
        "]\n", '  { path = "old", file = "x.py", function = "f", kind = "call" },\n]\n'
    )
    write(
        project,
        {
            "app.py": FILES["app.py"].replace("import old\n", "import new as old\n"),
            "tests/test_write.py": f"""\
        import pathlib
        def test_write(): pathlib.Path("enforcer-baseline.toml").write_text({more!r})
        """,
        },
    )

    assert run().returncode == 0
    left = (project / "enforcer-baseline.toml").read_text()
    assert "x.py" in left
    assert "second" not in left


def test_more_call_sites_than_the_baseline_has(run: Pytest, project: Path) -> None:
    more = FILES["app.py"].replace("import old\n", "import old\n            import old as o\n")
    write(project, {"app.py": more})

    done = run()

    assert done.returncode == 1
    assert "more than the baseline has: old by app.py:5 in second(), app.py:6 in second()" in (
        summary(done)
    )


def test_the_baseline_survives_moved_lines(run: Pytest, project: Path) -> None:
    write(project, {"app.py": "'''A page of words.'''\n\n\n\n" + dedent(FILES["app.py"])})

    assert run(CI="true").returncode == 0


def test_the_baseline_survives_a_renamed_file(run: Pytest, project: Path) -> None:
    git(project, "init", "--quiet")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    git(project, "mv", "app.py", "shop.py")
    write(project, {"tests/test_app.py": FILES["tests/test_app.py"].replace("app", "shop")})

    done = run(CI="true")

    assert done.returncode == 0, done.stdout
    assert summary(done)[-1] == "0 new, 2 in the baseline"


def test_two_shards_are_one_run_for_the_gate(run: Pytest, project: Path) -> None:
    """Each has seen a part; together they have seen all that the baseline has."""
    for name in ("first", "second"):
        assert run("-k", name, "--enforcer-record", f"{name}.json").returncode == 0
    records = ["--record", "first.json", "--record", "second.json"]

    def say(*words: str) -> str:
        return in_this_process(["gate", *words, "--complete"], project, os.environ).stdout

    assert say(*records) == "gate open: 0 findings, 2 in the baseline\n"
    assert "(stale-entry)" in say(*records[:2])


@pytest.mark.parametrize("workers", SEPARATE)
def test_the_marker_allows_a_path_until_its_day(
    run: Pytest, project: Path, workers: tuple[str, ...]
) -> None:
    write(
        project,
        {
            "tests/test_marked.py": """\
        import pytest
        def use():
            import old
        @pytest.mark.allow_legacy("old", reason="later", until="2999-12-31")
        def test_allowed(): use()
        @pytest.mark.allow_legacy("old", reason="later", until="2020-12-31")
        def test_expired(): use()
        def test_unmarked(): use()
        """
        },
    )

    done = run(*workers)

    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert {line.split("::")[1].split()[0] for line in failed} == {"test_expired", "test_unmarked"}
    assert '@pytest.mark.allow_legacy("old") ended on 2020-12-31' in done.stdout


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"old"', 'write allow_legacy("package.old", reason="…")'),
        ('"odl", reason="x"', 'no rule has the path "odl". Write "old".'),
        ('"old", reason="x", until="soon"', '"soon" is not a day'),
    ],
)
def test_a_wrong_marker_is_named(run: Pytest, project: Path, marker: str, said: str) -> None:
    source = f"import pytest\n@pytest.mark.allow_legacy({marker})\ndef test_it(): pass\n"
    write(project, {"tests/test_marked.py": source})

    done = run()

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr
    assert "(bad-marker)" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_fixture_shows_a_tests_own_uses(run: Pytest, project: Path) -> None:
    write(
        project,
        {
            "tests/test_uses.py": """\
        import app, pytest, enforcer
        def test_uses(legacy_uses):
            assert legacy_uses.count == 0
            app.first(), app.first(), app.second()
            assert (legacy_uses.count, legacy_uses.paths) == (3, {"old"})
            assert sorted(use.count for use in legacy_uses.all) == [1, 2]
        def test_refused(legacy_uses):
            with pytest.raises(enforcer.LegacyImportError):
                import old
            assert [use.site.line for use in legacy_uses.refused] == [9]
        """
        },
    )

    done = run()

    assert "FAILED" not in done.stdout, done.stdout


def test_uses_belong_to_conftest_collection_and_fixtures(run: Pytest, project: Path) -> None:
    """Without a baseline, and in a stage that refuses nothing."""
    (project / "enforcer-baseline.toml").unlink()
    write(
        project,
        {
            "tests/conftest.py": "import old\nimport pytest\n@pytest.fixture(scope='session')\n"
            "def shop():\n    import old\n    return old.X",
            "tests/test_parts.py": "import old\ndef test_it(shop): assert shop == 1\n",
        },
    )

    done = run("--enforcer-stage", "alias", "-v")

    assert summary(done)[-1] == "0 new, 5 not refused"


@pytest.mark.parametrize("workers", SEPARATE)
def test_a_use_belongs_to_the_fixture_or_the_collection_that_made_it(
    run: Pytest, project: Path, workers: tuple[str, ...]
) -> None:
    write(
        project,
        {
            "tests/conftest.py": "import pytest\n@pytest.fixture(scope='session')\n"
            "def shop():\n    import old\n",
            "tests/test_fixture.py": "def test_it(shop): pass\n",
            "tests/test_module.py": "import old\ndef test_it(): pass\n",
        },
    )

    lines = summary(run(*workers, "--continue-on-collection-errors"))

    place = "tests/conftest.py:4 in shop()"
    assert f"new: old by {place}, run by fixture shop (session)" in lines
    assert "new: old by tests/test_module.py:1, run by collection" in lines


def test_an_exemption_of_the_map_ends_on_its_day(run: Pytest, project: Path) -> None:
    (project / "enforcer-baseline.toml").unlink()
    for until, code in (("2999-12-31", 0), ("2020-12-31", 1)):
        exemption = f'path = "old", caller = "app.py", until = {until}, reason = "x"'
        allow = f"[enforcer]\nallow = [{{ {exemption} }}]\n"
        (project / "enforcer.toml").write_text(allow + dedent(FILES["enforcer.toml"]))

        done = run()

        assert done.returncode == code, done.stdout
        assert ("0 new, 2 allowed" in done.stdout) == (code == 0)


def test_a_conftest_that_is_refused_is_an_error(run: Pytest, project: Path) -> None:
    """Collection fails as a whole, and the reason can be read."""
    write(project, {"tests/conftest.py": "import old\n"})

    done = run()

    assert done.returncode != 0
    assert "it moved to" in done.stdout + done.stderr


def test_a_process_that_a_test_starts_is_seen(run: Pytest, project: Path) -> None:
    write(
        project,
        {
            "tests/test_child.py": """\
        import subprocess, sys
        def test_child():
            done = subprocess.run([sys.executable, "-c", "import app; app.first(); import old"])
            assert done.returncode == 1
        """
        },
    )

    done = run()

    test = "tests/test_child.py::test_child"
    ran = f"run by {test}, in a process that it started"
    assert f"new: old by tests/test_child.py in test_child(), {ran}" in summary(done)
    assert done.returncode == 1


@pytest.mark.parametrize("workers", SEPARATE)
def test_forked_children_are_seen(run: Pytest, project: Path, workers: tuple[str, ...]) -> None:
    """What only a child uses is not gone, and what it swallows is new."""
    write(
        project,
        {
            "tests/test_app.py": """\
        import multiprocessing, os
        import app
        def careful():
            try:
                import old
            except ImportError:
                return None
        def forked(target):
            child = multiprocessing.get_context("fork").Process(target=target)
            child.start()
            child.join()
            assert child.exitcode == 0
        def test_first(): forked(app.first)
        def test_second(): forked(app.second)
        def test_careful(): forked(careful)
        """
        },
    )

    done = run(*workers, CI="true")

    ran = "run by tests/test_app.py::test_careful, in a process that it started"
    assert summary(done)[0] == f"new: old by tests/test_app.py:5 in careful(), {ran}"
    assert "1 new, 2 in the baseline" in summary(done)
    assert done.returncode == 1


def test_a_child_that_was_killed_may_have_used_more(run: Pytest, project: Path) -> None:
    write(
        project,
        {
            "tests/test_app.py": """\
        import subprocess, sys, time
        def test_server():
            code = "import app, enforcer; app.first(); enforcer.flush(); print(flush=True); input()"
            command = [sys.executable, "-c", code]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            with subprocess.Popen(command, **pipes) as child:
                child.stdout.readline()
                child.kill()
        """
        },
    )

    done = run(CI="true")

    assert done.returncode == 0, done.stdout
    why = "a process that a test started was killed, or still runs"
    assert summary(done)[-1] == f"0 new, 1 in the baseline; nothing counts as gone, because {why}"


def test_a_plugin_that_is_named_comes_before_the_enforcer(run: Pytest, project: Path) -> None:
    """Unless the environment enables it."""
    write(project, {"shopping.py": "import old\n"})
    variables = {"PYTHONPATH": str(project), "ENFORCER_MAP": str(project / "enforcer.toml")}

    assert "No module named 'old'" in run("-p", "shopping", PYTHONPATH=str(project)).stderr
    expected = "0 new, 2 in the baseline, 1 not refused"
    assert summary(run("-p", "shopping", **variables))[-1] == expected
    # The reporter of a process that starts slowly writes before pytest begins.
    write(project, {"shopping.py": "import old, enforcer\nenforcer.flush()\n"})
    assert summary(run("-p", "shopping", **variables))[-1] == expected
    strict = run("-p", "shopping", **variables, ENFORCER_STAGE="at-least:strict")
    assert 'it moved to "new". Write: import new' in strict.stderr


def test_the_first_run_says_how_to_make_a_baseline(run: Pytest, project: Path) -> None:
    """And the commands that it gives do that."""
    (project / "enforcer-baseline.toml").unlink()

    said = summary(run())
    at = said.index("There is no enforcer-baseline.toml. To tolerate what there is today:")
    first, second = (shlex.split(line) for line in said[at + 1 : at + 3])
    assert first[:2] == ["pytest", "--enforcer"]
    assert run(*first[2:]).returncode == 0
    assert second[0] == "enforcer"
    assert in_this_process(second[1:], project, os.environ).returncode == 0

    assert run(CI="true").returncode == 0


def test_a_record_that_can_not_be_written(run: Pytest, project: Path) -> None:
    done = run("--enforcer-record", str(project / "app.py" / "run.json"))

    assert done.returncode == 1
    assert "(record-unwritable)" in " ".join(summary(done))
    assert "Traceback" not in done.stdout + done.stderr


def test_its_own_modules_are_as_they_are_everywhere_else(run: Pytest, project: Path) -> None:
    """Not rewritten by pytest; and that the environment enabled it earlier is no warning."""
    test = """\
        import sys
        def test_modules():
            own = [each for name, each in sys.modules.items() if name.startswith("enforcer.")]
            assert len(own) > 10
            late = [each for each in own if not each.__name__.startswith("enforcer.testing")]
            assert not [each for each in late if "@pytest_ar" in vars(each)]
        """
    write(project, {"tests/test_modules.py": test})
    strict = ("-W", "error::pytest.PytestAssertRewriteWarning")

    for variables in ({}, {"ENFORCER_MAP": str(project / "enforcer.toml")}):
        done = run(*strict, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout


def test_off_it_does_nothing(run: Pytest) -> None:
    done = run(is_on=False)

    assert done.returncode == 1
    assert "No module named 'old'" in done.stdout
    assert "legacy import paths" not in done.stdout


def test_the_ini_file_can_turn_it_on(run: Pytest, project: Path) -> None:
    (project / "pytest.ini").write_text(f"{FILES['pytest.ini']}enforcer = true\n")
    done = run(is_on=False)

    assert done.returncode == 0, done.stdout
    assert "0 new, 2 in the baseline" in done.stdout


@pytest.mark.parametrize(
    "words", [("--import-mode=importlib",), ("--pyargs", "tests"), ("-p", "no:terminal")]
)
def test_other_ways_to_run(run: Pytest, words: tuple[str, ...]) -> None:
    assert run(*words).returncode == 0


def test_unittest_doctest_and_async_tests(run: Pytest, project: Path) -> None:
    write(
        project,
        {
            "tests/test_kinds.py": """\
        import asyncio, unittest
        class TestIt(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                import old
        def documented():
            '''
            >>> import old
            '''
        """
        },
    )

    done = run("--doctest-modules")

    assert "FAILED tests/test_kinds.py::TestIt::test_it" in done.stdout
    assert "FAILED tests/test_kinds.py::test_kinds.documented" in done.stdout


@pytest.mark.parametrize(
    ("name", "text", "slug"),
    [
        ("enforcer-baseline.toml", "version = 1\n<<<<<<< HEAD\n", "baseline-conflict"),
        ("enforcer.toml", '[[rule]]\nlegacy = "old"\n', "missing-key"),
    ],
)
def test_a_broken_file_is_one_message(
    run: Pytest, project: Path, name: str, text: str, slug: str
) -> None:
    (project / name).write_text(text)

    done = run()

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"({slug})" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (project / name).read_text() == text
