"""The page about the plan shows what the commands print, in their order."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import in_a_process, in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.process
def test_page(tmp_path: Path, environ: dict[str, str]) -> None:
    page = (ROOT / "docs" / "plan.md").read_text("utf-8")
    write_files(page, tmp_path)
    (tmp_path / ".git").mkdir()
    commands = [command for block in blocks(page) for command in block]
    assert len(commands) == 5
    for command, shown in commands:
        program, *words = command.split()
        if program == "enforcer":
            run = in_a_process if words[0] == "run" else in_this_process
            output = run(words, tmp_path, environ).stdout
        else:
            output = subprocess.check_output(["sh", "-c", command], cwd=tmp_path, text=True)  # noqa: S607
        assert shows(output, [line for line in shown if line]), (command, output)
