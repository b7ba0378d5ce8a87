"""The pages about the plan and the digest show what the commands print, in their order."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import in_a_process, in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows

ROOT = Path(__file__).resolve().parents[3]


def commands_of(page: str, folder: Path) -> list[tuple[str, list[str]]]:
    write_files(page, folder)
    (folder / ".git").mkdir()
    return [command for block in blocks(page) for command in block]


def run(command: str, folder: Path, environ: dict[str, str]) -> str:
    program, *words = command.split()
    if program == "enforcer":
        execute = in_a_process if words[0] == "run" else in_this_process
        return execute(words, folder, environ).stdout
    return subprocess.check_output(["sh", "-c", command], cwd=folder, text=True)  # noqa: S607


@pytest.mark.process
def test_plan(tmp_path: Path, environ: dict[str, str]) -> None:
    commands = commands_of((ROOT / "docs" / "plan.md").read_text("utf-8"), tmp_path)
    assert len(commands) == 5
    for command, shown in commands:
        output = run(command, tmp_path, environ)
        assert shows(output, [line for line in shown if line]), (command, output)


@pytest.mark.process
def test_digest(tmp_path: Path, environ: dict[str, str]) -> None:
    ((command, shown),) = commands_of((ROOT / "docs" / "digest.md").read_text("utf-8"), tmp_path)
    (tmp_path / "CODEOWNERS").write_text("orders.py @web @mobile\n")
    run("enforcer run -- orders.py", tmp_path, environ)
    output = run(command, tmp_path, environ)
    assert shows(output, [line for line in shown if line]), output
