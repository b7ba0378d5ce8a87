"""Put into words what a test run saw."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from enforcer.baseline.comparing import Judged, Verdict
from enforcer.baseline.record import Record
from enforcer.recording.use import BLOCKED, Use

MOST_SITES: Final = 20
"""How many call sites of one kind are listed."""

MOST_OWNERS: Final = 5

UPDATE: Final = "pytest --enforcer --enforcer-update"

_WORDS: Final = {
    Verdict.NEW: "new",
    Verdict.GREW: "more than the baseline has",
    Verdict.SHRANK: "fewer than the baseline has",
    Verdict.STALE: "gone",
}


def refusal(use: Use) -> str:
    """Say that the code under test swallowed a refusal."""
    times = f" ({use.count} times)" if use.count > 1 else ""
    return (
        f"LegacyImportError was swallowed{times}: {use.site} asked for the legacy path "
        f'"{use.site.path}", which moved to "{use.rule.canonical}" (swallowed-refusal)'
    )


def write_summary(
    reporter: pytest.TerminalReporter,
    judged: Iterable[Judged],
    record: Record,
    *,
    file: Path,
    is_shrunk: bool,
) -> None:
    """Write the section of the terminal's summary."""
    judged = list(judged)
    counts = Counter(one.verdict for one in judged)
    allowed = [one for one in judged if one.verdict == Verdict.NEW and is_allowed(one, record)]
    if not judged:
        return
    reporter.section("legacy import paths")
    for line in _lines(judged, record, allowed):
        reporter.line(line)
    if counts[Verdict.STALE] + counts[Verdict.SHRANK]:
        done = f"{file.name} was shortened; commit it" if is_shrunk else f"run: {UPDATE}"
        reporter.line(f"What is gone can leave the baseline: {done}")
    part = "" if record.is_complete else "; a part of the tests ran, so nothing counts as gone"
    new = counts[Verdict.NEW] - len(allowed)
    parts = (
        (new, "new"),
        (counts[Verdict.GREW], "grown"),
        (counts[Verdict.TOLERATED], "in the baseline"),
        (len(allowed), "not refused"),
        (counts[Verdict.SHRANK], "shrunk"),
        (counts[Verdict.STALE], "gone"),
    )
    said = ", ".join(f"{number} {what}" for number, what in parts if number or what == "new")
    reporter.line(f"{said}{part}")


def is_allowed(one: Judged, record: Record) -> bool:
    """Tell whether something new got through by a marker or an exemption."""
    sites = record.sites_of(one.entry.key)
    return bool(sites) and not any(site.outcome == BLOCKED for site in sites)


def _lines(judged: list[Judged], record: Record, allowed: list[Judged]) -> Iterator[str]:
    owners: Counter[str] = Counter()
    for verdict, words in _WORDS.items():
        found = [one for one in judged if one.verdict == verdict and one not in allowed]
        for one in found[:MOST_SITES]:
            sites = record.sites_of(one.entry.key)
            where = ", ".join(str(site) for site in sites) or str(one.entry).partition(" by ")[2]
            ran = f", run by {sites[0].where}" if sites and verdict == Verdict.NEW else ""
            yield f"{words}: {one.entry.path} by {where}{ran}"
        if len(found) > MOST_SITES:
            yield f"{words}: {len(found) - MOST_SITES} more"
    for one in judged:
        for site in record.sites_of(one.entry.key):
            owners[site.owner or "nobody"] += 1
    if set(owners) - {"nobody"}:
        top = ", ".join(f"{owner} {count}" for owner, count in owners.most_common(MOST_OWNERS))
        yield f"call sites by owner of the path: {top}"
