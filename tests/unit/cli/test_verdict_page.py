"""The page about verdicts shows what the command prints, and lists the verdicts in their order."""

import re
from pathlib import Path

import pytest

from enforcer.verdict.model import ANSWERS
from enforcer.verdict.words import CONDITIONS
from tests.commands import in_a_process, in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "verdict.md").read_text("utf-8")


@pytest.mark.process
def test_examples(tmp_path: Path, environ: dict[str, str]) -> None:
    write_files(PAGE, tmp_path)
    commands = [command for block in blocks(PAGE) for command in block]
    assert len(commands) == 3
    for command, shown in commands:
        words = command.split()[1:]
        run = in_a_process if words[0] == "run" else in_this_process
        output = run(words, tmp_path, environ).stdout
        assert shows(output, [line for line in shown if line]), (command, output)


def test_the_verdicts_are_those_of_the_code() -> None:
    table = PAGE.split("## The nine verdicts")[1].split("## The six conditions")[0]

    assert re.findall(r"^\| ([^|]+) \| `(\w+)` \|", table, re.MULTILINE) == [
        (words, answer) for answer, words in ANSWERS.items()
    ]


def test_the_conditions_are_those_of_the_code() -> None:
    text = PAGE.split("## The six conditions")[1].split("## In use")[0]

    assert re.findall(r"^\d\. \*\*(\w+)\*\*", text, re.MULTILINE) == list(CONDITIONS.values())
