"""Reader of a fleet's store in ClickHouse.

What telemetry does not carry stays empty: the reason, the owner, the link and the first day of a
rule, and the ``enforcer run`` of a process.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import time_ns
from types import TracebackType
from typing import Any, Final, Self

from enforcer.recording.process import INTERVAL
from enforcer.rules.model import TREE_SUFFIX
from enforcer.rules.values import is_date
from enforcer.store import StoreError
from enforcer.store.clickhouse import evidence, presence, statements
from enforcer.store.clickhouse.connection import ask, connect, parse
from enforcer.store.clickhouse.schema import VERSION
from enforcer.store.clickhouse.setup import collector_tables, version
from enforcer.store.clickhouse.sources import Sources
from enforcer.store.queries import (
    DAY,
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
from enforcer.store.sqlite.watch import ServiceWatch, Watching

_SECOND: Final = 1_000_000_000

Rows = Sequence[Sequence[Any]]


class ClickHouseReader:
    """One connection to a database that a collector writes; a context manager."""

    def __init__(self, url: str) -> None:
        """Connect; never create or change anything.

        The roll-ups are read if ``enforcer store init`` created them.

        Raises:
            StoreError: if there is no answer, or no collector wrote to the database.

        """
        self._address = parse(url)
        self.path = str(self._address)
        # One moment for all questions of this reader, so that its answers agree.
        self._now = time_ns()
        # Two exports that may be missing, and the interval of the process itself.
        self._limit = int((2 * self._address.interval + INTERVAL) * _SECOND)
        self._client = connect(self._address)
        try:
            # Whoever asked for this reader gets none that could be closed.
            self._sources = self._choose_sources()
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def is_rolled_up(self) -> bool:
        """Return whether answers come from the roll-ups."""
        return bool(self._sources.days)

    def processes(self, span: Span) -> int:
        """Count the processes that were alive in a span."""
        return int(self._ask(presence.count, span)[0][0])

    def dropped(self, span: Span) -> int:
        """Count the uses that were lost in a span, exact to the hour."""
        return sum(self._dropped(span).values())

    def watching(self, span: Span) -> Watching:
        """Return the services that watched in a span, and what may be missing."""
        endings = Counter(
            {ending: int(count) for ending, count in self._ask(presence.endings, span)}
        )
        ((gaps, longest_gap),) = self._ask(presence.gaps, span)
        vanished = endings["vanished"]
        return Watching(
            tuple(ServiceWatch(*row) for row in self._ask(presence.services, span)),
            ended=sum(endings[ending] for ending in ("exit", "disabled", "lost")),
            running=endings["running"],
            vanished=vanished,
            unknown=endings["unknown"],
            interval=int(self._address.interval * _SECOND) if vanished else 0,
            gaps=gaps,
            longest_gap=longest_gap,
            blind=len(self._ask(presence.blind, span)),
        )

    def set_aside(self, span: Span) -> list[tuple[str, int]]:
        """Return nothing: ClickHouse looks after its own files."""
        del span
        return []

    def last_written(self, span: Span) -> int:
        """Return the last heartbeat of the processes of a span; 0 if there was none."""
        return int(self._ask(presence.count, span)[0][1])

    def health(self, span: Span) -> Health:
        """Return a summary of what may be missing in a span."""
        watching = self.watching(span)
        return Health(
            processes=sum(service.processes for service in watching.services),
            dropped=self.dropped(span),
            vanished=watching.vanished,
            unknown=watching.unknown,
            gaps=watching.gaps,
            blind=watching.blind,
            set_aside=(),
            last_written=watching.till or 0,
        )

    def rules(self, span: Span) -> Iterator[WatchedRule]:
        """Return every rule that a process watched in a span."""
        return map(_rule, self._ask(presence.rules, span))

    def uses(self, span: Span, legacy: str = "") -> Iterator[SiteUses]:
        """Yield the uses in a span; those of one deployment in one hour are summed."""
        for row in self._ask(statements.uses, span, span, legacy=legacy):
            yield SiteUses(*row)

    def rule_uses(self, span: Span) -> Iterator[RuleUses]:
        """Yield the uses of each rule that has any, or has probes."""
        for row in self._ask(statements.rule_uses, span, span):
            yield RuleUses(*row)

    def uses_in_time(self, span: Span, bucket: int, legacy: str = "") -> Iterator[UsesInTime]:
        """Yield the uses of each rule that has any, by the hour, day or week."""
        for start, rule, count in self._ask(statements.uses_in_time, span, bucket, legacy=legacy):
            yield UsesInTime(bucket_start(start, bucket), rule, count)

    def sites_in_time(self, span: Span) -> Iterator[SitesInTime]:
        """Yield how many call sites of each rule were active on each day."""
        for start, rule, sites in self._ask(statements.sites_in_time, span):
            yield SitesInTime(start * DAY, rule, sites)

    def active_sites(self, span: Span, legacy: str = "") -> Iterator[SitesInTime]:
        """Yield how many call sites of all rules, or of one, were active on each day."""
        for start, sites in self._ask(statements.active_sites, span, legacy=legacy):
            yield SitesInTime(start * DAY, legacy, sites)

    def new_sites(self, span: Span) -> Iterator[SiteUses]:
        """Yield the call sites that were first seen in a span, and never before."""
        for row in self._ask(statements.new_sites, span):
            yield SiteUses(*row)

    def service_uses(self, span: Span, legacy: str = "") -> Iterator[ServiceUses]:
        """Yield the uses of each rule, or of one, by service, version and environment."""
        for row in self._ask(statements.service_uses, span, span, legacy=legacy):
            yield ServiceUses(*row)

    def site_service_uses(self, span: Span, legacy: str) -> Iterator[SiteServiceUses]:
        """Yield the uses of one rule by line of code, service, version and environment."""
        for row in self._ask(statements.site_service_uses, span, span, legacy=legacy):
            yield SiteServiceUses(*row)

    def maps(self, span: Span) -> Iterator[WatchedMap]:
        """Yield the sets of rules that services watched, the most recent first."""
        for *described, stages, family in self._ask(presence.maps, span):
            yield WatchedMap(*[*described, tuple(sorted(Counter(stages).items())), family])

    def hosts(self, span: Span) -> Iterator[HostMap]:
        """Yield the newest set of rules on each host of a service, of the last day of a span."""
        for row in self._ask(presence.hosts, span):
            yield HostMap(*row)

    def map_rules(self, digest: str) -> Iterator[WatchedRule]:
        """Return the rules of one set."""
        return map(_rule, self._ask(presence.map_rules, Span(), digest=digest))

    def process_watches(
        self, span: Span, *, limit: int = 100, offset: int = 0
    ) -> Iterator[ProcessWatch]:
        """Yield the processes that were alive in a span, the most recent first."""
        lost = self._dropped(span)
        blind = {process: texts for process, texts in self._ask(presence.blind, span)}  # noqa: C416 - rows are no pairs to mypy
        for row in self._ask(presence.watches, span, rows=limit, offset=offset):
            process = row[0]
            yield ProcessWatch(*[*row, lost.get(process, 0), tuple(blind.get(process, ()))])

    def notices(self, span: Span) -> Iterator[NoticeOf]:
        """Yield the notices of processes that were alive in a span."""
        for row in self._ask(presence.notices, span):
            yield NoticeOf(*row)

    def lives(self, since: int) -> Iterator[ProcessLife]:
        """Yield the lives of all processes whose last heartbeat is not before a time."""
        silences: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for process, before, after in self._ask(evidence.silences, Span(since=since)):
            silences[process].append((before, after))
        for row in self._ask(evidence.lives, Span(since=since)):
            process, service, version, environment, digest, began, written, ending = row
            # A silence is a hole between two spans: its edges, between the first and the last
            # heartbeat, pair up to spans.
            edges = [began, *(edge for silence in silences[process] for edge in silence), written]
            spans = tuple(zip(edges[::2], edges[1::2], strict=True))
            identity = process, service, version, environment, digest
            yield ProcessLife(*identity, spans, written, ending, self._limit, began)

    def deployed_uses(self) -> Iterator[DeployedUses]:
        """Yield the uses of all time by call site, service and environment, without probes."""
        for row in self._ask(evidence.uses, Span()):
            yield DeployedUses(*row)

    def pauses(self, legacies: Iterable[str]) -> Iterator[UsePause]:
        """Yield the pauses of each caller of some rules, and of each service as a whole."""
        # One parameter, however many rules there are.
        named = json.dumps(list(legacies))
        for by_service in (True, False):
            question = partial(evidence.pauses, by_service=by_service)
            for row in self._ask(question, Span(), legacies=named):
                yield UsePause(*row)

    def lost_uses(self, since: int) -> Iterator[LostUses]:
        """Yield the uses that were lost in each hour since a time, by service."""
        for row in self._ask(evidence.lost, Span(since=since)):
            yield LostUses(*row)

    def process_notices(self, since: int, kinds: Iterable[str]) -> Iterator[ProcessNotice]:
        """Yield the notices of some kinds of processes that were alive since a time."""
        named = json.dumps(list(kinds))
        for row in self._ask(evidence.notices, Span(since=since), kinds=named):
            yield ProcessNotice(*row)

    def scan(self) -> None:
        """Return None: collectors write this store, and no collector carries a scan."""

    def _choose_sources(self) -> Sources:
        has_event_name = collector_tables(self._client, self._address)
        found = version(self._client, self._address)
        if found > VERSION:
            message = (
                f'the roll-ups in "{self.path}" have version {found}, and this enforcer knows '
                f"only up to {VERSION}. Upgrade the enforcer here (newer-store)"
            )
            raise StoreError(message)
        return Sources.rolled_up() if found else Sources.raw(has_event_name=has_event_name)

    def _dropped(self, span: Span) -> dict[str, int]:
        return {process: int(lost) for process, lost in self._ask(presence.dropped, span)}

    def _ask(
        self,
        question: Callable[..., str],
        span: Span,
        *arguments: object,
        **values: object,
    ) -> Rows:
        bound = {
            "legacy": "",
            **fields(span),
            **bounds(span),
            "now": self._now,
            "limit": self._limit,
            **values,
        }
        query = question(self._sources, *arguments)
        # A query names some of the values only; the others need not travel.
        needed = {key: value for key, value in bound.items() if f"{{{key}:" in query}
        return ask(self._client, self._address, query, needed)


def _rule(row: Sequence[Any]) -> WatchedRule:
    legacy, canonical, stage, removal = row
    kind = "tree" if legacy.endswith(TREE_SUFFIX) else "name" if ":" in legacy else "module"
    is_day = is_date(removal)
    return WatchedRule(
        legacy,
        kind,
        canonical,
        stage,
        reason="",
        since="",
        remove_after=removal if is_day else "",
        removal="" if is_day else removal,
        owner="",
        link="",
    )
