"""Runs that end early, or that were asked for in a wrong way, say what to do."""

import json
from pathlib import Path

import pytest

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
