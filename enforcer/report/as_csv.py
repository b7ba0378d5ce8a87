"""Write a report as CSV, for spreadsheets: one row for each call site."""

from collections.abc import Iterator

from enforcer.output.spreadsheet import csv_pieces
from enforcer.output.times import iso
from enforcer.owners import joined
from enforcer.report.model import Report, RuleReport, SiteReport

COLUMNS = (
    "legacy",
    "canonical",
    "stage",
    "uses",
    "file",
    "line",
    "function",
    "module",
    "mechanism",
    "names",
    "first_seen",
    "last_seen",
    "via",
    "path",
    "relation",
    "distribution",
    "owners",
)


def as_csv(report: Report) -> str:
    """Write a report as CSV with a header; a rule without a use has one row with 0 uses."""
    return "".join(csv_pieces(COLUMNS, _rows(report)))


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    for rule in report.rules:
        yield from (_row(rule, site) for site in rule.call_sites)
        if not rule.call_sites:
            yield *_head(rule), 0, *[""] * (len(COLUMNS) - 4)


def _head(rule: RuleReport) -> tuple[str, str, str]:
    return rule.legacy, rule.canonical, rule.stage


def _row(rule: RuleReport, site: SiteReport) -> tuple[object, ...]:
    values = {column: getattr(site, column) for column in COLUMNS[3:]}
    values |= {"first_seen": iso(site.first_seen), "last_seen": iso(site.last_seen)}
    values["owners"] = joined(site.owners)
    return *_head(rule), *values.values()
