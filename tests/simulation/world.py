"""The simulated world: services, processes, callers, and what really happened in them.

Plain data, written by the generator. Nothing here, or in what fills it, knows how a verdict is
reached. Every time is in nanoseconds since the epoch, by a clock that is right.
"""

from dataclasses import dataclass, field
from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

BEGIN: Final = 20_458 * DAY  # 2026-01-05
"""When the enforcer is first deployed."""
DAYS: Final = 120
END: Final = BEGIN + DAYS * DAY
FUTURE: Final = BEGIN + 2 * DAYS * DAY
"""The end of the truth: real uses are known beyond the last question."""
NEVER: Final = FUTURE + 1000 * DAY

PRODUCTION: Final = "production"
QUIET: Final = 30 * DAY

# Where a caller is written, and so which evidence there can be of it before it runs.
STATIC: Final = "static"
DYNAMIC: Final = "dynamic"
INSTALLED: Final = "installed"

# How a process ends.
EXITED: Final = "exited"
KILLED: Final = "killed"

Span = tuple[int, int]


@dataclass(slots=True)
class Service:
    """One program of the fleet.

    Attributes:
        name: its name.
        replicas: how many of its processes run at once; 0 for a job, which starts by itself.
        cadence: the days between two of its deploys.
        environment: where it runs, as its processes say it.
        every: the period of a job, or 0.
        is_declared: whether the map has the job's period.
        has_version: whether its processes say which version they are.

    """

    name: str
    replicas: int
    cadence: float
    environment: str = PRODUCTION
    every: int = 0
    is_declared: bool = True
    has_version: bool = True


@dataclass(slots=True)
class Life:
    """The life of one process.

    Attributes:
        service: its service.
        host: where it runs.
        built: the time of the commit that it was built from.
        started: when it began.
        ended: when it ended; maybe after the last question.
        ending: how.
        is_enabled: whether the enforcer is enabled in it.
        is_blind: whether its enforcer can't see uses, and says so.
        unreachable: spans in which it can't write into the store.
        offsets: by how much its clock is wrong, from when on.

    """

    service: Service
    host: str
    built: int
    started: int
    ended: int
    ending: str = EXITED
    is_enabled: bool = True
    is_blind: bool = False
    unreachable: list[Span] = field(default_factory=list)
    offsets: list[tuple[int, int]] = field(default_factory=list)

    def clock(self, time: int) -> int:
        """Return what this process's clock shows at a time."""
        offset = 0
        for since, wrong_by in self.offsets:
            if since <= time:
                offset = wrong_by
        return time + offset

    def reaches_store(self, time: int) -> bool:
        """Return whether it can write at a time."""
        return not any(since <= time < until for since, until in self.unreachable)


@dataclass(slots=True)
class Caller:
    """A place in code, configuration or data that uses a legacy path.

    Attributes:
        rule: the number of the rule.
        service: the name of the service that runs it.
        kind: where it is written.
        since: when it was merged, or configured.
        until: when it was removed; :data:`NEVER` if it stays.
        at_start: whether each process uses it as it starts.
        rate: how often a process uses it in a day.
        times: when it runs, for one that comes by a schedule or once.
        period: the period of its schedule, or 0.
        is_declared: whether the map has that period.

    """

    rule: int
    service: str
    kind: str
    since: int = 0
    until: int = NEVER
    at_start: bool = False
    rate: float = 0.0
    times: tuple[int, ...] = ()
    period: int = 0
    is_declared: bool = False

    def runs_in(self, life: Life, time: int) -> bool:
        """Return whether a process has this caller at a time."""
        if self.service != life.service.name:
            return False
        # Configuration and data change in running processes, code with the next deploy.
        by = time if self.kind == DYNAMIC else life.built
        return self.since <= by < self.until


@dataclass(slots=True)
class RealUse:
    """Uses of one caller by one process at one moment.

    Attributes:
        time: when.
        life: the number of the process, or -1 beyond the last question.
        caller: the number of the caller.
        count: how many.

    """

    time: int
    life: int
    caller: int
    count: int = 1


@dataclass(slots=True)
class Block:
    """A span for which nobody can honestly know what a service did, and why."""

    kind: str
    since: int
    until: int


@dataclass(slots=True)
class World:
    """A whole seed.

    Attributes:
        seed: its number.
        releases: when all services are deployed from one commit; empty where each service is
            deployed by itself, and says a version that is no commit.
        faults: the kinds of faults in it.
        services: by name.
        lives: the processes, in the order of their start.
        rules: for each rule, when it was added to the map.
        stories: for each rule, what it is about, for people.
        callers: all callers.
        uses: what really happened, in the order of time.
        blocks: what nobody can know.
        scans: when the source was scanned and recorded.
        store_deleted: when the store was deleted, or 0.
        expected: the services that the map expects.
        asks: when the verdict is asked for.

    """

    seed: int
    releases: list[int] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)
    services: dict[str, Service] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    rules: list[int] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    uses: list[RealUse] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    scans: list[int] = field(default_factory=list)
    store_deleted: int = 0
    expected: tuple[str, ...] = ()
    asks: list[int] = field(default_factory=list)

    def production_uses(self, rule: int) -> list[RealUse]:
        """Return the real uses of a rule in production, in the order of time."""
        return [
            use
            for use in self.uses
            if (caller := self.callers[use.caller]).rule == rule
            and self.services[caller.service].environment in {PRODUCTION, ""}
        ]

    def deployed(self, caller: Caller) -> int:
        """Return when the first process began to run with a caller."""
        if caller.kind == DYNAMIC or caller.since <= BEGIN:
            return caller.since
        starts = (
            life.started
            for life in self.lives
            if life.service.name == caller.service and life.built >= caller.since
        )
        return min(starts, default=NEVER)

    def history(self, time: int) -> int:
        """Return for how long the store has watched at a time."""
        is_new = 0 < self.store_deleted <= time
        return time - (self.store_deleted if is_new else BEGIN)

    @staticmethod
    def day(time: int) -> float:
        """Return a time in days since the enforcer was deployed."""
        return (time - BEGIN) / DAY
