"""The questions that a store answers (``StoreReader``), and the row types of the answers.

The same for every engine. Every time is in nanoseconds since the epoch, in UTC. Probes are never
among uses. No engine is loaded here: see :func:`enforcer.store.readers.open_reader`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

from enforcer.findings import RecordedScan
from enforcer.store.sqlite.watch import Watching

HOUR: Final = 3_600_000_000_000
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
MONDAY: Final = 4 * DAY
"""When the first Monday after the epoch began; weeks begin on Mondays."""


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a store to read: a span of time, and filters.

    Counts are of whole hours: those that the span touches. What the processes of one deployment did
    within an hour is left out only if all of it lies outside the span. Where only days are kept of
    a time that long ago, they are whole days.

    Attributes:
        since: leave out what was last seen before this time; 0 for all.
        until: leave out what was first seen at this time or later; 0 for all.
        run: only processes of this ``enforcer run``, if not empty.
        service: only processes of this service, if not empty.
        version: only processes of this version of a service, if not empty.
        environment: only processes that run in this environment, if not empty.
        services: only processes of one of these services, if there are any; see
            :class:`enforcer.store.scoped.ScopedReader`.

    """

    since: int = 0
    until: int = 0
    run: str = ""
    service: str = ""
    version: str = ""
    environment: str = ""
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchedRule:
    """A rule as the newest process that watched it declared it."""

    legacy: str
    kind: str
    canonical: str
    stage: str
    reason: str
    since: str
    remove_after: str
    removal: str
    owner: str
    link: str


@dataclass(slots=True)  # a frozen one takes five times as long to make
class SiteUses:
    """Uses of one rule at one call site with one outcome, summed over all processes.

    Rows of probes are among these: they have that mechanism.
    """

    legacy: str
    path: str
    file: str
    line: int
    function: str
    module: str
    mechanism: str
    names: str
    via: str
    relation: str
    distribution: str
    outcome: str
    count: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class NoticeOf:
    """A notice, and how many processes reported it."""

    kind: str
    subject: str
    text: str
    processes: int


@dataclass(frozen=True, slots=True)
class RuleUses:
    """Uses of one rule, summed.

    Attributes:
        legacy: the legacy path, as the map has it.
        count: how many uses, without probes.
        probes: how many probes.
        sites: at how many call sites it was used.
        first_seen: time of the first use in the span; 0 if there were only probes.
        last_seen: time of the last use; 0 if there were only probes.

    """

    legacy: str
    count: int
    probes: int
    sites: int
    first_seen: int
    last_seen: int


@dataclass(slots=True)  # a frozen one takes five times as long to make
class UsesInTime:
    """Uses of one rule in one hour, day or week.

    Attributes:
        start: when that hour, day or week began.
        legacy: the rule's legacy path.
        count: how many uses; at least 1.

    """

    start: int
    legacy: str
    count: int


@dataclass(frozen=True, slots=True)
class SitesInTime:
    """Call sites of one rule that were active on one day.

    Attributes:
        start: when the day began.
        legacy: the rule's legacy path, or empty for the sum over all rules.
        sites: how many; at least 1.

    """

    start: int
    legacy: str
    sites: int


@dataclass(frozen=True, slots=True)
class ServiceUses:
    """Uses of one rule by one service, in one version and environment."""

    legacy: str
    service: str
    version: str
    environment: str
    count: int
    sites: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class SiteServiceUses:
    """Uses of one rule at one line by one service, in one version and environment."""

    legacy: str
    file: str
    line: int
    function: str
    service: str
    version: str
    environment: str
    count: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class ProcessWatch:
    """One process: when it watched, how it ended, and what it missed.

    Attributes:
        id: its random identifier.
        service: the service it belongs to, or empty; with its version and environment.
        host: the machine; empty if unknown.
        pid: its process id there, or 0.
        python: the version of its interpreter, or empty.
        command: its command line, or empty.
        run: its ``enforcer run``, or empty.
        map: the digest of the set of rules it watched; see :class:`WatchedMap`.
        since: when it began to watch.
        till: its last heartbeat.
        ending: ``exit``, ``disabled``, ``lost``, ``unknown``, ``vanished``, or ``running``.
        gaps: how often its heartbeat stopped for too long, and came back.
        longest_gap: the longest gap in nanoseconds.
        dropped: how many uses it lost.
        blind: its blind spots, one text each.

    """

    id: str
    service: str
    version: str
    environment: str
    host: str
    pid: int
    python: str
    command: str
    run: str
    map: str
    since: int
    till: int
    ending: str
    gaps: int
    longest_gap: int
    dropped: int
    blind: tuple[str, ...]


