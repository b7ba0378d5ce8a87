"""Output of the demo: both runs side by side, and the uses of the old paths."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from enforcer.demo import MAP
from enforcer.demo.comparison import Comparison
from enforcer.demo.figures import EVENTS
from enforcer.output.document import BLANK, Document, Line, Table, Words
from enforcer.output.document import as_json as dump
from enforcer.output.words import counted
from enforcer.report.as_json import as_json as report_as_json
from enforcer.report.as_table import document as report

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


def document(comparison: Comparison) -> Document:
    """Yield both runs side by side, and the uses of the old paths."""
    yield from _introduction(comparison)
    yield BLANK
    alone, healed = asdict(comparison.alone), asdict(comparison.healed)
    rows = tuple(
        (words, _figure(key, alone[key], comparison), _figure(key, healed[key], comparison))
        for words, key in _ROWS.items()
    )
    yield Table(("", f">{WITHOUT}", f">{WITH}"), rows)
    yield BLANK
    if comparison.healed.is_sound:
        yield Line("The source is the same in both runs. What heals it is")
        yield Line(f"{_shown(MAP)}.")
    else:
        yield Line("The backend has faults with the enforcer too.", "bold red")
    yield BLANK
    yield Line("Who still uses the old paths:")
    yield BLANK
    yield from report(comparison.report)


@contextmanager
def progress(runs: int) -> Iterator[Callable[[bool], object]]:
    """Show on standard error a bar for each of both backends until the end of the block.

    Args:
        runs: how often agents run in each.

    Yields:
        What to call after each run, with whether the enforcer is enabled.

    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        tasks = [bars.add_task(name, total=runs) for name in (WITHOUT, WITH)]
        yield lambda is_enforced: bars.advance(tasks[is_enforced])


def as_json(comparison: Comparison) -> str:
    """Return the figures of both runs and the report as one JSON document."""
    record = {
        "users": comparison.users,
        "rounds": comparison.rounds,
        "without": comparison.alone,
        "with": comparison.healed,
        "report": json.loads(report_as_json(comparison.report)),
    }
    return dump(record)


def _introduction(comparison: Comparison) -> Document:
    yield Line("A chat backend with six import paths to what should be one WebSocket manager:")
    users, runs = counted(comparison.users, "user"), counted(comparison.rounds, "run")
    yield Line(f"{users} at the same time, {runs} of an agent for each of them,")
    yield Line(f"{len(EVENTS)} events due in each run.")


def _figure(key: str, figure: int, comparison: Comparison) -> Words:
    due = comparison.healed.sent
    sound = {"sent": due, "once": due, "managers": 1}.get(key, 0)
    return ((f"{figure:,}", "green" if figure == sound else "bold red"),)


def _shown(path: Path) -> str:
    """Return a file's path relative to the working directory, if it is below that."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
