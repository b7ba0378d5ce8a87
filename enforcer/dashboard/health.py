"""Completeness of the data as sentences: lost uses, gaps, blind spots, services not watched.

While anything is missing, no page calls a rule safe to delete.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from enforcer.dashboard.look import Look
from enforcer.output.words import counted
from enforcer.report.maps import map_differences
from enforcer.report.model import Report
from enforcer.report.words import span, warnings
from enforcer.store.not_enabled import reasons_beside
from enforcer.store.queries import NoticeOf

_MOST_NOTICES = 20


@dataclass(frozen=True, slots=True)
class HealthWords:
    """Health of the data as a page shows it.

    Attributes:
        is_whole: whether nothing is missing, as far as is known.
        processes: how many processes watched.
        services: how many services they belong to.
        watched: the time that was watched, as text; empty if nobody watched.
        problems: what is missing, a sentence each.
        notices: further notices of the processes.

    """

    is_whole: bool
    processes: int
    services: int
    watched: str
    problems: tuple[str, ...]
    notices: tuple[NoticeOf, ...]


def health_words(look: Look, expected: tuple[str, ...]) -> HealthWords:
    """Describe the health of the data that is shown.

    Args:
        look: the data that is shown.
        expected: services that the map expects to be watched.

    """
    health, watching = look.health, look.watching
    report = Report((), health.dropped, health.processes, watching=watching)
    problems = [*warnings(report), *_set_aside(health.set_aside), *_not_enabled(look)]
    if not look.filters.service:
        there = {each.service for each in watching.services}
        problems += [
            f'The service "{name}" is expected by the map, and was not watched in this time.'
            for name in expected
            if name not in there
        ]
    if not health.processes:
        problems.append("No process watched in this time: no use means nothing here.")
    times = watching.since, watching.till
    return HealthWords(
        is_whole=health.is_whole and not problems,
        processes=health.processes,
        services=len({each.service for each in watching.services}),
        watched=span(times[0], times[1]) if times[0] and times[1] else "",
        problems=tuple(problems),
        notices=(
            *map_differences(look.reader.maps(look.span)),
            *look.reader.notices(look.span),
        )[:_MOST_NOTICES],
    )


def _set_aside(stores: tuple[tuple[str, int], ...]) -> Iterator[str]:
    for file, _ in stores:
        yield f'A store was damaged, and set aside as "{file}", with what was counted until then.'


def _not_enabled(look: Look) -> Iterator[str]:
    """Yield why processes were not enabled; their uses and their services are unknown."""
    span = look.span
    reasons = reasons_beside(look.reader.path, since=span.since, until=span.until)
    for text, processes in reasons.items():
        number = counted(processes, "process that names", "processes that name")
        yield f"{number} a map saw nothing: {text}"