@dataclass(slots=True)  # a frozen one takes five times as long to make
class ProcessLife:
    """When one process watched which rules, as evidence of what was not used.

    Attributes:
        id: its random identifier.
        service: the service it belongs to, or empty; with its version and environment.
        map: the digest of the set of rules it watched; see :class:`WatchedMap`.
        spans: the times in which it watched without a long silence, the oldest first.
        written: its last heartbeat.
        ending: ``exit``, ``disabled``, ``lost``, ``unknown``, or empty if it did not end, as far as
            it wrote itself.
        silence: after how many nanoseconds without a heartbeat it must be gone.
        started: when it began to watch, as it says itself: earlier than its first span, if what it
            wrote then is gone.

    """

    id: str
    service: str
    version: str
    environment: str
    map: str
    spans: tuple[tuple[int, int], ...]
    written: int
    ending: str
    silence: int
    started: int

    @property
    def began(self) -> int:
        """When the process began to watch."""
        return self.spans[0][0] if self.spans else self.written


@dataclass(slots=True)  # a frozen one takes five times as long to make
class DeployedUses:
    """Uses of one rule at one call site by one service in one environment, of all time.

    Attributes:
        legacy: the rule's legacy path.
        path: the legacy path that was reached.
        file: the caller's file; with its line and function.
        mechanism: how it imported.
        relation: ``own`` or ``third_party``.
        distribution: the caller's installed distribution, or empty.
        outcome: what the caller got.
        service: the service, or empty; with its environment.
        count: how many uses.
        first_seen: the first of them.
        last_seen: the last of them.

    """

    legacy: str
    path: str
    file: str
    line: int
    function: str
    mechanism: str
    relation: str
    distribution: str
    outcome: str
    service: str
    environment: str
    count: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class UsePause:
    """The longest pause before a use of one rule by one caller.

    Attributes:
        legacy: the rule's legacy path.
        service: the caller's service, or empty; with its environment.
        file: the caller's file, or empty for all callers of the service.
        function: the caller's function, or empty for all callers of the service.
        days: on how many days it used the rule.
        longest: the longest pause between two of those days, in nanoseconds; 0 if it is one day.
        first_seen: its first use.
        last_seen: its last use.

    """

    legacy: str
    service: str
    environment: str
    file: str
    function: str
    days: int
    longest: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class LostUses:
    """Uses that the processes of one service lost within one hour.

    Attributes:
        service: the service, or empty; with its environment.
        hour: when the hour began.
        count: how many.

    """

    service: str
    environment: str
    hour: int
    count: int


@dataclass(frozen=True, slots=True)
class ProcessNotice:
    """A notice of one process.

    Attributes:
        process: the process's ``id``.
        service: its service, or empty; with its environment.
        kind: a kind of :class:`enforcer.recording.notice.Notice`.
        subject: the path that it is about.
        text: one sentence or two.
        written: the last heartbeat of the process, or the time of the notice if that is later.

    """

    process: str
    service: str
    environment: str
    kind: str
    subject: str
    text: str
    written: int


@dataclass(frozen=True, slots=True)
class WatchedMap:
    """One set of rules that processes of one service watched.

    Attributes:
        digest: identifies the set.
        path: where the map was for the newest of the processes, or empty.
        service: the service of the processes, with version and environment.
        processes: how many of them.
        since: when the first of them began to watch.
        till: the last heartbeat of any of them.
        stages: how many rules have which stage, by stage.
        family: equal for the sets that a ``[[stage]]`` table makes out of one map.

    """

    digest: str
    path: str
    service: str
    version: str
    environment: str
    processes: int
    since: int
    till: int
    stages: tuple[tuple[str, int], ...]
    family: str


@dataclass(frozen=True, slots=True)
class HostMap:
    """The set of rules that the newest process of a service had on a host.

    Attributes:
        service: the process's service, with the environment.
        host: the name of the host.
        digest: the set of rules, as in :class:`WatchedMap`.

    """

    service: str
    environment: str
    host: str
    digest: str


