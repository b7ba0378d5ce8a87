"""Write a report as a table for a terminal.

One column for the number of uses and one for everything else, because legacy paths and file
names are long: nothing has to be cut at 80 columns, and little has to be wrapped.
"""

from collections.abc import Iterator
from typing import TextIO

from enforcer.output.console import as_text
from enforcer.output.document import CODE, STRONG, Document, Line, Table, Words
from enforcer.output.words import counted, visible
from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.words import (
    function,
    inner_path,
    left_out,
    notice,
    origin,
    place,
    refusals,
    services,
    span,
    team,
    totals,
    unwatched,
    warnings,
    watched,
)
from enforcer.rules.stages import ALIAS, OBSERVE, REMOVED, STRICT, WARN

TOP = 3
"""How many callers of a rule to show unless told otherwise."""

_STAGE_STYLES = {
    OBSERVE: "cyan",
    ALIAS: "blue",
    WARN: "yellow",
    STRICT: "red",
    REMOVED: "magenta",
}


def as_table(report: Report, file: TextIO, *, top: int = TOP) -> str:
    """Write a report as a table, as it suits what it goes to.

    Args:
        report: what to write.
        file: where the text will go.
        top: how many callers of each rule to show.

    """
    return as_text(document(report, top), file)


def document(report: Report, top: int = TOP) -> Document:
    """Yield the table of a report, its sums, and what is known to be missing."""
    if report.rules:
        headings = (">Uses", "Legacy path → canonical path, and who uses it")
        yield Table(headings, tuple(row for rule in report.rules for row in _rows(rule, top)))
    yield Line(totals(report), STRONG)
    yield from map(Line, filter(None, (watched(report), *services(report))))
    yield from (Line(line, "bold red") for line in warnings(report))
    yield from (Line(notice(said, report), "yellow") for said in report.notices)


def _rows(rule: RuleReport, top: int) -> Iterator[tuple[Words | Line, ...]]:
    yield ((f"{rule.uses:,}", STRONG if rule.uses else "dim"),), _heading(rule)
    for site in rule.call_sites[:top]:
        yield ((f"{site.uses:,}", "dim"),), Line(_caller(rule, site))
    rest = left_out(rule, top)
    if rest:
        yield "", Line(rest, "dim")
    yield "", ""


def _heading(rule: RuleReport) -> Words:
    return (
        (visible(rule.legacy), STRONG),
        f"\n→ {visible(rule.canonical)}\n",
        (visible(rule.shown_stage), _STAGE_STYLES.get(rule.stage, "")),
        *(f" · {part}" for part in _facts(rule)),
    )


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


def _caller(rule: RuleReport, site: SiteReport) -> Words:
    inner, whose = inner_path(rule, site), origin(site)
    return (
        (place(site), CODE),
        f" in {function(site)}" if function(site) else "",
        (f" for {inner}" if inner else "", "dim"),
        (f" [{whose}]" if whose else "", "yellow"),
        (f" · {team(site)}" if site.owners else "", "dim"),
        *((f", {part}", "red") for part in refusals(site)),
    )
