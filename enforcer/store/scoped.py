"""Reader of a part of a store: what the processes of some services recorded.

Where several teams share a fleet's store, each may read its own services only. Every answer is
narrowed here, so that no page, endpoint or cache can forget to. What belongs to no service stays:
the scan of the source, damaged stores that were set aside, and losses whose service is not known.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Protocol, Self, TypeVar

from enforcer.findings import RecordedScan
from enforcer.store.queries import (
    DeployedUses,
    Health,
    HostMap,
    LostUses,
    NoticeOf,
    ProcessLife,
    ProcessNotice,
    ProcessWatch,
    RuleUses,
    ServiceUses,
    SiteServiceUses,
    SitesInTime,
    SiteUses,
    Span,
    StoreReader,
    UsePause,
    UsesInTime,
    WatchedMap,
    WatchedRule,
)
from enforcer.store.sqlite.watch import Watching


class _OfService(Protocol):
    @property
    def service(self) -> str: ...


T = TypeVar("T", bound=_OfService)


class ScopedReader:
    """A :class:`~enforcer.store.queries.StoreReader` over another one, for some services."""

    def __init__(self, reader: StoreReader, services: frozenset[str]) -> None:
        """Wrap a reader.

        Args:
            reader: the reader of the whole store.
            services: the services that may be read, at least one.

        """
        self._reader = reader
        self._services = tuple(sorted(services))

    @property
    def path(self) -> str:
        """The store's name for people."""
        return self._reader.path

    def __enter__(self) -> Self:
        """Begin to read."""
        self._reader.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.__exit__(kind, error, traceback)

    def _within(self, span: Span) -> Span:
        return replace(span, services=self._services)

    def _own(self, rows: Iterable[T]) -> Iterator[T]:
        return (row for row in rows if row.service in self._services)

    def processes(self, span: Span) -> int:
        """Count the processes that were alive in a span."""
        return self._reader.processes(self._within(span))

    def dropped(self, span: Span) -> int:
        """Count the uses that were lost in a span."""
        return self._reader.dropped(self._within(span))

    def watching(self, span: Span) -> Watching:
        """Return the services that watched in a span, and what may be missing."""
        return self._reader.watching(self._within(span))

    def set_aside(self, span: Span) -> list[tuple[str, int]]:
        """Return the damaged stores that were set aside in a span, and when."""
        return self._reader.set_aside(self._within(span))

    def last_written(self, span: Span) -> int:
        """Return the time of the last write in a span; 0 if there was none."""
        return self._reader.last_written(self._within(span))

    def health(self, span: Span) -> Health:
        """Return a summary of what may be missing in a span."""
        return self._reader.health(self._within(span))

    def rules(self, span: Span) -> Iterable[WatchedRule]:
        """Return every rule that a process watched in a span."""
        return self._reader.rules(self._within(span))

    def uses(self, span: Span, legacy: str = "") -> Iterable[SiteUses]:
        """Return the uses in a span, of one rule if named."""
        return self._reader.uses(self._within(span), legacy)

    def rule_uses(self, span: Span) -> Iterable[RuleUses]:
        """Return the uses of each rule that has any, or has probes."""
        return self._reader.rule_uses(self._within(span))

    def uses_in_time(self, span: Span, bucket: int, legacy: str = "") -> Iterable[UsesInTime]:
        """Return the uses of each rule that has any, by the hour, day or week."""
        return self._reader.uses_in_time(self._within(span), bucket, legacy)

    def sites_in_time(self, span: Span) -> Iterable[SitesInTime]:
        """Return how many call sites of each rule were active on each day."""
        return self._reader.sites_in_time(self._within(span))

    def active_sites(self, span: Span, legacy: str = "") -> Iterable[SitesInTime]:
        """Return how many call sites of all rules, or of one, were active on each day."""
        return self._reader.active_sites(self._within(span), legacy)

    def new_sites(self, span: Span) -> Iterable[SiteUses]:
        """Return the call sites that were first seen in a span."""
        return self._reader.new_sites(self._within(span))

    def service_uses(self, span: Span, legacy: str = "") -> Iterable[ServiceUses]:
        """Return the uses of each rule, or of one, by service, version and environment."""
        return self._reader.service_uses(self._within(span), legacy)

    def site_service_uses(self, span: Span, legacy: str) -> Iterable[SiteServiceUses]:
        """Return the uses of one rule by line of code, service, version and environment."""
        return self._reader.site_service_uses(self._within(span), legacy)

    def maps(self, span: Span) -> Iterable[WatchedMap]:
        """Return the sets of rules that services watched, the most recent first."""
        return self._reader.maps(self._within(span))

    def hosts(self, span: Span) -> Iterable[HostMap]:
        """Return the newest set of rules on each host of a service."""
        return self._reader.hosts(self._within(span))

    def map_rules(self, digest: str) -> Iterable[WatchedRule]:
        """Return the rules of one set, if a service of these watched it."""
        return self._reader.map_rules(digest) if digest in self._digests else ()

    @cached_property
    def _digests(self) -> frozenset[str]:
        return frozenset(one.digest for one in self.maps(Span()))

    def process_watches(
        self, span: Span, *, limit: int = 100, offset: int = 0
    ) -> Iterable[ProcessWatch]:
        """Return the processes that were alive in a span, the most recent first."""
        return self._reader.process_watches(self._within(span), limit=limit, offset=offset)

    def notices(self, span: Span) -> Iterable[NoticeOf]:
        """Return the notices of processes that were alive in a span."""
        return self._reader.notices(self._within(span))

    def lives(self, since: int) -> Iterable[ProcessLife]:
        """Return the lives of the processes whose last heartbeat is not before a time."""
        return self._own(self._reader.lives(since))

    def deployed_uses(self) -> Iterable[DeployedUses]:
        """Return the uses of all time by call site, service and environment."""
        return self._own(self._reader.deployed_uses())

    def pauses(self, legacies: Iterable[str]) -> Iterable[UsePause]:
        """Return the pauses of each caller of some rules, and of each service as a whole."""
        return self._own(self._reader.pauses(legacies))

    def lost_uses(self, since: int) -> Iterable[LostUses]:
        """Return the uses that were lost in each hour since a time."""
        found = self._reader.lost_uses(since)
        return (one for one in found if not one.service or one.service in self._services)

    def process_notices(self, since: int, kinds: Iterable[str]) -> Iterable[ProcessNotice]:
        """Return the notices of some kinds of processes that were alive since a time."""
        return self._own(self._reader.process_notices(since, kinds))

    def scan(self) -> RecordedScan | None:
        """Return the newest recorded scan of the source."""
        return self._reader.scan()
