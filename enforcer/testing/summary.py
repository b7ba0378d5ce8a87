"""The section of pytest's terminal summary on legacy import paths."""

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol

import pytest

from enforcer.baseline.comparison import Judged, Verdict
from enforcer.baseline.renamed_files import SHALLOW
from enforcer.baseline.run_record import ALLOWED, SeenSite
from enforcer.recording.use import BLOCKED
from enforcer.testing.run_end import Ending

MOST_SITES: Final = 20
"""Limit on the call sites of one kind that are listed."""

MOST_OWNERS: Final = 5

_SEE_ALL: Final = ("--enforcer-stage", "alias", "--enforcer-record", "run.json")

_WORDS: Final = {
    Verdict.NEW: "new",
    Verdict.GREW: "more than the baseline has",
    Verdict.SHRANK: "fewer than the baseline has",
    Verdict.STALE: "gone",
}


_ALLOWED: Final = "allowed"
_REFUSED: Final = "refused as expected"
_LET_THROUGH: Final = "expected to be refused and not refused"

_ORDER: Final = (
    "new",
    "grown",
    "in the baseline",
    "not refused",
    _ALLOWED,
    _REFUSED,
    _LET_THROUGH,
    "gone",
)


class Writer(Protocol):
    """Target of a summary."""

    def section(self, title: str) -> None:
        """Begin a section."""

    def line(self, msg: str, **markup: bool) -> None:
        """Write a line."""


class StandardError:
    """Writer to standard error, for when pytest's terminal is not set up yet."""

    def section(self, title: str) -> None:
        """Begin a section."""
        self.line(f" {title} ".center(80, "="))

    def line(self, msg: str, **_markup: bool) -> None:
        """Write a line."""
        sys.stderr.write(f"{msg}\n")


def write_summary(reporter: Writer, ending: Ending, exit_code: int) -> None:
    """Write the section of the terminal's summary.

    Args:
        reporter: the terminal.
        ending: the result of the run.
        exit_code: the exit code of the run's tests.

    """
    reporter.section("legacy import paths")
    for verdict in _WORDS:
        for line in _sites(ending, verdict):
            reporter.line(line)
    for line in _after_them(ending):
        reporter.line(line)
    colour = {"red": True} if ending.is_bad else {"green": True}
    reporter.line(_conclusion(ending), **colour)
    if ending.is_bad and exit_code == pytest.ExitCode.OK:
        reporter.line("The run fails for this, though its tests passed.", red=True)


def _sites(ending: Ending, verdict: Verdict) -> Iterator[str]:
    words = _WORDS[verdict]
    found = ending.of(verdict)
    for one in found[:MOST_SITES]:
        sites = ending.record.sites_of(one.entry.key)
        sites = [site for site in sites if site.line in one.lines and not site.excuse]
        where = ", ".join(site.place for site in sites) or str(one.entry).partition(" by ")[2]
        ran = f", run by {sites[0].where}" if sites and verdict == Verdict.NEW else ""
        yield f"{words}: {one.entry.path} by {where}{one.other_names}{ran}"
    if len(found) > MOST_SITES:
        yield f"{words}: {len(found) - MOST_SITES} more"


def _after_them(ending: Ending) -> Iterator[str]:
    owners = Counter(site.owner or "nobody" for site in ending.record)
    if set(owners) - {"nobody"}:
        top = ", ".join(f"{owner} {count}" for owner, count in owners.most_common(MOST_OWNERS))
        yield f"call sites by owner of the path: {top}"
    if ending.of(Verdict.NEW) and not ending.file.exists():
        yield f"There is no {ending.file.name}. To tolerate what there is today:"
        yield f"  {ending.command_for(*_SEE_ALL)}"
        yield f"  {ending.update_command()}"
    if ending.has_lost_renames:
        yield f"A file of the baseline is missing, and {SHALLOW}"
    if ending.mistake:
        yield ending.mistake
    elif ending.is_shrunk:
        yield f"What is gone was taken out of {ending.file.name}; commit it."
    elif ending.of(Verdict.STALE, Verdict.SHRANK):
        command = ending.command_for("--enforcer-update")
        yield f"Take what is gone out of {ending.file.name}, and commit it: {command}"


def _conclusion(ending: Ending) -> str:
    """Return the counts of call sites in one line."""
    counts: Counter[str] = Counter()
    for one in ending.judged:
        counts.update(_call_sites(one, is_let_through=ending.was_let_through(one)))
    counts.update(_excused(site) for site in ending.record if site.excuse)
    said = ", ".join(f"{counts[what]} {what}" for what in _ORDER if counts[what] or what == "new")
    missing = ending.record.missing
    return f"{said}; nothing counts as gone, because {missing}" if missing else said


def _excused(site: SeenSite) -> str:
    if site.excuse == ALLOWED:
        return _ALLOWED
    return _REFUSED if site.outcome == BLOCKED else _LET_THROUGH


def _call_sites(one: Judged, *, is_let_through: bool) -> dict[str, int]:
    """Count the call sites of one entry by their verdict."""
    seen, tolerated = len(one.lines), one.entry.count
    if one.verdict == Verdict.NEW:
        return {"not refused" if is_let_through else "new": seen}
    if one.verdict == Verdict.GREW:
        return {"grown": seen - tolerated, "in the baseline": tolerated}
    gone = tolerated - seen if one.verdict in (Verdict.SHRANK, Verdict.STALE) else 0
    return {"in the baseline": seen, "gone": gone}
