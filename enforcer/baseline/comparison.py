"""Comparison of call sites with a baseline, and baselines shrunk, grown or merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from enforcer.baseline.model import Baseline, Entry, Key, Names, joined_names
from enforcer.rules.model import covers_path


class Verdict(StrEnum):
    """How a call site compares to a baseline."""

    NEW = "new"
    GREW = "grew"
    SHRANK = "shrank"
    STALE = "stale"
    TOLERATED = "tolerated"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on the call sites of one entry.

    Attributes:
        verdict: the verdict.
        entry: the baseline's entry; for new call sites the entry that would tolerate them.
        lines: the lines that were seen, from 1.
        names: the names that they ask for; None for any, or where that is unknown.
        known: for new call sites the baseline's entry of the same place, for other names.

    """

    verdict: Verdict
    entry: Entry
    lines: tuple[int, ...] = ()
    names: Names = None
    known: Entry | None = None

    @property
    def other_names(self) -> str:
        """The names that a new use asks for beyond the entry of its place, as text."""
        if self.known is None or self.known.names is None:
            return ""
        here = set(self.names or ()) - set(self.known.names)
        asked = ", ".join(sorted(here)) or "the module itself"
        return f", asking for {asked} where the baseline has {', '.join(self.known.names)}"


def compare(
    baseline: Baseline,
    seen: Mapping[Key, Mapping[int, Names]],
    *,
    is_complete: bool,
    blind: Iterable[str] = (),
) -> list[Judged]:
    """Judge each call site that was seen, and each entry of a baseline.

    Args:
        baseline: the tolerated call sites.
        seen: the lines that were seen, with the names that each asks for, by key.
        is_complete: whether the run could see all there is; otherwise nothing is stale
            or has shrunk.
        blind: legacy paths that not all processes watched: nothing at or below them is stale
            or has shrunk either.

    """
    judged, met = [], set()
    paths = tuple(blind)

    def may_be_gone(entry: Entry) -> bool:
        is_unseen = any(covers_path(path, entry.path) for path in paths)
        return is_complete and not is_unseen and not entry.is_flaky

    for key, lines in seen.items():
        entry = baseline.find(key)
        known = {
            line: names
            for line, names in lines.items()
            if entry is not None and entry.covers(names)
        }
        if entry is not None and known:
            met.add(key)
            verdict = _verdict(entry, len(known), may_be_gone=may_be_gone(entry))
            judged.append(
                Judged(verdict, entry, tuple(sorted(known)), joined_names(known.values()))
            )
        new = {line: names for line, names in lines.items() if line not in known}
        if new:
            names = joined_names(new.values())
            made = Entry(*key, count=len(new), names=names)
            judged.append(Judged(Verdict.NEW, made, tuple(sorted(new)), names, entry))
    gone = (entry for entry in baseline if entry.key not in met and may_be_gone(entry))
    judged += [Judged(Verdict.STALE, entry) for entry in gone]
    return sorted(judged, key=lambda one: one.entry.key)


def _verdict(entry: Entry, seen: int, *, may_be_gone: bool) -> Verdict:
    if seen > entry.count:
        return Verdict.GREW
    if seen < entry.count and may_be_gone:
        return Verdict.SHRANK
    return Verdict.TOLERATED


def shrunk(baseline: Baseline, judged: Iterable[Judged]) -> Baseline:
    """Return a baseline without stale entries, and with shrunk ones reduced."""
    gone = (Verdict.STALE, Verdict.SHRANK)
    by_key = {one.entry.key: one for one in judged if one.verdict in gone}
    kept = []
    for entry in baseline:
        one = by_key.get(entry.key)
        if one is None:
            kept.append(entry)
        elif one.verdict == Verdict.SHRANK:
            # An entry without names was written by an earlier version, and keeps its meaning.
            names = one.names if entry.names is not None else None
            kept.append(entry.changed(count=len(one.lines), names=names))
    return baseline.changed(kept)


def grown(baseline: Baseline, judged: Iterable[Judged]) -> Baseline:
    """Return a baseline that tolerates the new uses as well."""
    entries = {entry.key: entry for entry in baseline}
    for one in judged:
        known = entries.get(one.entry.key)
        if one.verdict == Verdict.NEW and known is not None:
            entries[known.key] = known.joined(one.entry, count=known.count + len(one.lines))
        elif one.verdict in (Verdict.NEW, Verdict.GREW):
            entries[one.entry.key] = one.entry.changed(count=len(one.lines))
    return baseline.changed(entries.values())


def merged(baselines: Iterable[Baseline], path: str = "") -> Baseline:
    """Merge baselines of parts of one run; of each entry the highest count is kept."""
    baselines = list(baselines)
    sources = [baseline.source for baseline in baselines if baseline.source is not None]
    source = merged(sources, path) if sources else None
    entries: dict[Key, Entry] = {}
    for baseline in baselines:
        for entry in baseline:
            known = entries.get(entry.key)
            if known is not None:
                most = max(known.count, entry.count)
                entry = known.joined(entry, count=most)  # noqa: PLW2901 - joined
            entries[entry.key] = entry
    return Baseline(entries.values(), path, source)
