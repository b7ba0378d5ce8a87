"""Every command that writes JSON has ``--json``, beside ``--format json`` where that is there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from enforcer.cli.main import SUMMARIES, load, main


def commands(
    some: Mapping[str, click.Command], *names: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in some.items():
        if isinstance(command, click.Group):
            yield from commands(command.commands, *names, name)
        else:
            yield (*names, name), command


COMMANDS = dict(commands({name: load(name) for name in SUMMARIES}))


def options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_who_has_formats_has_json_too() -> None:
    with_formats = {name for name, one in COMMANDS.items() if "--format" in options(one)}
    with_json = {name for name, one in COMMANDS.items() if "--json" in options(one)}
    assert with_formats <= with_json
    assert {("demo",), ("store", "check"), ("check",)} <= with_json


@pytest.mark.process
@pytest.mark.parametrize("name", [("check",), ("gate",), ("status",), ("telemetry", "status")])
def test_both_spellings_write_the_same(
    name: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "json"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENFORCER_MAP", raising=False)

    def written(*words: str) -> str:
        return CliRunner().invoke(main, [*name, *words]).output

    assert written("--json").startswith("{")
    assert written("--json") == written("--format", "json") != written()
    assert written("--json", "--format", "text") == written()
