"""The page about retiring shows what the commands print, in their order."""

import subprocess
from pathlib import Path

from enforcer.rules.model import Rule
from tests.commands import in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows
from tests.unit.cli.test_retire_command import git, silence

ROOT = Path(__file__).resolve().parents[3]


def test_page(tmp_path: Path, environ: dict[str, str]) -> None:
    page = (ROOT / "docs" / "retire.md").read_text("utf-8")
    write_files(page, tmp_path)
    (tmp_path / ".gitignore").write_text(".enforcer/\n")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "all")):
        git(tmp_path, *words)
    silence(tmp_path, rules=[Rule("shop.old_cart", "shop.cart", stage="strict")])
    commands = [command for block in blocks(page) for command in block]
    assert len(commands) == 4
    for command, shown in commands:
        program, *words = command.split()
        if program == "enforcer":
            output = in_this_process(words, tmp_path, environ).stdout
        else:
            output = subprocess.check_output([program, *words], cwd=tmp_path, text=True)
        lines = [line for line in shown if line]
        assert shows(output, lines), (command, output)
