"""Read a SQLite store, while other processes write it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from enforcer.store import StoreError
from enforcer.store.schema import HOUR, not_a_store, schema_version

PATIENCE = 5.0
"""How long to wait for a process that is making the store, in seconds."""


@dataclass(frozen=True, slots=True)
class Span:
    """Say which part of a store to read.

    Attributes:
        since: leave out what was last seen before this time, in nanoseconds since the epoch.
        run: only processes of this ``enforcer run``, if not empty.

    """

    since: int = 0
    run: str = ""


@dataclass(frozen=True, slots=True)
class WatchedRule:
    """Give a rule as the newest process that watched it had it."""

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


@dataclass(frozen=True, slots=True)
class SiteUses:
    """Sum the uses of one rule at one call site with one outcome, over all processes."""

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
    """Give what processes had to say of a path, and how many of them."""

    kind: str
    subject: str
    text: str
    processes: int


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


_NOTICES = f"""
SELECT kind, subject, text, count(*) FROM notice WHERE process IN ({_PROCESSES})
GROUP BY kind, subject, text ORDER BY kind, subject
"""  # noqa: S608 - made of constants


class Reader:
    """Hold one SQLite store open for reading; a context manager."""

    def __init__(self, path: str) -> None:
        """Open a store that is there; never make one.

        Raises:
            StoreError: if there is none, or it can't be read.

        """
        self.path = path
        if not Path(path).exists():
            raise _no_store(path)
        self._connection = _open(path)

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

    def processes(self, span: Span) -> int:
        """Count the processes that wrote in a span."""
        return int(self._rows(f"SELECT count(*) FROM ({_PROCESSES})", span)[0][0])  # noqa: S608 - constants

    def dropped(self, span: Span) -> int:
        """Count the uses that were lost in a span, exact to the hour."""
        return int(self._rows(_DROPPED, span)[0][0])

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
        values = {"since": span.since, "hour": span.since // HOUR, "run": span.run}
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _not_read(self.path, error) from error


def _open(path: str) -> sqlite3.Connection:
    try:
        connection = _connect(path, "mode=rw")
    except sqlite3.OperationalError as error:
        # In a folder that it may not write, SQLite opens a store only as immutable, and that
        # leaves out what is still in the write-ahead log.
        if _has_content(f"{path}-wal"):
            raise _not_read(path, error) from error
        try:
            connection = _connect(path, "mode=ro&immutable=1")
        except sqlite3.Error:
            raise _not_read(path, error) from error
    return connection


def _connect(path: str, mode: str) -> sqlite3.Connection:
    # "rw" and not "ro": only a connection that could write tidies up SQLite's two
    # companion files when it is the last one to close.
    connection = sqlite3.connect(
        f"file:{quote(path)}?{mode}", uri=True, timeout=PATIENCE, isolation_level=None
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        version = schema_version(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        ):
            raise not_a_store(path, str(error)) from error
        raise
    if version:
        return connection
    connection.close()
    raise _no_store(path)


def _has_content(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except OSError:
        return False


def _no_store(path: str) -> StoreError:
    return StoreError(
        f'nothing recorded: no store at "{path}"; '
        'run your program with "enforcer run" first (no-store)'
    )


def _not_read(path: str, error: Exception) -> StoreError:
    return StoreError(
        f'the store "{path}" can\'t be read: {error}. '
        "Check that you may read the file and its folder (store-not-read)"
    )
