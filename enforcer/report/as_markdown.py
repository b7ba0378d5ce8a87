"""Write a report as Markdown, for an issue or a pull request."""

from enforcer.output.document import CODE, STRONG, Document, Line, Table, Words
from enforcer.output.document import as_markdown as markdown
from enforcer.output.times import short
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
    team,
    totals,
    unwatched,
    warnings,
    watched,
)

_RULES = (
    "legacy path",
    "canonical path",
    "stage",
    ">uses",
    ">call sites",
    "first seen",
    "last seen",
)
_CALLERS = (">uses", "caller", "function", "last seen")


def as_markdown(report: Report, *, top: int) -> str:
    """Write a report as one table of rules and one table of callers for each used rule."""
    return markdown(_document(report, top))


def _document(report: Report, top: int) -> Document:
    yield Line("Uses of legacy paths", level=1)
    yield Line(f"{totals(report)}. Times are in UTC.")
    yield from map(Line, filter(None, (watched(report), *services(report))))
    yield from (Line(line, STRONG) for line in warnings(report))
    yield from (Line(notice(said, report)) for said in report.notices)
    if report.rules:
        yield Table(_RULES, tuple(map(_rule, report.rules)))
    for rule in report.rules:
        if unwatched(rule):
            yield Line(((rule.legacy, CODE), f" is {unwatched(rule)}."))
    for rule in report.rules:
        if rule.call_sites:
            yield Line(((rule.legacy, CODE),), level=2)
            yield _callers(rule, top)
            rest = left_out(rule, top)
            yield Line(f"… {rest}" if rest else "")


def _callers(rule: RuleReport, top: int) -> Table:
    sites = rule.call_sites[:top]
    if not any(site.owners for site in sites):
        return Table(_CALLERS, tuple(_site(rule, site) for site in sites))
    rows = tuple((*_site(rule, site), team(site)) for site in sites)
    return Table((*_CALLERS, "owners of the file"), rows)


def _rule(rule: RuleReport) -> tuple[Words, ...]:
    return (
        ((rule.legacy, CODE),),
        ((rule.canonical, CODE),),
        rule.shown_stage,
        f"{rule.uses:,}",
        f"{len(rule.call_sites):,}",
        "" if rule.first_seen is None else short(rule.first_seen),
        "" if rule.last_seen is None else short(rule.last_seen),
    )


def _site(rule: RuleReport, site: SiteReport) -> tuple[Words, ...]:
    inner, whose = inner_path(rule, site), origin(site)
    caller = (
        (place(site), CODE),
        *((" for ", (inner, CODE)) if inner else ()),
        f" ({whose})" if whose else "",
        *(f", {part}" for part in refusals(site)),
    )
    return f"{site.uses:,}", caller, ((function(site), CODE),), short(site.last_seen)