@dataclass(frozen=True, slots=True)
class Health:
    """What may be missing in a span; any of it forbids the verdict "safe".

    Attributes:
        processes: how many processes watched.
        dropped: how many uses were lost.
        vanished: how many processes ended without a last write.
        unknown: for how many processes it is unknown how they ended.
        gaps: how many processes had a gap in their heartbeat.
        blind: how many processes had a blind spot.
        set_aside: damaged stores that were set aside, and when.
        last_written: the time of the last write; 0 if there never was one.

    """

    processes: int
    dropped: int
    vanished: int
    unknown: int
    gaps: int
    blind: int
    set_aside: tuple[tuple[str, int], ...]
    last_written: int

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is missing, as far as is known."""
        missing = self.dropped or self.vanished or self.unknown or self.gaps or self.blind
        return bool(self.processes) and not missing and not self.set_aside


def bucket_start(number: int, bucket: int) -> int:
    """Return when a bucket begins, by its number: weeks are counted from the first Monday."""
    return number * bucket + (MONDAY if bucket == WEEK else 0)


class StoreReader(Protocol):
    """Reader of a store, whatever its engine; a context manager that reads one snapshot."""

    @property
    def path(self) -> str:
        """The store's name for people: a file, or an address without a password."""

    def __enter__(self) -> Self:
        """Begin to read."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the store."""

    def processes(self, span: Span) -> int:
        """Count the processes that were alive in a span."""

    def dropped(self, span: Span) -> int:
        """Count the uses that were lost in a span, exact to the hour."""

    def watching(self, span: Span) -> Watching:
        """Return the services that watched in a span, and what may be missing."""

    def set_aside(self, span: Span) -> list[tuple[str, int]]:
        """Return the damaged stores that were set aside in a span, and when."""

    def last_written(self, span: Span) -> int:
        """Return the time of the last write in a span; 0 if there was none."""

    def health(self, span: Span) -> Health:
        """Return a summary of what may be missing in a span."""

    def rules(self, span: Span) -> Iterable[WatchedRule]:
        """Return every rule that a process watched in a span."""

    def uses(self, span: Span, legacy: str = "") -> Iterable[SiteUses]:
        """Return the uses in a span, of one rule if named, one row for each outcome."""

    def rule_uses(self, span: Span) -> Iterable[RuleUses]:
        """Return the uses of each rule that has any, or has probes."""

    def uses_in_time(self, span: Span, bucket: int, legacy: str = "") -> Iterable[UsesInTime]:
        """Return the uses of each rule that has any, by the hour, day or week, oldest first.

        The first and the last bucket are whole, too. Weeks begin on Mondays.

        Args:
            span: what to read.
            bucket: :data:`HOUR`, :data:`DAY` or :data:`WEEK`.
            legacy: only this rule, if not empty.

        """

    def sites_in_time(self, span: Span) -> Iterable[SitesInTime]:
        """Return how many call sites of each rule were active on each day, oldest first."""

    def active_sites(self, span: Span, legacy: str = "") -> Iterable[SitesInTime]:
        """Return how many call sites of all rules, or of one, were active on each day."""

    def new_sites(self, span: Span) -> Iterable[SiteUses]:
        """Return the call sites that were first seen in a span, by any process ever."""

    def service_uses(self, span: Span, legacy: str = "") -> Iterable[ServiceUses]:
        """Return the uses of each rule, or of one, by service, version and environment."""

    def site_service_uses(self, span: Span, legacy: str) -> Iterable[SiteServiceUses]:
        """Return the uses of one rule by line of code, service, version and environment."""

    def maps(self, span: Span) -> Iterable[WatchedMap]:
        """Return the sets of rules that services watched, the most recent first."""

    def hosts(self, span: Span) -> Iterable[HostMap]:
        """Return the newest set of rules on each host of a service, of the last day of a span."""

    def map_rules(self, digest: str) -> Iterable[WatchedRule]:
        """Return the rules of one set."""

    def process_watches(
        self, span: Span, *, limit: int = 100, offset: int = 0
    ) -> Iterable[ProcessWatch]:
        """Return the processes that were alive in a span, the most recent first."""

    def notices(self, span: Span) -> Iterable[NoticeOf]:
        """Return the notices of processes that were alive in a span."""

    def lives(self, since: int) -> Iterable[ProcessLife]:
        """Return the lives of all processes whose last heartbeat is not before a time."""

    def deployed_uses(self) -> Iterable[DeployedUses]:
        """Return the uses of all time by call site, service and environment, without probes."""

    def pauses(self, legacies: Iterable[str]) -> Iterable[UsePause]:
        """Return the pauses of each caller of some rules, and of each service as a whole.

        A caller is a function of a file, in one service and environment: lines change.
        """

    def lost_uses(self, since: int) -> Iterable[LostUses]:
        """Return the uses that were lost in each hour since a time, by service."""

    def process_notices(self, since: int, kinds: Iterable[str]) -> Iterable[ProcessNotice]:
        """Return the notices of some kinds of processes that were alive since a time."""

    def scan(self) -> RecordedScan | None:
        """Return the newest recorded scan of the source; None if none was recorded.

        Scans are recorded in files only: a store in ClickHouse has none.
        """
