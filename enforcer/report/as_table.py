"""Write a report as a table for a terminal.

One column for the number of uses and one for everything else, because legacy paths and file
names are long: nothing has to be cut at 80 columns, and little has to be wrapped.
"""

import io
import os
from collections.abc import Iterator
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.words import (
    counted,
    function,
    inner_path,
    left_out,
    notice,
    origin,
    place,
    refusals,
    services,
    span,
    totals,
    unwatched,
    visible,
    warnings,
    watched,
)
from enforcer.rules.stages import ALIAS, OBSERVE, REMOVED, STRICT, WARN

TOP = 3
"""How many callers of a rule to show unless told otherwise."""

UNBOUND = 10_000
"""The width where there is no terminal: nothing is wrapped, so that a line can be searched."""

_STAGE_STYLES = {
    OBSERVE: "cyan",
    ALIAS: "blue",
    WARN: "yellow",
    STRICT: "red",
    REMOVED: "magenta",
}
_PLAIN = str.maketrans({"→": "->", "·": "-", "─": "-"})


def as_table(report: Report, file: TextIO, *, top: int = TOP) -> str:
    """Write a report as a table, as it suits what it goes to.

    A terminal gets colours, unless ``NO_COLOR`` is set, and lines of its width (or of
    ``COLUMNS``); anything else gets plain text.

    Args:
        report: what to write.
        file: where the text will go.
        top: how many callers of each rule to show.

    """
    width = UNBOUND if not file.isatty() and "COLUMNS" not in os.environ else None
    console = Console(file=file, width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        if report.rules:
            console.print(_table(report, top))
        console.print(Text(totals(report), style="bold"))
        for line in filter(None, (watched(report), *services(report))):
            console.print(Text(line))
        for line in warnings(report):
            console.print(Text(line, style="bold red"))
        for said in report.notices:
            console.print(Text(notice(said, report), style="yellow"))
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
    return text if can_show(file, text) else text.translate(_PLAIN)


def _table(report: Report, top: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Uses", justify="right", no_wrap=True)
    table.add_column("Legacy path → canonical path, and who uses it", overflow="fold")
    for rule in report.rules:
        table.add_row(_number(rule), _heading(rule))
        for site in rule.call_sites[:top]:
            table.add_row(Text(f"{site.uses:,}", style="dim"), _caller(rule, site))
        rest = left_out(rule, top)
        if rest:
            table.add_row("", Text(f"  {rest}", style="dim"))
        table.add_row("", "")
    return table


def _number(rule: RuleReport) -> Text:
    return Text(f"{rule.uses:,}", style="bold" if rule.uses else "dim")


def _heading(rule: RuleReport) -> Text:
    text = Text()
    text.append(visible(rule.legacy), style="bold")
    text.append(f"\n→ {visible(rule.canonical)}\n")
    text.append(visible(rule.shown_stage), style=_STAGE_STYLES.get(rule.stage, ""))
    for part in _facts(rule):
        text.append(f" · {part}")
    return text


def _facts(rule: RuleReport) -> Iterator[str]:
    if rule.first_seen is None or rule.last_seen is None:
        yield "no use seen"
    else:
        yield counted(len(rule.call_sites), "call site")
        yield span(rule.first_seen, rule.last_seen)
    if unwatched(rule):
        yield unwatched(rule)
    if rule.probes:
        yield counted(rule.probes, "probe")
    if rule.owner:
        yield visible(rule.owner)


def _caller(rule: RuleReport, site: SiteReport) -> Padding:
    text = Text.assemble((place(site), "cyan"))
    if function(site):
        text.append(f" in {function(site)}")
    if inner_path(rule, site):
        text.append(f" for {inner_path(rule, site)}", style="dim")
    if origin(site):
        text.append(f" [{origin(site)}]", style="yellow")
    for part in refusals(site):
        text.append(f", {part}", style="red")
    return Padding(text, (0, 0, 0, 2))


def can_show(file: TextIO, text: str) -> bool:
    """Tell whether a file's encoding has all the characters of a text."""
    try:
        text.encode(getattr(file, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError, io.UnsupportedOperation):
        return False
    return True
