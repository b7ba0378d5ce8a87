"""The report's data: rules, call sites and notices, with their totals."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from enforcer.recording.recorder import OVERFLOW
from enforcer.recording.use import BLOCKED, WOULD_BLOCK
from enforcer.report.hosts import words
from enforcer.report.rule_services import RuleService
from enforcer.store.sqlite.watch import Watching
from enforcer.verdict.standing import Standing


@dataclass(slots=True)  # a frozen one takes five times as long to make
class SiteReport:
    """Uses of a rule by one call site, over all processes.

    Attributes:
        path: the legacy path that it reached.
        file: the caller's file; relative to the root for own code.
        line: the caller's line; 0 where there is none.
        function: the caller's function, ``<module>`` at top level.
        module: the caller's module.
        mechanism: how it imported: a mechanism of ``enforcer.recording.use``.
        names: the names that it asked for.
        via: ``file:line`` of the framework that did the import for it, or empty.
        relation: ``own`` or ``third_party``.
        distribution: the caller's installed distribution, or empty.
        outcomes: how often it got which outcome.
        uses: how often it used the rule.
        first_seen: the first use, in nanoseconds since the epoch.
        last_seen: the last use, in nanoseconds since the epoch.
        owners: the owners of the file; none if that was not asked for, see ``ownership``.

    """

    path: str
    file: str
    line: int
    function: str
    module: str
    mechanism: str
    names: tuple[str, ...]
    via: str
    relation: str
    distribution: str
    outcomes: Mapping[str, int]
    uses: int
    first_seen: int
    last_seen: int
    owners: tuple[str, ...] = ()

    @property
    def blocked(self) -> int:
        """Return how many uses were refused."""
        return self.outcomes.get(BLOCKED, 0)

    @property
    def would_be_blocked(self) -> int:
        """Return how many uses a dry run allowed that would have been refused."""
        return self.outcomes.get(WOULD_BLOCK, 0)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """A rule with its uses.

    Attributes:
        legacy: the legacy path as written in the map.
        kind: ``module``, ``tree`` or ``name``.
        canonical: the canonical path as written in the map.
        stage: the stage in the newest process that watched it.
        reason: why it moved.
        since: ISO date since when it is deprecated, or empty.
        remove_after: ISO date after which it may be deleted, or empty.
        removal: the version that deletes it, or empty.
        owner: who owns the migration, or empty.
        link: where to read more, or empty.
        call_sites: the call sites, most uses first.
        probes: how often its existence was probed; those are no uses.
        stages: every stage that it had in any process, the mildest first.
        hosts: on how many hosts it has which stage, the mildest first.
        services: the services that used it, and those that watched it.

    """

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
    call_sites: tuple[SiteReport, ...] = ()
    probes: int = 0
    stages: tuple[str, ...] = ()
    hosts: Mapping[str, int] = field(default_factory=dict)
    services: tuple[RuleService, ...] = ()
    uses: int = field(init=False)
    first_seen: int | None = field(init=False)
    last_seen: int | None = field(init=False)

    @property
    def shown_stage(self) -> str:
        """The stage on each host, or the stage, and those that it had in other processes."""
        if len(self.hosts) > 1:
            return words(self.hosts)
        others = [stage for stage in self.stages if stage != self.stage]
        return f"{self.stage} (elsewhere {', '.join(others)})" if others else self.stage

    @property
    def unwatched(self) -> tuple[RuleService, ...]:
        """The services with processes whose map lacks the rule: their silence is no evidence."""
        return tuple(service for service in self.services if service.unwatched)

    def __post_init__(self) -> None:
        """Compute the totals of the call sites."""
        sites = self.call_sites
        first = min((site.first_seen for site in sites), default=None)
        last = max((site.last_seen for site in sites), default=None)
        object.__setattr__(self, "uses", sum(site.uses for site in sites))
        object.__setattr__(self, "first_seen", first)
        object.__setattr__(self, "last_seen", last)


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """A notice, and how many processes reported it.

    Attributes:
        kind: ``late``, ``implementation``, ``fallback``, ``missing`` or ``blind``, or
            ``damaged``, which concerns the store.
        subject: the path that it is about.
        text: one sentence or two.
        processes: how many processes reported it.

    """

    kind: str
    subject: str
    text: str
    processes: int


@dataclass(frozen=True, slots=True)
class Report:
    """The report.

    Attributes:
        rules: every rule that was watched or used, most uses first.
        dropped: how many uses were lost before they could be written.
        processes: how many processes recorded.
        notices: their notices.
        watching: who watched, from when till when, and what may be missing.
        owner: the owner whose call sites alone are in it; empty for all.
        standings: how each rule stands, by the whole store; none in the report of a run.

    """

    rules: tuple[RuleReport, ...]
    dropped: int
    processes: int
    notices: tuple[NoticeReport, ...] = ()
    watching: Watching = field(default_factory=Watching)
    owner: str = ""
    standings: tuple[Standing, ...] = ()

    @property
    def uses_elsewhere(self) -> int:
        """Return the uses by call sites beyond the limit of call sites per process."""
        sites = (site for rule in self.rules for site in rule.call_sites)
        return sum(site.uses for site in sites if site.file == OVERFLOW)

    @property
    def uses(self) -> int:
        """Return the number of uses of all rules."""
        return sum(rule.uses for rule in self.rules)

    @property
    def call_sites(self) -> int:
        """Return the number of call sites of all rules."""
        return sum(len(rule.call_sites) for rule in self.rules)
