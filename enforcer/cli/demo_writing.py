"""Output of the demo, as text and as JSON."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from enforcer.demo import MAP
from enforcer.demo.comparing import Comparison
from enforcer.demo.figures import EVENTS
from enforcer.report.as_json import as_json as report_as_json
from enforcer.report.as_table import as_table, can_show
from enforcer.report.words import counted

WITHOUT: Final = "Without the enforcer"
WITH: Final = "With it"

_ROWS: Final = {
    "Events due": "sent",
    "Delivered once": "once",
    "Delivered more than once": "duplicated",
    "Lost": "lost",
    "Delivered to a wrong user": "misdelivered",
    "Managers for each user": "managers",
    "Managers that users share": "shared",
    "Users without one in some service": "unreached",
}
_WIDTH: Final = 80
"""Width of the output if it is not a terminal."""


def as_text(comparison: Comparison, file: TextIO) -> str:
    """Return both runs side by side, and the uses of the old paths.

    Args:
        comparison: the results of both runs.
        file: where the text will go: a terminal gets colours, unless ``NO_COLOR`` is set.

    """
    width = _WIDTH if not file.isatty() and "COLUMNS" not in os.environ else None
    console = Console(file=file, width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(Text(_introduction(comparison)))
        console.print()
        console.print(_table(comparison))
        console.print(_verdict(comparison))
        console.print(Text("\nWho still uses the old paths:\n"))
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
    shown = text if can_show(file, text) else text.replace("─", "-")
    return shown + as_table(comparison.report, file)


def as_json(comparison: Comparison) -> str:
    """Return the figures of both runs and the report as one JSON document."""
    document = {
        "users": comparison.users,
        "rounds": comparison.rounds,
        "without": asdict(comparison.alone),
        "with": asdict(comparison.healed),
        "report": json.loads(report_as_json(comparison.report)),
    }
    return json.dumps(document, indent=2) + "\n"


def _introduction(comparison: Comparison) -> str:
    return (
        "A chat backend with six import paths to what should be one WebSocket manager: "
        f"{counted(comparison.users, 'user')} at the same time, "
        f"{counted(comparison.rounds, 'run')} of an agent for each of them, "
        f"{len(EVENTS)} events due in each run."
    )


def _table(comparison: Comparison) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("")
    for heading in (WITHOUT, WITH):
        table.add_column(heading, justify="right", no_wrap=True)
    alone, healed = asdict(comparison.alone), asdict(comparison.healed)
    for words, key in _ROWS.items():
        sound = _sound(key, comparison)
        figures = (_figure(found[key], sound) for found in (alone, healed))
        table.add_row(words, *figures)
    return table


def _sound(key: str, comparison: Comparison) -> int:
    """Return what a figure should be."""
    due = comparison.healed.sent
    return {"sent": due, "once": due, "managers": 1}.get(key, 0)


def _figure(found: int, sound: int) -> Text:
    return Text(f"{found:,}", style="green" if found == sound else "bold red")


def _verdict(comparison: Comparison) -> Text:
    if comparison.healed.is_sound:
        text = f"\nThe source is the same in both runs. What heals it is {_shown(MAP)}."
        return Text(text)
    return Text("\nThe backend has faults with the enforcer too.", style="bold red")


def _shown(path: Path) -> str:
    """Return a file's path relative to the working directory, if it is below that."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
