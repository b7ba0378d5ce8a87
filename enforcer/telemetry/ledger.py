"""Know of each call site how much of it was emitted.

Nothing is kept twice: the tallies of the recorder have the totals, and what was not emitted
yet is the difference to what was. So a collector that is down for a day costs no memory, and
a provider that comes late gets everything from the start.
"""

from time import time_ns
from typing import TYPE_CHECKING, Final

from enforcer.recording.use import Use
from enforcer.telemetry.breathing import breathing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.trace import SpanContext

    from enforcer.recording.recorder import Tally


MANY: Final = 1000
"""After how many call sites to give way: that is a millisecond or two."""


class Seen:
    """Hold what is known of one call site.

    Attributes:
        tally: what counts it.
        total: its uses so far.
        last_seen: when it was seen last to have more, in nanoseconds since the epoch.
        emitted: how many of its uses went out as log events.
        is_traced: whether its span went out, or was not wanted.

    """

    __slots__ = ("emitted", "is_traced", "last_seen", "tally", "total")

    def __init__(self, tally: "Tally") -> None:
        """Begin with nothing emitted."""
        self.tally = tally
        self.total = 0
        self.last_seen = tally.first_seen
        self.emitted = 0
        self.is_traced = False

    def use(self) -> Use:
        """Give the uses that were not emitted; there may be none."""
        return self._use(self.total - self.emitted)

    def all_uses(self) -> Use:
        """Give the uses so far."""
        return self._use(self.total)

    def _use(self, count: int) -> Use:
        tally = self.tally
        return Use(
            tally.rule,
            stage=tally.rule.stage,
            outcome=tally.outcome,
            site=tally.site,
            count=count,
            first_seen=tally.first_seen,
            last_seen=self.last_seen,
        )


class Ledger:
    """Hold what is known of every call site of this process.

    Attributes:
        changes: how often a call site was found to have more uses than before.
        parents: the spans that first uses were in, as long as they are needed.

    """

    def __init__(self, totals: "Callable[[], Iterable[tuple[Tally, int]]]") -> None:
        """Take what gives every tally with its uses so far; new ones come last."""
        self._totals = totals
        self._seen: list[Seen] = []
        self.changes = 0
        self.parents: dict[Seen, SpanContext] = {}

    def look(self) -> list[Seen]:
        """Look at every tally, and give those that are new."""
        now = time_ns()
        known = len(self._seen)
        for index, (tally, total) in enumerate(breathing(self._totals(), MANY)):
            if index == len(self._seen):
                self._seen.append(Seen(tally))
            seen = self._seen[index]
            if total != seen.total:
                self.changes += 1
                seen.total = total
                seen.last_seen = max(now, tally.first_seen)
        return self._seen[known:]

    def __iter__(self) -> "Iterator[Seen]":
        """Go through all that were looked at."""
        return iter(self._seen)

    def unemitted(self) -> list[Seen]:
        """Give those with uses that were not emitted."""
        return [seen for seen in self._seen if seen.total > seen.emitted]

    def untraced(self) -> list[Seen]:
        """Give those whose span was not emitted."""
        return [seen for seen in self._seen if not seen.is_traced and seen.total]
