"""The walkthrough: from the demo's tree without a map to no legacy import, as its page says."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.demo import APP
from tests.commands import in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows
from tests.patience import PATIENCE, environment_without

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/walkthrough.md").read_text("utf-8")

# Run by the seed's tests as a plugin: they look at the program that was walked through.
PLUGIN = """
import os
from pathlib import Path

import enforcer.demo
import enforcer.demo.testing

enforcer.demo.MAP = Path(os.environ["WALKED"], "enforcer.toml")
enforcer.demo.APP = enforcer.demo.testing.APP = Path(os.environ["WALKED"])


def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(item.module, "IMPLEMENTATION"):
            # The implementation has left the old path, so nothing but the canonical one works.
            item.module.IMPLEMENTATION = item.module.CANONICAL
"""

UNIT = "tests/unit/websocket_ssot_issue960/test_websocket_manager_import_path_ssot.py"
SEED = ("tests/integration/websocket_ssot_issue960", f"{UNIT}::TestImportPathsInStageRemoved")


def environment() -> dict[str, str]:
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = {**environment_without("ENFORCER_"), **identity, "GIT_CONFIG_GLOBAL": "/dev/null"}
    return {**found, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run(command: str, folder: Path) -> str:
    """Run a command of the page by a shell, or in this process where that makes no difference."""
    program, *words = shlex.split(command)
    if program == "enforcer" and words[0] != "run":
        done = in_this_process(words, folder, environment())
    else:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.process
def test_the_page_leads_to_no_legacy_import(tmp_path: Path) -> None:
    """Every command prints what the page shows, and the seed's tests pass in stage removed."""
    folder = tmp_path / "app"
    shutil.copytree(APP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".gitignore").write_text(".enforcer/\n__pycache__/\n*.old\n")
    write_files(PAGE, folder)
    for command in ("git init --quiet", "git add --all", "git commit --quiet -m 'The backend'"):
        run(command, folder)
    for command, shown in (one for block in blocks(PAGE) for one in block):
        output = run(command, folder)
        assert not shown or shows(output, shown), f"{command}\n{output}"

    plugin = tmp_path / "walked_through.py"
    plugin.write_text(PLUGIN)
    words = ["-q", "-p", "no:cacheprovider", "-p", "walked_through", *SEED]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env={**environment(), "WALKED": str(folder), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
