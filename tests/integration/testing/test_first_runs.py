"""Runs that end early, or that were asked for in a wrong way, say what to do."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands import in_this_process
from tests.integration.testing.runs import Pytest, write


def test_a_conftest_that_is_refused_ends_with_a_summary(run: Pytest, project: Path) -> None:
    (project / "enforcer-baseline.toml").unlink()
    write(project, {"tests/conftest.py": "import old\n"})

    done = run("--enforcer-record", "run.json")

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    before = "run by what came before the tests"
    assert f"new: old by tests/conftest.py:1, {before}" in done.stderr
    assert "There is no enforcer-baseline.toml. To tolerate what there is today:" in done.stderr
    [site] = json.loads((project / "run.json").read_text())["sites"]
    assert (site["file"], site["outcome"]) == ("tests/conftest.py", "blocked")


def test_a_wrong_stage_is_the_options(run: Pytest, project: Path) -> None:
    said = run("--enforcer-stage", "at-least:stric").stderr
    assert "--enforcer-stage: " in said
    assert "environment variable" not in said

    write(project, {"pytest.ini": "[pytest]\nenforcer_stage = stric\n"})
    assert "enforcer_stage in the ini file: " in run().stderr


def test_a_record_of_a_run_without_the_enforcer(run: Pytest) -> None:
    done = run("-o", "enforcer=false", "--enforcer-record", "run.json", is_on=False)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--enforcer-record does nothing without --enforcer" in done.stderr


def test_hints_repeat_the_runs_map(run: Pytest, project: Path) -> None:
    (project / "enforcer-baseline.toml").unlink()
    (project / "enforcer.toml").rename(project / "own.toml")

    done = run("--enforcer-map", "own.toml")

    update = "enforcer baseline update --record run.json --allow-new --map own.toml"
    assert f"  {update}\n" in done.stdout


@pytest.mark.parametrize("is_new", [True, False])
def test_a_run_without_tests_makes_no_baseline(run: Pytest, project: Path, *, is_new: bool) -> None:
    """It saw nothing that tests use: an empty baseline, or an open gate, would be good news."""
    file = project / "enforcer-baseline.toml"
    if is_new:
        file.unlink()
    before = None if is_new else file.read_text()
    write(project, {"tests/test_broken.py": "import nowhere\n"})
    done = run("--enforcer-stage", "alias", "--enforcer-record", "run.json")
    assert done.returncode != 0

    update = enforcer(project, "baseline", "update", "--record", "run.json", "--allow-new")
    gate = enforcer(project, "gate", "--record", "run.json")

    for refused in (update, gate):
        assert refused.returncode == 2
        assert 'no test ran when "run.json" was recorded: ' in refused.stderr
        assert "tests/test_broken.py failed" in refused.stderr
    assert (file.read_text() if file.exists() else None) == before

    options = ("--continue-on-collection-errors", "--enforcer-record", "run.json")
    run("--enforcer-stage", "alias", *options)
    update = enforcer(project, "baseline", "update", "--record", "run.json", "--allow-new")
    assert update.returncode == 0, update.stderr
    assert file.read_text().count("path =") == 2


def enforcer(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return in_this_process(words, folder, os.environ)


def test_a_run_in_safe_mode_proves_nothing(run: Pytest, project: Path) -> None:
    """Its tests run, and its record is evidence for no gate."""
    (project / "enforcer.off").touch()

    done = run("--enforcer-record", "run.json")

    assert done.returncode == pytest.ExitCode.OK
    why = f'because the run was in safe mode: "{project / "enforcer.off"}" is there'
    assert f"0 new; nothing counts as gone, {why}" in done.stdout
    record = json.loads((project / "run.json").read_text())
    assert (record["is_complete"], record["sites"]) == (False, [])
    gate = in_this_process(("gate", "--record", "run.json", "--complete"), project, {})
    assert gate.returncode == 2
    assert "tests ran in safe mode" in gate.stderr
