"""Wording of a report's parts, shared by every format that people read."""

from collections.abc import Iterator

from enforcer.output.times import length, short
from enforcer.output.words import counted, first, listed, visible
from enforcer.owners import joined
from enforcer.recording.safe_mode import SUBJECT as SAFE_MODE
from enforcer.recording.use import THIRD_PARTY
from enforcer.report.model import NoticeReport, Report, RuleReport, SiteReport
from enforcer.rules.model import TREE_SUFFIX
from enforcer.rules.repository import inner
from enforcer.store.sqlite.watch import ServiceWatch
from enforcer.verdict.standing import summary

MOST_SERVICES = 10
"""Limit on the services, versions and environments that are named."""

IN_SAFE_MODE = "in safe mode"
"""Ending of the reason why uses of processes in safe mode are unknown."""


def place(site: SiteReport) -> str:
    """Return the file and line of a call site; of installed code only the inner path."""
    file = inner(site.file) if site.relation == THIRD_PARTY else site.file
    return visible(f"{file}:{site.line}" if site.line else file)


def function(site: SiteReport) -> str:
    """Return the function of a call site; empty at the top level of a module."""
    return "" if site.function in ("", "<module>") else f"{visible(site.function)}()"


def origin(site: SiteReport) -> str:
    """Return whose code a call site is; empty for own code."""
    if site.relation != THIRD_PARTY:
        return ""
    return visible(site.distribution) or "not own code"


def team(site: SiteReport) -> str:
    """Return the owners of a call site's file; empty if they are unknown."""
    return visible(joined(site.owners))


def refusals(site: SiteReport) -> Iterator[str]:
    """Yield how many uses of a call site were refused, or would have been."""
    if site.blocked:
        yield f"{site.blocked:,} refused"
    if site.would_be_blocked:
        yield f"{site.would_be_blocked:,} would have been refused"


def span(first: int, last: int) -> str:
    """Return a span of time to the minute; the day is not repeated."""
    begin, end = short(first), short(last)
    if begin == end:
        return f"{begin} UTC"
    day = begin.partition(" ")[0]
    return f"{begin} to {end.removeprefix(f'{day} ')} UTC"


def inner_path(rule: RuleReport, site: SiteReport) -> str:
    """Return the path below the rule's own that a call site reached; empty for the rule's own."""
    return "" if site.path == rule.legacy.removesuffix(TREE_SUFFIX) else visible(site.path)


def left_out(rule: RuleReport, shown: int) -> str:
    """Return how many call sites are omitted; empty if none is."""
    more = len(rule.call_sites) - shown
    if more <= 0:
        return ""
    uses = sum(site.uses for site in rule.call_sites[shown:])
    return f"and {counted(more, 'more call site')} with {counted(uses, 'use')}"


def unwatched(rule: RuleReport) -> str:
    """Return the services that do not watch a rule; empty if all do."""
    names = [
        f"{visible(one.name)} ({counted(one.unwatched, 'process', 'processes')})"
        for one in rule.unwatched
    ]
    return f"not watched by {listed(names, MOST_SERVICES)}" if names else ""


def totals(report: Report) -> str:
    """Return the totals of a report in one line."""
    used = sum(1 for rule in report.rules if rule.uses)
    if report.owner:
        paths = f"{counted(used, 'legacy path')} used by files of {visible(report.owner)}"
    elif report.standings:
        paths = summary(report.standings)
    else:
        paths = f"{used:,} of {counted(len(report.rules), 'legacy path')} used"
    parts = (
        paths,
        f"{counted(report.uses, 'use')} at {counted(report.call_sites, 'call site')}",
        f"recorded by {counted(report.processes, 'process', 'processes')}",
    )
    return " · ".join(parts)


def watched(report: Report) -> str:
    """Return when processes watched, and whether all have ended."""
    watching = report.watching
    if watching.since is None or watching.till is None:
        return ""
    words = f"watched {span(watching.since, watching.till)}"
    if watching.running:
        running = counted(watching.running, "process has", "processes have")
        words += f" · {running} not ended yet, as far as is known"
    return words


def services(report: Report) -> Iterator[str]:
    """Yield the services that watched, if there are several or any has a version."""
    found = report.watching.services
    if len(found) == 1 and not (found[0].version or found[0].environment):
        return
    lines = [_service(each) for each in found]
    yield from first(lines, MOST_SERVICES, "service or version", "services or versions")


def _service(service: ServiceWatch) -> str:
    name = " ".join(filter(None, (service.service or "no service named", service.version)))
    where = f" in {service.environment}" if service.environment else ""
    processes = counted(service.processes, "process", "processes")
    return f"{visible(name + where)}: {processes}, {span(service.since, service.till)}"


def safe_processes(report: Report) -> str:
    """Return that processes have stopped watching in safe mode; empty if none has."""
    number = sum(one.processes for one in report.notices if one.subject == SAFE_MODE)
    who = counted(number, "process", "processes")
    return f"no longer watched by {who} {IN_SAFE_MODE}" if number else ""


def lost_uses(report: Report) -> str:
    """Return how many uses are known to be lost."""
    return f"{counted(report.dropped, 'use was', 'uses were')} lost: the counts are too low."


def warnings(report: Report) -> Iterator[str]:
    """Yield what is known to be missing, or may be, a sentence each."""
    watching = report.watching
    if report.dropped:
        yield lost_uses(report)
    if watching.vanished:
        who = "it" if watching.vanished == 1 else "each"
        yield (
            f"{counted(watching.vanished, 'process', 'processes')} ended without a last write: "
            f"{who} may have lost up to {length(watching.interval)} of uses."
        )
    if watching.unknown:
        who = "it" if watching.unknown == 1 else "each"
        yield (
            f"It is not known how {counted(watching.unknown, 'process', 'processes')} ended: "
            f"{who} may have lost its last uses."
        )
    if watching.gaps:
        yield (
            f"{counted(watching.gaps, 'process', 'processes')} did not write for a while, "
            f"for {length(watching.longest_gap)} at the longest, and came back."
        )
    if watching.blind:
        yield (
            f"{counted(watching.blind, 'process was', 'processes were')} blind to some uses, "
            "as said below."
        )
    if report.uses_elsewhere:
        yield (
            f"{counted(report.uses_elsewhere, 'use', 'uses')} came from more call sites than "
            "a process tells apart, and stand in one row for each legacy path."
        )


def notice(said: NoticeReport, report: Report) -> str:
    """Return a notice, with how many processes reported it unless all did."""
    some = said.processes and said.processes < report.processes
    who = f" (in {said.processes:,} of {report.processes:,} processes)" if some else ""
    return f"{said.kind}: {visible(said.text)}{who}"
