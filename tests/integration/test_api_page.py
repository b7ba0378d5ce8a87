"""docs/api.md lists all that users import, and its examples do what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import enforcer
import enforcer.report
from tests import examples
from tests.installing import PROJECT
from tests.pages import blocks, shows
from tests.patience import PATIENCE

PAGE = PROJECT / "docs" / "api.md"
TEXT = PAGE.read_text("utf-8")
PUBLIC = [
    *enforcer.__all__,
    *enforcer.report.__all__,
    "EnforcerInstrumentor",
    "allow_legacy",
    "enable_from_environment",
    "expect_refusal",
    "legacy_uses",
]


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ENFORCER_")}
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Write the page's program, and return its folder."""
    examples.write_files(TEXT, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_is_described_and_used_in_an_example(name: str) -> None:
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    code = "".join(re.findall(r"```.*?```", TEXT, re.DOTALL))

    assert re.search(rf"`{name}[`(]", prose)
    assert re.search(rf"\b{name}\b", code)


@pytest.mark.process
def test_examples_show_what_the_page_does(tmp_path: Path) -> None:
    done = run(tmp_path, sys.executable, examples.__file__, str(PAGE))

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.process
def test_tests_of_the_page_pass_in_strict_mode(program: Path) -> None:
    """The command of the page, without the plugins of this run."""
    ((command, _),) = next(block for block in blocks(TEXT) if "pytest" in block[0][0])
    done = run(program, sys.executable, *command.split()[1:], "-p", "no:cacheprovider")

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert "1 refused as expected" in done.stdout


@pytest.mark.process
def test_folder_at_start_enables(program: Path) -> None:
    ((command, shown),) = next(block for block in blocks(TEXT) if "at_start" in block[0][0])
    command = command.removesuffix("python app.py")
    done = run(program, "sh", "-c", f"{command} '{sys.executable}' app.py", PACKAGES=str(PROJECT))

    assert shows(done.stdout, shown), done.stdout
