"""Write a report as Markdown, for an issue or a pull request."""

from collections.abc import Iterable, Iterator

from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.times import short
from enforcer.report.words import (
    function,
    inner_path,
    left_out,
    notice,
    origin,
    place,
    refusals,
    services,
    totals,
    unwatched,
    warnings,
    watched,
)


def as_markdown(report: Report, *, top: int) -> str:
    """Write a report as one table of rules and one table of callers for each used rule."""
    return "\n".join(_lines(report, top)) + "\n"


def _lines(report: Report, top: int) -> Iterator[str]:
    yield "# Uses of legacy paths"
    yield ""
    yield f"{totals(report)}. Times are in UTC."
    for line in filter(None, (watched(report), *services(report))):
        yield ""
        yield line
    for line in warnings(report):
        yield ""
        yield f"**{line}**"
    for said in report.notices:
        yield ""
        yield notice(said, report)
    if report.rules:
        yield ""
        yield from _rules(report.rules)
    for rule in report.rules:
        if unwatched(rule):
            yield ""
            yield f"{_code(rule.legacy)} is {unwatched(rule)}."
    for rule in report.rules:
        if rule.call_sites:
            yield ""
            yield from _callers(rule, top)


def _rules(rules: Iterable[RuleReport]) -> Iterator[str]:
    yield "| legacy path | canonical path | stage | uses | call sites | first seen | last seen |"
    yield "|---|---|---|---:|---:|---|---|"
    for rule in rules:
        yield _row(
            _code(rule.legacy),
            _code(rule.canonical),
            rule.shown_stage,
            f"{rule.uses:,}",
            f"{len(rule.call_sites):,}",
            "" if rule.first_seen is None else short(rule.first_seen),
            "" if rule.last_seen is None else short(rule.last_seen),
        )


def _callers(rule: RuleReport, top: int) -> Iterator[str]:
    yield f"## {_code(rule.legacy)}"
    yield ""
    yield "| uses | caller | function | last seen |"
    yield "|---:|---|---|---|"
    for site in rule.call_sites[:top]:
        yield _row(
            f"{site.uses:,}", _caller(rule, site), _code(function(site)), short(site.last_seen)
        )
    rest = left_out(rule, top)
    if rest:
        yield ""
        yield f"… {rest}"


def _caller(rule: RuleReport, site: SiteReport) -> str:
    inner = f" for {_code(inner_path(rule, site))}" if inner_path(rule, site) else ""
    whose = f" ({origin(site)})" if origin(site) else ""
    refused = "".join(f", {part}" for part in refusals(site))
    return f"{_code(place(site))}{inner}{whose}{refused}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    # Inside a table a bar ends the cell, even in code.
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""
