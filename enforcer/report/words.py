"""Put the parts of a report into words, the same for every format that people read."""

from enforcer.recording.use import THIRD_PARTY
from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.times import short
from enforcer.rules.model import TREE_SUFFIX

_SITE_FOLDERS = ("/site-packages/", "/dist-packages/")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun, in the singular or plural."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def place(site: SiteReport) -> str:
    """Write the file and line of a call site; of installed code only the inner path."""
    file = site.file
    if site.relation == THIRD_PARTY:
        for folder in _SITE_FOLDERS:
            file = file.rpartition(folder)[2]
    return f"{file}:{site.line}" if site.line else file


def function(site: SiteReport) -> str:
    """Write the function of a call site; empty at the top level of a module."""
    return "" if site.function in ("", "<module>") else f"{site.function}()"


def origin(site: SiteReport) -> str:
    """Write whose code a call site is; empty for own code."""
    if site.relation != THIRD_PARTY:
        return ""
    return site.distribution or "not own code"


def span(first: int, last: int) -> str:
    """Write a span of time to the minute, without saying anything twice."""
    begin, end = short(first), short(last)
    if begin == end:
        return f"{begin} UTC"
    day = begin.partition(" ")[0]
    return f"{begin} to {end.removeprefix(f'{day} ')} UTC"


def inner_path(rule: RuleReport, site: SiteReport) -> str:
    """Write which path below the rule's own a call site reached; empty for the rule's own."""
    return "" if site.path == rule.legacy.removesuffix(TREE_SUFFIX) else site.path


def left_out(rule: RuleReport, shown: int) -> str:
    """Write how many call sites are not shown; empty if all are."""
    more = len(rule.call_sites) - shown
    if more <= 0:
        return ""
    uses = sum(site.uses for site in rule.call_sites[shown:])
    return f"and {counted(more, 'more call site')} with {counted(uses, 'use')}"


def totals(report: Report) -> str:
    """Write the sums of a report in one line."""
    used = sum(1 for rule in report.rules if rule.uses)
    parts = (
        f"{used:,} of {counted(len(report.rules), 'legacy path')} in use",
        f"{counted(report.uses, 'use')} at {counted(report.call_sites, 'call site')}",
        f"recorded by {counted(report.processes, 'process', 'processes')}",
    )
    return " · ".join(parts)


def losses(report: Report) -> str:
    """Write what is known to be missing; empty if nothing is."""
    if not report.dropped:
        return ""
    return f"{counted(report.dropped, 'use was', 'uses were')} lost: the counts are too low."
