"""What all snapshots of one store share, for each scope of visitors: settings, owners, caches."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from starlette.requests import Request

from enforcer.dashboard.cache import KeptJudgement, KeptSums, State
from enforcer.dashboard.filters import Filters
from enforcer.dashboard.judgement import Judgement, narrowed, read_judgement
from enforcer.dashboard.look import Look
from enforcer.dashboard.settings import Settings
from enforcer.owners import Owners
from enforcer.rules.model import MigrationMap
from enforcer.store.queries import DAY, StoreReader
from enforcer.store.readers import open_reader
from enforcer.store.scoped import ScopedReader

SCOPE: Final = "enforcer.services"
"""The key of a request's ASGI scope for the services that its visitor may read; empty for all."""

_MOST_SCOPES: Final = 32


class Place:
    """What all snapshots of one store share: settings, owners and the cache.

    Attributes:
        settings: the settings of the dashboard.
        owners: the owners of files.
        services: the services that are shown; empty for all.
        kept: cache of totals.
        quiet_for: how long a path has to be quiet, in nanoseconds.

    """

    def __init__(
        self,
        settings: Settings,
        owners: Owners,
        services: frozenset[str] = frozenset(),
        whole: "Place | None" = None,
    ) -> None:
        """Create empty caches.

        Args:
            settings: the settings of the dashboard.
            owners: the owners of files.
            services: the services that are shown; empty for all.
            whole: the place that shows all, if this one does not.

        """
        self.settings = settings
        self.owners = owners
        self.services = services
        self._whole = whole
        self.kept = KeptSums(settings.store)
        self._judgements = KeptJudgement(self._judge_again)
        known = settings.migration_map or MigrationMap()
        self.quiet_for = known.quiet_for * DAY

    @property
    def expected_services(self) -> tuple[str, ...]:
        """Return the services that the map expects to be watched, of those that are shown."""
        expected = self.settings.expected_services
        return tuple(name for name in expected if not self.services or name in self.services)

    def judgement(self, state: State, reader: StoreReader, now: int) -> Judgement:
        """Return the verdicts on all rules.

        Args:
            state: the store's fingerprint before it was opened.
            reader: the open store, of all services.
            now: the time.

        """
        return self._judgements.get(state, now, lambda: self._judge(state, reader, now))

    def _judge(self, state: State, reader: StoreReader, now: int) -> Judgement:
        own = read_judgement(
            self._of_services(reader), self.settings.migration_map, now, self.services
        )
        return narrowed(self._whole.judgement(state, reader, now), own) if self._whole else own

    def _judge_again(self) -> Judgement:
        with open_reader(self.settings.store) as reader:
            return self._judge((), reader, self.settings.now())

    def _of_services(self, reader: StoreReader) -> StoreReader:
        return ScopedReader(reader, self.services) if self.services else reader

    @contextmanager
    def look(self, filters: Filters) -> Iterator[Look]:
        """Open the store for one snapshot.

        Raises:
            StoreError: if it can't be read.

        """
        # Before the store is opened: a write in between makes the cached totals stale at once.
        state = self.kept.state()
        with open_reader(self.settings.store) as reader:
            yield Look(self._of_services(reader), state, filters, self, reader)


class Places:
    """The place of each visitor: a scope has caches of its own, so that nothing can leak there."""

    def __init__(self, settings: Settings, owners: Owners) -> None:
        """Create the place that shows everything.

        Args:
            settings: the settings of the dashboard.
            owners: the owners of files.

        """
        self.settings = settings
        self.owners = owners
        self._whole = whole = Place(settings, owners)

        # A proxy may name any services, so the number of scopes has no other limit.
        @lru_cache(maxsize=_MOST_SCOPES)
        def scoped(services: frozenset[str]) -> Place:
            return Place(settings, owners, services, whole)

        self._scoped = scoped

    def of(self, request: Request) -> Place:
        """Return the place of a visitor, whose scope the guard has found."""
        services: frozenset[str] = request.scope[SCOPE]
        return self._scoped(services) if services else self._whole
