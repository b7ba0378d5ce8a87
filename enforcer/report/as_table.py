"""Write a report as a table for a terminal.

One column for the number of uses and one for everything else, because legacy paths and file
names are long: nothing has to be cut at 80 columns, and little has to be wrapped.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

from enforcer.output.console import as_text
from enforcer.output.document import CODE, STRONG, Document, Line, Table, Words
from enforcer.output.times import ago, nanoseconds
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
from enforcer.store.queries import DAY

TOP = 3
"""How many callers of a rule to show unless told otherwise."""

_USED = "Legacy path → canonical path, and who uses it"
_UNUSED = "Legacy path → canonical path, without a use"

_STAGE_STYLES = {
    OBSERVE: "cyan",
    ALIAS: "blue",
    WARN: "yellow",
    STRICT: "red",
    REMOVED: "magenta",
}


def as_table(report: Report, file: TextIO, *, top: int = TOP, now: int = 0) -> str:
    """Write a report as a table, as it suits what it goes to.

    Args:
        report: what to write.
        file: where the text will go.
        top: how many callers of each rule to show.
        now: the time, to say how long ago and in how long; 0 to leave that out.

    """
    return as_text(document(report, top, now), file)


def document(report: Report, top: int = TOP, now: int = 0) -> Document:
    """Yield what is known to be missing, the table of a report, and its sums.

    What is missing comes first: whoever reads only the beginning must not believe a 0.
    """
    yield from (Line(line, "bold red") for line in warnings(report))
    used = [rule for rule in report.rules if rule.uses]
    unused = [rule for rule in report.rules if not rule.uses]
    for rules, heading in ((used, _USED), (unused, _UNUSED)):
        if rules:
            rows = (row for rule in rules for row in _rows(rule, top, now))
            yield Table((">Uses", heading), tuple(rows))
    yield Line(totals(report), STRONG)
    yield from map(Line, filter(None, (watched(report), *services(report))))
    yield from (Line(notice(said, report), "yellow") for said in report.notices)


def _rows(rule: RuleReport, top: int, now: int) -> Iterator[tuple[Words | Line, ...]]:
    yield ((f"{rule.uses:,}", STRONG if rule.uses else "dim"),), _heading(rule, now)
    for site in rule.call_sites[:top]:
        yield ((f"{site.uses:,}", "dim"),), Line(_caller(rule, site))
    rest = left_out(rule, top)
    if rest:
        yield "", Line(rest, "dim")
    yield "", ""


def _heading(rule: RuleReport, now: int) -> Words:
    return (
        (visible(rule.legacy), STRONG),
        f"\n→ {visible(rule.canonical)}\n",
        (visible(rule.shown_stage), _STAGE_STYLES.get(rule.stage, "")),
        *(f" · {part}" for part in _facts(rule, now)),
        *_due(rule, now),
    )


def _due(rule: RuleReport, now: int) -> Words:
    """Return when the path is due, in red once that is past."""
    if not (rule.remove_after and now):
        return ()
    due = nanoseconds(datetime.fromisoformat(rule.remove_after).replace(tzinfo=UTC))
    days = (due - now // DAY * DAY) // DAY
    if days < 0:
        return " · ", (f"due {-days:,} d ago", "bold red")
    return (f" · due in {days:,} d" if days else " · due today",)


def _facts(rule: RuleReport, now: int) -> Iterator[str]:
    if rule.first_seen is None or rule.last_seen is None:
        yield "no use seen"
    else:
        yield counted(len(rule.call_sites), "call site")
        yield span(rule.first_seen, rule.last_seen)
        if now:
            yield f"last {ago(rule.last_seen, now)}"
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
