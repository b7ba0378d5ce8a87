"""Write a status for people: coloured and wrapped on a terminal, plain lines elsewhere."""

import os
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from enforcer.cli.status_found import Status
from enforcer.cli.status_words import Section, headline, problems, sections
from enforcer.report.as_table import can_show

_MARKS = {"fine": "✓", "tells": "·", "warns": "!", "wrong": "✗"}
_STYLES = {"fine": "green", "tells": "dim", "warns": "yellow", "wrong": "bold red"}
_PLAIN = str.maketrans({"✓": "+", "·": "-", "✗": "x"})


def status_as_text(status: Status, file: TextIO) -> str:
    """Write a status as it suits what it goes to.

    A terminal gets lines of its width, in colours unless ``NO_COLOR`` is set; anything else
    gets plain lines, which are never wrapped, so that they can be searched.

    Args:
        status: what to write.
        file: where the text will go.

    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal or os.environ.get("TERM") == "dumb":
        text = _plain(status)
    else:
        with console.capture() as capture:
            console.print(Text(headline(status), style=f"bold {_colour(status)}"))
            for section in sections(status):
                console.print()
                console.print(Text(section.title, style="bold"))
                console.print(_table(section))
        text = "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
    return text if can_show(file, text) else text.translate(_PLAIN)


def _colour(status: Status) -> str:
    if not status.state.enabled:
        return "red"
    return "yellow" if problems(status) else "green"


def _table(section: Section) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for fact in section.facts:
        mark = Text(f"  {_MARKS[fact.weight]}", style=_STYLES[fact.weight])
        table.add_row(mark, Text(fact.text))
    return table


def _plain(status: Status) -> str:
    lines = [headline(status)]
    for section in sections(status):
        lines += ["", section.title]
        for fact in section.facts:
            first, *rest = fact.text.splitlines()
            lines.append(f"  {_MARKS[fact.weight]} {first}")
            lines += [f"    {line}" for line in rest]
    return "".join(f"{line}\n" for line in lines)
