"""The first page: what can be done with how many paths, who must act, and whether it goes down.

Everything here is a fact of all time. Filters never change it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.judging import ALWAYS_SHOWN, LANES, Judged, to_change
from enforcer.dashboard.look import THIRD_PARTY_OWNER, Caller, Look
from enforcer.dashboard.timeline import Change, Forecast, Timeline, forecast, moment, sites_left
from enforcer.output.times import ago, iso
from enforcer.output.words import counted
from enforcer.owners import NOBODY
from enforcer.store.queries import DAY, WEEK, Span

FOUR_WEEKS: Final = 4 * WEEK

_FEW_PATHS: Final = 2


@dataclass(frozen=True, slots=True)
class Lane:
    """The paths with which one thing can be done: their number, and some words on them."""

    key: str
    name: str
    rules: int
    lines: tuple[str, ...]
    are_paths: bool


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """What one team still has to change.

    Attributes:
        name: the owner of the callers' files, as filters have it.
        shown: the same for people.
        left: how many call sites are left.
        refused: how many of them were refused.
        change: against four weeks ago.
        due: the date of the first of their paths that is due, or empty.
        due_path: that path.
        newest: the place of the newest call site of the last four weeks, or empty.
        newest_time: when that was first seen.

    """

    name: str
    shown: str
    left: int
    refused: int
    change: Change
    due: str
    due_path: str
    newest: str
    newest_time: str

    @property
    def is_third_party(self) -> bool:
        """Return whether no team here owns the code."""
        return self.name == THIRD_PARTY_OWNER


@dataclass(frozen=True, slots=True)
class Todo:
    """What the first page says.

    Attributes:
        lanes: the paths by what can be done with them, refused ones first.
        owners: who must act, the first that is due first.
        nobody: what to say if there is no owner to name.
        left: how many call sites are left.
        outlook: whether their number goes down, and when none would be left.
        uses: uses of the last seven whole days, and of the seven before.

    """

    lanes: tuple[Lane, ...]
    owners: tuple[OwnerRow, ...]
    nobody: str
    left: int
    outlook: str
    uses: Change


def todo(look: Look, judged: Sequence[Judged], weeks: tuple[Timeline, tuple[int, ...]]) -> Todo:
    """Sum up all paths.

    Args:
        look: the snapshot of the store.
        judged: all paths with what can be done with each.
        weeks: the call sites left at the end of each whole week.

    """
    timeline, values = weeks
    left = [caller for caller in look.all_callers if look.is_left(caller.site)]
    is_watched = bool(look.facts)
    return Todo(
        lanes=tuple(_lanes(look, judged, left)),
        owners=tuple(owner_rows(look, left)),
        nobody="No call site is left." if is_watched else "Nobody watches yet: nothing is known.",
        left=len(left),
        outlook=_outlook(forecast(values, timeline.end) if values else None),
        uses=_last_week(look),
    )


def _lanes(look: Look, judged: Sequence[Judged], left: Sequence[Caller]) -> Iterable[Lane]:
    by_lane: defaultdict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        by_lane[each.lane].append(each)
    for key, name in LANES.items():
        found = by_lane[key]
        if found or key in ALWAYS_SHOWN:
            lines = tuple(_lines(look, key, found, left))
            yield Lane(key, name, len(found), lines, are_paths=key != "in_use" and bool(found))


def _lines(look: Look, key: str, found: Sequence[Judged], left: Sequence[Caller]) -> Iterable[str]:
    names = [each.rule.legacy for each in found]
    if key == "in_use":
        # Of these paths only: what is refused has a tile of its own.
        ever = [each for each in look.all_callers if each.rule.legacy in names]
        before = sum(look.was_left(each.site, look.now - FOUR_WEEKS) for each in ever)
        now = [each for each in left if each.rule.legacy in names]
        yield f"{counted(len(now), 'call site')} left, {before:,} four weeks ago"
        new = sum(each.site.first_seen > look.now - WEEK for each in now)
        yield f"{new:,} new this week"
        return
    if not names:
        return
    yield ", ".join(names[:_FEW_PATHS]) + (" …" if len(names) > _FEW_PATHS else "")
    if key == "refused":
        refused = [site for each in found for site in each.rule.call_sites if site.blocked]
        if refused:
            last = max(site.last_seen for site in refused)
            number = counted(sum(site.blocked for site in refused), "import", "imports")
            yield f"{number} refused, the last {ago(last, look.now)}"
        elif look.is_scoped:
            yield "in services that you may not read"
    elif key == "named":
        yield f"{to_change(look, names)} to change"
    else:
        yield from sorted({each.note for each in found if each.note})[:1]


def owner_rows(look: Look, left: Iterable[Caller]) -> list[OwnerRow]:
    """Return a row for each owner of callers: the refused, then by the first day that is due."""
    groups: defaultdict[str, list[Caller]] = defaultdict(list)
    before: defaultdict[str, int] = defaultdict(int)
    for caller in left:
        for name in caller.responsible:
            groups[name].append(caller)
    for caller in look.all_callers:
        if look.was_left(caller.site, look.now - FOUR_WEEKS):
            for name in caller.responsible:
                before[name] += 1
    began = look.began
    has_before = began is not None and began <= look.now - FOUR_WEEKS
    rows = [
        _row(look, name, found, Change(len(found), before[name] if has_before else None))
        for name, found in groups.items()
    ]
    return sorted(rows, key=lambda row: (not row.refused, row.due or "9", -row.left, row.name))


_SHOWN: Final[Mapping[str, str]] = {
    NOBODY: "nobody (no owner in CODEOWNERS)",
    THIRD_PARTY_OWNER: "third-party packages",
}


def _row(look: Look, name: str, found: Sequence[Caller], change: Change) -> OwnerRow:
    dated = [(each.rule.remove_after, each.rule.legacy) for each in found if each.rule.remove_after]
    due, due_path = min(dated, default=("", ""))
    newest = max(found, key=lambda each: each.site.first_seen)
    is_new = newest.site.first_seen > look.now - FOUR_WEEKS
    return OwnerRow(
        name=name,
        shown=_SHOWN.get(name, name),
        left=len(found),
        refused=sum(bool(each.site.blocked) for each in found),
        change=change,
        due=due,
        due_path=due_path,
        newest=newest.place if is_new else "",
        newest_time=iso(newest.site.first_seen) if is_new else "",
    )


def left_by_week(look: Look) -> tuple[Timeline, tuple[int, ...]]:
    """Return the number of call sites left at the end of each whole week since watching began."""
    began = look.began
    timeline = Timeline.whole_weeks(look.now if began is None else began, look.now)
    if not timeline.starts:
        return timeline, ()
    lives = ((each.site.first_seen, look.left_until(each.site)) for each in look.all_callers)
    return timeline, sites_left(lives, timeline).values


def _outlook(found: Forecast | None) -> str:
    if found is None:
        return "too few whole weeks to say whether it goes down"
    if found.direction == "level":
        return "level over the last whole weeks"
    if found.direction == "up":
        return "and rising over the last whole weeks"
    if found.earliest is None:
        return "and falling, too slowly for a date"
    earliest = f"{moment(found.earliest):%Y-%m-%d}"
    if found.latest is None:
        return f"and falling: none would be left on {earliest} at the earliest"
    return f"and falling: none would be left between {earliest} and {moment(found.latest):%Y-%m-%d}"


def _last_week(look: Look) -> Change:
    end = look.now // DAY * DAY
    middle, begin = end - WEEK, end - 2 * WEEK
    rows = list(look.reader.uses_in_time(Span(since=begin, until=end), DAY))
    now = sum(row.count for row in rows if middle <= row.start < end)
    if look.began is None or look.began > begin:
        return Change(now, None)
    return Change(now, sum(row.count for row in rows if begin <= row.start < middle))
