"""Count uses per call site.

A :class:`Tally` counts one call site. It may have several readers: one collects differences, the
others read totals and remember what they saw.
"""

import _thread
from time import time_ns

from enforcer.recording import unseen_forks
from enforcer.recording.counter import Uses
from enforcer.recording.use import PROBE, CallSite, Use
from enforcer.rules.environment import LIMIT_KEY, number
from enforcer.rules.model import TREE_SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context

    from enforcer.rules.model import Rule

OVERFLOW = "<other call sites>"
"""The file of the row for uses of call sites beyond the limit."""

DEFAULT_LIMIT = 10_000

_AT_ONCE = 1000
_MOST_LIMIT = 1 << 53  # floats are exact up to here
_CONTEXT_LIVES = 60_000_000_000  # nanoseconds


def limit_from_environment() -> int:
    """Return how many call sites a process tells apart."""
    # Comparisons with NaN are false, so max() in this order returns 0 for it.
    return int(min(max(0, number(LIMIT_KEY, DEFAULT_LIMIT)), _MOST_LIMIT))


class Tally:
    """Counts the uses of one rule at one call site.

    Attributes:
        rule: the rule that the uses fall under.
        outcome: what the caller got.
        site: the call site.
        first_seen: time of the first use, in nanoseconds since the epoch.
        context: the context of the first use, until a reader has used it, for a minute at most;
            or None.

    """

    __slots__ = ("_taken", "_uses", "context", "first_seen", "outcome", "rule", "site")

    def __init__(self, rule: "Rule", outcome: str, site: CallSite) -> None:
        self.rule = rule
        self.outcome = outcome
        self.site = site
        self._uses = Uses()
        self.first_seen = time_ns()
        self.context: Context | None = None
        self._taken = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and (
            (self.site, self.outcome, self.rule.legacy)
            == (other.site, other.outcome, other.rule.legacy)
        )

    def __hash__(self) -> int:
        return hash(self.site)

    def counter(self) -> "Iterator[int]":
        """Return an iterator that counts a use when it is advanced; for the calling thread."""
        return self._uses.counter()

    def count(self) -> None:
        """Count one use."""
        next(self._uses.counter())

    def total(self) -> int:
        """Return the number of uses; only one thread may read at a time."""
        return self._uses.total()

    def pending(self) -> int:
        """Count the uses since the last take."""
        return self.total() - self._taken

    def take(self, now: int) -> Use | None:
        """Return the uses since the last take, or None; one thread at a time."""
        if self.context is not None and now - self.first_seen > _CONTEXT_LIVES:
            self.context = None  # not read in time; it may keep large objects alive
        total = self.total()
        taken = total - self._taken
        self._taken = total
        return self.use(taken, now) if taken else None

    def use(self, count: int, now: int) -> Use:
        """Return some of its uses, as they are written and shown.

        Args:
            count: how many.
            now: the time of the last one, in nanoseconds since the epoch.

        """
        return Use(
            self.rule,
            stage=self.rule.stage,
            outcome=self.outcome,
            site=self.site,
            count=count,
            first_seen=self.first_seen,
            last_seen=max(now, self.first_seen),
        )


class Recorder:
    """The tallies of this process; readers collect their differences.

    Attributes:
        limit: how many call sites are told apart; the rest share one row per rule.
        on_new_site: called without arguments after each new call site; must be cheap.
        context: called at each new call site; returns the context to keep with it, or None.

    """

    __slots__ = (
        "_lock",
        "_lost",
        "_tallies",
        "context",
        "limit",
        "on_new_site",
    )

    def __init__(self, limit: int | None = None) -> None:
        """Create an empty recorder.

        Args:
            limit: how many call sites are told apart; the rest share one row per rule. None
                leaves it to the environment.

        """
        self.limit = limit_from_environment() if limit is None else limit
        self.on_new_site: Callable[[], object] = int
        self.context: Callable[[], Context | None] = type(None)
        self._lost = 0
        self._tallies: dict[Tally, Tally] = {}  # tallies are their own keys, to save memory
        self._lock = _thread.allocate_lock()

    def tally(self, rule: "Rule", outcome: str, site: CallSite) -> Tally:
        """Return the tally of a call site; create it at the first call."""
        unseen_forks.notice()
        tally = Tally(rule, outcome, site)
        found = self._tallies.get(tally)
        if found is not None:
            return found
        if len(self._tallies) >= self.limit and site.file != OVERFLOW:
            return self.tally(rule, outcome, _overflow(rule, site))
        tally.context = self.context()
        # setdefault is atomic: two threads that get here at once get the same tally.
        tally = self._tallies.setdefault(tally, tally)
        self.on_new_site()
        return tally

    @property
    def is_empty(self) -> bool:
        """Whether there was no use yet, and none was lost."""
        return not self._tallies and not self._lost

    def collect(self) -> tuple[list[Use], int]:
        """Return the uses since the last call, and how many were lost.

        Call it from one thread at a time, never from an importing one.
        """
        unseen_forks.notice()
        with self._lock:
            now = time_ns()
            taken = (tally.take(now) for tally in list(self._tallies.values()))
            uses = [use for use in taken if use is not None]
            lost, self._lost = self._lost, 0
            return uses, lost

    def totals(self) -> "Iterator[tuple[Tally, int]]":
        """Yield every tally with its uses so far, the oldest first.

        It does not affect :meth:`collect`. Don't call it from an importing thread.
        """
        tallies = list(self._tallies.values())
        for start in range(0, len(tallies), _AT_ONCE):
            with self._lock:
                part = [(tally, tally.total()) for tally in tallies[start : start + _AT_ONCE]]
            yield from part

    def reset(self, lost: int = 0) -> None:
        """Forget everything: a forked child starts from zero.

        Args:
            lost: how many uses the child may have made that can't be told from its parent's.

        """
        self._lost = lost
        self._tallies = {}
        # The old lock may be locked by a thread that does not exist in the child.
        self._lock = _thread.allocate_lock()

    def pending(self) -> int:
        """Count the uses that were not collected; in a child, including its parent's."""
        return sum(tally.pending() for tally in list(self._tallies.values()))


def _overflow(rule: "Rule", site: CallSite) -> CallSite:
    return CallSite(
        rule.legacy.removesuffix(TREE_SUFFIX),
        file=OVERFLOW,
        line=0,
        function="",
        module="",
        mechanism=PROBE if site.mechanism == PROBE else "",
        relation=site.relation,
    )
