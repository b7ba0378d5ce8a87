"""Reader of a SQLite store, used while other processes write it."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from time import time_ns
from types import TracebackType
from typing import Any, Self

from enforcer.findings import RecordedScan
from enforcer.rules.rollout import family_of
from enforcer.rules.store_address import is_there
from enforcer.store.queries import (
    DAY,
    HOUR,
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
    UsePause,
    UsesInTime,
    WatchedMap,
    WatchedRule,
    bucket_start,
)
from enforcer.store.spans import bounds, fields
from enforcer.store.sqlite import evidence, statements
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.damage import stores_set_aside
from enforcer.store.sqlite.folder_lock import Hold
from enforcer.store.sqlite.losses import Loss, unwritten_losses
from enforcer.store.sqlite.opening import PATIENCE, begin_to_read, no_store, not_read, open_to_read
from enforcer.store.sqlite.scans import read_scan
from enforcer.store.sqlite.statements import PROCESSES
from enforcer.store.sqlite.watch import (
    BLIND,
    STAGES,
    ServiceWatch,
    Watching,
    blind_query,
    endings_query,
    gaps_query,
    hosts_query,
    maps_query,
    processes_query,
    services_query,
)


class Reader:
    """One SQLite store open for reading; a context manager that reads one snapshot."""

    def __init__(self, path: str) -> None:
        """Open an existing store; never create or change one.

        Raises:
            StoreError: if there is none, or it can't be read.

        """
        self.path = path
        if not is_there(path):
            raise no_store(path)
        # One "now" for all answers, as they come from one snapshot.
        self._now = time_ns()
        self._first_hour = 0
        self._hold = Hold(path)
        # The lock keeps writers from renaming a damaged store while this connection has its
        # write-ahead log open. Without the lock in time, read all the same: a reader changes
        # nothing.
        self._hold.together(Patience(PATIENCE))
        try:
            self._connection = open_to_read(path)
        except BaseException:
            self._hold.release()
            raise

    def __enter__(self) -> Self:
        """Begin one transaction, so that all answers come from one snapshot."""
        try:
            begin_to_read(self._connection, self.path)
            for (hour,) in self._rows(statements.FIRST_HOUR, Span()):
                self._first_hour = hour
        except BaseException as error:
            self._close()
            if isinstance(error, sqlite3.Error):
                raise not_read(self.path, error) from error
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._connection.close()
        self._hold.release()

    def processes(self, span: Span) -> int:
        """Count the processes that wrote in a span."""
        return int(self._rows(f"SELECT count(*) FROM ({PROCESSES})", span)[0][0])  # noqa: S608 - constants

    def dropped(self, span: Span) -> int:
        """Count the uses that were lost in a span, exact to the hour.

        The markers beside the store count too.
        """
        noted = sum(loss.count for loss in _losses(self._connection, self.path, span))
        return int(self._rows(statements.DROPPED, span)[0][0]) + noted

    def watching(self, span: Span) -> Watching:
        """Return the services that watched in a span, and what may be missing."""
        services = self._rows(services_query(PROCESSES), span)
        ((ended, running, vanished, unknown, interval),) = self._rows(
            endings_query(PROCESSES), span
        )
        ((gaps, longest_gap),) = self._rows(gaps_query(PROCESSES), span)
        ((blind,),) = self._rows(blind_query(PROCESSES), span)
        return Watching(
            tuple(ServiceWatch(*row) for row in services),
            ended=ended,
            running=running,
            vanished=vanished,
            unknown=unknown,
            interval=interval,
            gaps=gaps,
            longest_gap=longest_gap,
            blind=blind,
        )

    def set_aside(self, span: Span) -> list[tuple[str, int]]:
        """Return the damaged stores that were set aside in a span, and when.

        For a run, only those that were set aside after it began.
        """
        began = span.since
        if span.run:
            began = max(began, self.watching(span).since or 0)
        # The name of the file has the time in seconds.
        return [(file, time) for file, time in stores_set_aside(self.path) if time >= began - 10**9]

    def last_written(self, span: Span) -> int:
        """Return the time of the last write in a span; 0 if there was none."""
        return int(self._rows(statements.LAST_WRITTEN, span)[0][0])

    def health(self, span: Span) -> Health:
        """Return a summary of what may be missing in a span."""
        watching = self.watching(span)
        return Health(
            processes=self.processes(span),
            dropped=self.dropped(span),
            vanished=watching.vanished,
            unknown=watching.unknown,
            gaps=watching.gaps,
            blind=watching.blind,
            set_aside=tuple(self.set_aside(span)),
            last_written=self.last_written(span),
        )

    def rules(self, span: Span) -> Iterator[WatchedRule]:
        """Yield every rule that a process watched in a span."""
        for row in self._rows(statements.RULES, span):
            yield WatchedRule(*row[:-1])

    def uses(self, span: Span, legacy: str = "") -> Iterator[SiteUses]:
        """Yield the uses in a span; those of one deployment in one hour are summed."""
        for row in self._rows(statements.uses(span, legacy), span, legacy=legacy):
            yield SiteUses(*row)

    def runs(self) -> list[str]:
        """Return the names of all runs; an empty one comes last, for processes without a run."""
        return [run for (run,) in self._rows(statements.RUNS, Span())]

    def rule_uses(self, span: Span) -> Iterator[RuleUses]:
        """Yield the uses of each rule that has any, or has probes."""
        for row in self._rows(statements.rule_uses(span), span):
            yield RuleUses(*row)

    def uses_in_time(self, span: Span, bucket: int, legacy: str = "") -> Iterator[UsesInTime]:
        """Yield the uses of each rule that has any, by the hour, day or week.

        Those of one run are counted in the hour of each call site's last use.
        """
        query = statements.uses_in_time(span, bucket)
        for start, rule, count in self._rows(query, span, legacy=legacy):
            yield UsesInTime(bucket_start(start, bucket), rule, count)

    def sites_in_time(self, span: Span) -> Iterator[SitesInTime]:
        """Yield how many call sites of each rule were active on each day."""
        for start, rule, sites in self._rows(statements.sites_in_time(span), span):
            yield SitesInTime(start * DAY, rule, sites)

    def active_sites(self, span: Span, legacy: str = "") -> Iterator[SitesInTime]:
        """Yield how many call sites of all rules, or of one, were active on each day."""
        for start, sites in self._rows(statements.active_sites(span), span, legacy=legacy):
            yield SitesInTime(start * DAY, legacy, sites)

    def new_sites(self, span: Span) -> Iterator[SiteUses]:
        """Yield the call sites that were first seen in a span, and never before."""
        for row in self._rows(statements.new_sites(span), span):
            yield SiteUses(*row)

    def service_uses(self, span: Span, legacy: str = "") -> Iterator[ServiceUses]:
        """Yield the uses of each rule, or of one, by service, version and environment."""
        for row in self._rows(statements.service_uses(span, legacy), span, legacy=legacy):
            yield ServiceUses(*row)

    def site_service_uses(self, span: Span, legacy: str) -> Iterator[SiteServiceUses]:
        """Yield the uses of one rule by line of code, service, version and environment."""
        for row in self._rows(statements.site_service_uses(span, legacy), span, legacy=legacy):
            yield SiteServiceUses(*row)

    def maps(self, span: Span) -> Iterator[WatchedMap]:
        """Yield the sets of rules that services watched, the most recent first."""
        stages: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        for key, stage, count in self._rows(STAGES, span):
            stages[key].append((stage, count))
        for row in self._rows(maps_query(PROCESSES), span):
            yield WatchedMap(*[*row[:-1], tuple(stages[row[-1]]), family_of(row[0])])

    def hosts(self, span: Span) -> Iterator[HostMap]:
        """Yield the newest set of rules on each host of a service, of the last day of a span."""
        for row in self._rows(hosts_query(PROCESSES), span):
            yield HostMap(*row[:-1])

    def map_rules(self, digest: str) -> Iterator[WatchedRule]:
        """Yield the rules of one set."""
        for row in self._rows(statements.MAP_RULES, Span(), digest=digest):
            yield WatchedRule(*row)

    def process_watches(
        self, span: Span, *, limit: int = 100, offset: int = 0
    ) -> Iterator[ProcessWatch]:
        """Yield the processes that were alive in a span, the most recent first."""
        query = processes_query(PROCESSES)
        rows = self._rows(query, span, limit=limit, offset=offset)
        for row in rows:
            blind = self._rows(BLIND, span, process=row[-1])
            yield ProcessWatch(*[*row[:-1], tuple(text for (text,) in blind)])

    def notices(self, span: Span) -> Iterator[NoticeOf]:
        """Yield the notices of processes that wrote in a span."""
        for row in self._rows(statements.NOTICES, span):
            yield NoticeOf(*row)

    def lives(self, since: int) -> Iterator[ProcessLife]:
        """Yield the lives of all processes whose last heartbeat is not before a time."""
        span = Span(since=since)
        spans: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for process, began, till in self._rows(evidence.SPANS, span):
            spans[process].append((began, till))
        for row in self._rows(evidence.LIVES, span):
            key, process, service, version, environment, digest, *rest = row
            identity = process, service, version, environment, digest
            yield ProcessLife(*identity, tuple(spans[key]), *rest)

    def deployed_uses(self) -> Iterator[DeployedUses]:
        """Yield the uses of all time by call site, service and environment, without probes."""
        for row in self._rows(evidence.USES, Span()):
            yield DeployedUses(*row)

    def pauses(self, legacies: Iterable[str]) -> Iterator[UsePause]:
        """Yield the pauses of each caller of some rules, and of each service as a whole."""
        named = json.dumps(list(legacies))
        for query in (evidence.PAUSES_OF_SERVICES, evidence.PAUSES_OF_CALLERS):
            for row in self._rows(query, Span(), legacies=named):
                yield UsePause(*row)

    def lost_uses(self, since: int) -> Iterator[LostUses]:
        """Yield the uses that were lost in each hour since a time, by service.

        The markers beside the store count too: they name no service.
        """
        span = Span(since=since)
        for row in self._rows(evidence.LOST, span):
            yield LostUses(*row)
        for loss in _losses(self._connection, self.path, span):
            yield LostUses("", "", loss.time // HOUR * HOUR, loss.count)

    def process_notices(self, since: int, kinds: Iterable[str]) -> Iterator[ProcessNotice]:
        """Yield the notices of some kinds of processes that were alive since a time."""
        named = json.dumps(list(kinds))
        for row in self._rows(evidence.NOTICES, Span(since=since), kinds=named):
            yield ProcessNotice(*row)

    def scan(self) -> RecordedScan | None:
        """Return the newest recorded scan of the source; None if none was recorded."""
        try:
            return read_scan(self._connection)
        except sqlite3.Error as error:
            self._connection.close()
            raise not_read(self.path, error) from error

    def _rows(self, query: str, span: Span, **values: object) -> list[tuple[Any, ...]]:
        values |= {**fields(span), **bounds(span, self._first_hour), "now": self._now}
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._connection.close()
            raise not_read(self.path, error) from error


def _losses(connection: sqlite3.Connection, path: str, span: Span) -> Iterator[Loss]:
    for loss in unwritten_losses(connection, path):
        is_within = loss.time >= span.since and not 0 < span.until <= loss.time
        if is_within and span.run in ("", loss.run):
            yield loss
