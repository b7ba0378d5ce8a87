"""Read a SQLite store, while other processes write it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import time_ns
from types import TracebackType
from typing import Any, Self

from enforcer.store.damage import stores_set_aside
from enforcer.store.holding import Hold
from enforcer.store.losses import Loss, losses_beside
from enforcer.store.opening import PATIENCE, no_store, not_read, open_to_read
from enforcer.store.queries import NoticeOf, SiteUses, Span, WatchedRule
from enforcer.store.schema import HOUR
from enforcer.store.waiting import Patience
from enforcer.store.watching import (
    ServiceWatch,
    Watching,
    blind_query,
    endings_query,
    gaps_query,
    services_query,
)


_PROCESSES = "SELECT key FROM process WHERE written >= :since AND :run IN ('', run)"

_RULES = f"""
WITH newest AS (
    SELECT map, max(started) AS started FROM process WHERE key IN ({_PROCESSES}) GROUP BY map
)
SELECT legacy, kind, canonical, stage, reason, since, remove_after, removal, owner, link,
       max(started)
FROM newest JOIN declaration USING (map) JOIN rule ON rule.key = declaration.rule
GROUP BY rule.key
"""  # noqa: S608 - made of constants

_USES = f"""
SELECT legacy, path, file, line, function, module, mechanism, names, via, relation,
       distribution, outcome, sum(count), min(first_seen), max(last_seen)
FROM use JOIN rule ON rule.key = use.rule JOIN call_site ON call_site.key = use.site
WHERE hour >= :hour AND last_seen >= :since AND process IN ({_PROCESSES})
GROUP BY use.rule, use.site, outcome
"""  # noqa: S608 - made of constants

_DROPPED = f"""
SELECT coalesce(sum(count), 0) FROM dropped WHERE hour >= :hour AND process IN ({_PROCESSES})
"""  # noqa: S608 - made of constants

_LAST_WRITTEN = f"""
SELECT coalesce(max(written), 0) FROM process WHERE key IN ({_PROCESSES})
"""  # noqa: S608 - made of constants

_NOTICES = f"""
SELECT kind, subject, text, count(*) FROM notice WHERE process IN ({_PROCESSES})
GROUP BY kind, subject, text ORDER BY kind, subject
"""  # noqa: S608 - made of constants


class Reader:
    """Hold one SQLite store open for reading; a context manager."""

    def __init__(self, path: str) -> None:
        """Open a store that is there; never make or change one.

        Raises:
            StoreError: if there is none, or it can't be read.

        """
        self.path = path
        if not Path(path).exists():
            raise no_store(path)
        self._hold = Hold(path)
        self._hold.together(Patience(PATIENCE))
        try:
            self._connection = open_to_read(path)
        except BaseException:
            self._hold.release()
            raise

    def __enter__(self) -> Self:
        """Give itself, inside one transaction: all it reads is of one moment."""
        self._connection.execute("BEGIN")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._connection.close()
        self._hold.release()

    def processes(self, span: Span) -> int:
        """Count the processes that wrote in a span."""
        return int(self._rows(f"SELECT count(*) FROM ({_PROCESSES})", span)[0][0])  # noqa: S608 - constants

    def dropped(self, span: Span) -> int:
        """Count the uses that were lost in a span, exact to the hour.

        What processes noted beside the store counts too.
        """
        noted = sum(loss.count for loss in _losses(self.path, span))
        return int(self._rows(_DROPPED, span)[0][0]) + noted

    def watching(self, span: Span) -> Watching:
        """Give who watched in a span, and what may be missing."""
        services = self._rows(services_query(_PROCESSES), span)
        ((ended, running, vanished, unknown, interval),) = self._rows(
            endings_query(_PROCESSES), span
        )
        ((gaps, longest_gap),) = self._rows(gaps_query(_PROCESSES), span)
        ((blind,),) = self._rows(blind_query(_PROCESSES), span)
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
        """Give the damaged stores that were set aside in a span, and when that was.

        Of a run those count that were set aside after it began.
        """
        began = span.since
        if span.run:
            began = max(began, self.watching(span).since or 0)
        # The name of the file has the time in seconds.
        return [(file, time) for file, time in stores_set_aside(self.path) if time >= began - 10**9]

    def last_written(self, span: Span) -> int:
        """Give the time of the last write in a span; 0 if there was none."""
        return int(self._rows(_LAST_WRITTEN, span)[0][0])

    def rules(self, span: Span) -> Iterator[WatchedRule]:
        """Give every rule that some process watched in a span."""
        for row in self._rows(_RULES, span):
            yield WatchedRule(*row[:-1])

    def uses(self, span: Span) -> Iterator[SiteUses]:
        """Give the uses in a span; those of one process in one hour are taken together."""
        for row in self._rows(_USES, span):
            yield SiteUses(*row)

    def notices(self, span: Span) -> Iterator[NoticeOf]:
        """Give what processes that wrote in a span had to say."""
        for row in self._rows(_NOTICES, span):
            yield NoticeOf(*row)

    def _rows(self, query: str, span: Span) -> list[tuple[Any, ...]]:
        values = {
            "since": span.since,
            "hour": span.since // HOUR,
            "run": span.run,
            "now": time_ns(),
        }
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._connection.close()
            raise not_read(self.path, error) from error


def _losses(path: str, span: Span) -> Iterator[Loss]:
    for loss in losses_beside(path):
        if loss.time >= span.since and span.run in ("", loss.run):
            yield loss
