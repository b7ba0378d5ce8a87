"""Compare what a run has seen with a baseline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from enforcer.baseline.model import Baseline, Entry, Key


class Verdict(StrEnum):
    """Say how a call site stands to a baseline."""

    NEW = "new"
    GREW = "grew"
    SHRANK = "shrank"
    STALE = "stale"
    TOLERATED = "tolerated"


@dataclass(frozen=True, slots=True)
class Judged:
    """Say how the call sites of one entry stand to a baseline.

    Attributes:
        verdict: how.
        entry: what the baseline has; of new ones what it would have.
        lines: the lines that were seen, from 1.

    """

    verdict: Verdict
    entry: Entry
    lines: tuple[int, ...] = ()


def compare(
    baseline: Baseline, seen: Mapping[Key, frozenset[int]], *, is_complete: bool
) -> list[Judged]:
    """Judge each call site that was seen, and each entry of a baseline.

    Args:
        baseline: what is tolerated.
        seen: the lines that were seen, by key.
        is_complete: whether the run could see all there is; in any other nothing is stale
            or has shrunk.

    """
    judged = []
    for key, lines in seen.items():
        entry = baseline.find(key)
        ordered = tuple(sorted(lines))
        if entry is None:
            judged.append(Judged(Verdict.NEW, Entry(*key, count=len(lines)), ordered))
        elif len(lines) > entry.count:
            judged.append(Judged(Verdict.GREW, entry, ordered))
        elif len(lines) < entry.count and is_complete and not entry.is_flaky:
            judged.append(Judged(Verdict.SHRANK, entry, ordered))
        else:
            judged.append(Judged(Verdict.TOLERATED, entry, ordered))
    if is_complete:
        gone = (entry for entry in baseline if entry.key not in seen and not entry.is_flaky)
        judged += [Judged(Verdict.STALE, entry) for entry in gone]
    return sorted(judged, key=lambda one: one.entry.key)


def shrunk(baseline: Baseline, judged: Iterable[Judged]) -> Baseline:
    """Make a baseline without what is stale, and with what has shrunk as it is now."""
    by_key = {one.entry.key: one for one in judged}
    kept = []
    for entry in baseline:
        one = by_key.get(entry.key)
        if one is None or one.verdict not in (Verdict.STALE, Verdict.SHRANK):
            kept.append(entry)
        elif one.verdict == Verdict.SHRANK:
            kept.append(entry.changed(count=len(one.lines)))
    return Baseline(kept, baseline.path)


def grown(baseline: Baseline, judged: Iterable[Judged]) -> Baseline:
    """Make a baseline that tolerates what is new as well."""
    entries = {entry.key: entry for entry in baseline}
    for one in judged:
        if one.verdict in (Verdict.NEW, Verdict.GREW):
            entries[one.entry.key] = one.entry.changed(count=len(one.lines))
    return Baseline(entries.values(), baseline.path)


def merged(baselines: Iterable[Baseline], path: str = "") -> Baseline:
    """Join baselines of parts of one run: each entry as often as the part that has most."""
    entries: dict[Key, Entry] = {}
    for baseline in baselines:
        for entry in baseline:
            known = entries.get(entry.key)
            if known is not None:
                most = max(known.count, entry.count)
                flaky = known.is_flaky or entry.is_flaky
                entry = known.changed(count=most, is_flaky=flaky)  # noqa: PLW2901 - joined
            entries[entry.key] = entry
    return Baseline(entries.values(), path)
