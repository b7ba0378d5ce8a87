"""Ledger in the store of emitted uses, from which others emit what a dead process left.

There is no spool: what is missing at a collector is the difference between a process's uses and
this ledger. Both tables are an addition that older versions ignore, so a writer demands no higher
schema number for them. They name processes and call sites by texts of their own, never by keys of
other tables: an older version removes rows without knowing of these, and keys are used again.

A slice of uses is *offered* in the store before it is sent, and *emitted* once it was
acknowledged. A process that vanishes in between leaves an offer, which is sent again as it was,
with the same id.
"""

from enforcer.record import Record
from enforcer.recording.process import Process
from enforcer.recording.use import CallSite, Use
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import FACTORY, Rule
from enforcer.rules.regular_files import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from typing import Any

    Row = tuple[str, int, int, int]
    """A call site's digest, up to where it was emitted and offered, and the offer's last use."""

LEASE = 30_000_000_000
"""For how long nobody else claims a process that somebody is sending, in nanoseconds."""

MOST_ROWS = 2_000
"""How many call sites are claimed at once."""

_LONGEST_TEXT = 4_000
_TABLES = (
    # A process that emits, as long as something may be missing.
    """
CREATE TABLE IF NOT EXISTS emitting (
    process  TEXT PRIMARY KEY,          -- its id
    claimed  INTEGER NOT NULL DEFAULT 0 -- when another process began to send what it left
) WITHOUT ROWID
""",
    # How far one of its call sites was emitted.
    """
CREATE TABLE IF NOT EXISTS emission (
    process    TEXT NOT NULL,           -- its id
    site       TEXT NOT NULL,           -- digest of what is counted: see identify()
    emitted    INTEGER NOT NULL,        -- uses that were acknowledged
    offered    INTEGER NOT NULL,        -- uses that may have been sent
    last_seen  INTEGER NOT NULL,        -- when the last one of these was
    PRIMARY KEY (process, site)
) WITHOUT ROWID
""",
)
# Numbers only grow: whoever records late must not take back what another process has sent.
_UPSERT = """
INSERT INTO emission (process, site, emitted, offered, last_seen) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (process, site) DO UPDATE SET emitted = max(emitted, excluded.emitted),
    offered = excluded.offered, last_seen = excluded.last_seen
WHERE excluded.offered >= offered
"""
_ROWS = "SELECT site, emitted, offered, last_seen FROM emission WHERE process = ?"
_OPEN = "INSERT OR REPLACE INTO emitting (process) VALUES (?)"
_CLOSE = "DELETE FROM emitting WHERE process = ?"
_IS_THERE = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'emitting'"
# Processes that ended, or that have been silent for longer than they announced.
_GONE = """
SELECT process.*, deployment.service, deployment.version AS service_version,
    deployment.environment
FROM emitting JOIN process ON process.id = emitting.process
JOIN deployment ON deployment.key = process.deployment
WHERE claimed < :claimed AND process.id <> :own
    AND (ended > 0 OR written + silence < :now)
ORDER BY started LIMIT 1
"""
_USES = f"""
SELECT rule.legacy, rule.kind, declaration.canonical, tally.stage, tally.outcome,
    declaration.removal, declaration.remove_after, use.count, use.first_seen, use.last_seen,
    {", ".join(f"call_site.{field}" for field in CallSite.__slots__)}
FROM process JOIN use ON use.process = process.key JOIN tally ON tally.key = use.tally
JOIN rule ON rule.key = tally.rule JOIN call_site ON call_site.key = tally.site
JOIN declaration ON declaration.map = process.map AND declaration.rule = rule.key
WHERE process.id = ? ORDER BY tally.key
"""  # noqa: S608 - made of the names of fields
_NOTICES = """
SELECT kind, subject, text FROM notice JOIN process ON process.key = notice.process
WHERE process.id = ?
"""

_FORGET = (
    "DELETE FROM emitting WHERE process NOT IN (SELECT id FROM process)",
    """
DELETE FROM emission WHERE process NOT IN (
    SELECT id FROM process WHERE EXISTS (SELECT * FROM use WHERE use.process = process.key)
)
""",
)


class Remainder(Record):
    """What a process that is gone left to be emitted.

    Attributes:
        process: the process.
        ending: how it ended; empty if it did not say.
        uses: the uses that are missing, with the digest of the call site, and from which of
            them on (0: from the first one).
        notices: kind, subject and text of what it had to say.

    """

    process: Process
    ending: str
    uses: "list[tuple[Use, str, int]]"
    notices: "list[tuple[str, str, str]]"

    def rows(self) -> "list[Row]":
        """Return the rows of the ledger once all of it is emitted."""
        return [
            (site, since + use.count, since + use.count, use.last_seen)
            for use, site, since in self.uses
        ]


def identify(legacy: str, stage: str, outcome: str, site: CallSite) -> str:
    """Return the digest of a tally, which is the same in the program and in the store."""
    texts = (legacy, stage, outcome, site.path, site.file, site.function, site.module)
    more = (site.mechanism, ",".join(site.names), site.via, site.relation)
    words = [_clip(text) for text in (*texts, *more)]
    return digest(repr((*words, site.line)).encode())[:16]


def _clip(text: str) -> str:
    # As the store keeps texts; see enforcer.store.sqlite.rows.
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text[:_LONGEST_TEXT]


def note(
    connection: "sqlite3.Connection",
    process: str,
    rows: "Iterable[Row]",
    *,
    is_complete: bool = False,
) -> "dict[str, Row] | None":
    """Record how far a process was emitted and what it offers, in a transaction.

    Args:
        connection: inside a transaction.
        process: the ``id`` of the process.
        rows: what changed.
        is_complete: whether nothing of this process is missing, and nothing will come.

    Returns:
        None; or what the ledger says instead, where another process has sent a part meanwhile:
        then nothing was recorded but that the process goes on.

    """
    # Here and not when a store is opened: only a process that emits needs them.
    for table in _TABLES:
        connection.execute(table)
    query = "SELECT claimed FROM emitting WHERE process = ?"
    # No row is the first time, or another process found nothing missing and closed it; a claim
    # is that of another process, which took this one for dead.
    if connection.execute(query, (process,)).fetchone() != (0,):
        connection.execute(_OPEN, (process,))
        known = {row[0]: tuple(row) for row in connection.execute(_ROWS, (process,))}
        if known:
            return known
    connection.executemany(_UPSERT, [(process, *row) for row in rows])
    if is_complete:
        connection.execute(_CLOSE, (process,))
    return None


def acknowledge(connection: "sqlite3.Connection", remainder: Remainder) -> None:
    """Record that a remainder was emitted, in a transaction."""
    rows = [(remainder.process.id, *row) for row in remainder.rows()]
    connection.executemany(_UPSERT, rows)
    connection.execute(
        # 1 is a claim of long ago: what is left can be claimed at once, and note() still sees one.
        "UPDATE emitting SET claimed = 1 WHERE process = ? AND claimed > 0",
        (remainder.process.id,),
    )


def claim(
    connection: "sqlite3.Connection", own: str, now: int, lease: int = LEASE
) -> Remainder | None:
    """Claim what a process left that has ended or fallen silent, in a transaction.

    A process of which nothing is missing is closed on the way.

    Args:
        connection: inside a transaction.
        own: the ``id`` of the process that claims; it is never claimed itself.
        now: the time.
        lease: for how long claims of others are respected.

    """
    if not connection.execute(_IS_THERE).fetchone()[0]:
        return None
    values = {"own": own, "now": now, "claimed": now - lease}
    while True:
        cursor = connection.execute(_GONE, values)
        row = cursor.fetchone()
        if row is None:
            return None
        fields = dict(zip((name for name, *_ in cursor.description), row, strict=True))
        process = Process(**{key: fields[key] for key in Process.__slots__})
        uses = _missing(connection, process.id)
        if (
            uses
            or connection.execute(
                "SELECT 1 FROM emitting WHERE process = ? AND claimed = 0", (process.id,)
            ).fetchone()
        ):
            connection.execute(
                "UPDATE emitting SET claimed = ? WHERE process = ?", (now, process.id)
            )
            offers = [
                (process.id, site, since, since + use.count, use.last_seen)
                for use, site, since in uses
            ]
            connection.executemany(_UPSERT, offers)
            notices = connection.execute(_NOTICES, (process.id,)).fetchall()
            return Remainder(process, fields["ending"], uses, notices)
        connection.execute(_CLOSE, (process.id,))


def release(connection: "sqlite3.Connection", process: str) -> None:
    """Leave a claimed process to whoever comes next, in a transaction."""
    connection.execute("UPDATE emitting SET claimed = 0 WHERE process = ?", (process,))


def waiting(connection: "sqlite3.Connection", now: int) -> tuple[int, int, int]:
    """Return how many uses of how many processes are missing, and since when the oldest is.

    Args:
        connection: to a store.
        now: the time.

    """
    uses, oldest = 0, now
    processes = set()
    if not connection.execute(_IS_THERE).fetchone()[0]:
        return 0, 0, now
    for (process,) in connection.execute("SELECT process FROM emitting").fetchall():
        for use, _, _ in _missing(connection, process, most=1 << 40, is_whole=True):
            uses += use.count
            oldest = min(oldest, use.first_seen)
            processes.add(process)
    return uses, len(processes), oldest


def forget(connection: "sqlite3.Connection") -> None:
    """Remove the ledger of processes whose uses the store no longer has, in a transaction."""
    if connection.execute(_IS_THERE).fetchone()[0]:
        for statement in _FORGET:
            connection.execute(statement)


def _missing(
    connection: "sqlite3.Connection",
    process: str,
    most: int = MOST_ROWS,
    *,
    is_whole: bool = False,
) -> "list[tuple[Use, str, int]]":
    """Return the uses that were offered and not emitted; for other call sites all the rest.

    An offer is sent as it was, with its id, and what came after it the next time; with
    ``is_whole`` that is counted too.
    """
    known = {row[0]: row for row in connection.execute(_ROWS, (process,))}
    missing: list[tuple[Use, str, int]] = []
    for row in connection.execute(_USES, (process,)):
        use = _use(row)
        site = identify(use.rule.legacy, use.stage, use.outcome, use.site)
        _, emitted, offered, last_seen = known.get(site, ("", 0, 0, 0))
        total = use.count
        if offered > emitted and not is_whole:
            use.count, use.last_seen = offered - emitted, last_seen
        else:
            use.count = total - emitted
        if use.count > 0:
            missing.append((use, site, emitted))
            if len(missing) == most:
                break
    return missing


def _use(row: "Sequence[Any]") -> Use:
    legacy, kind, canonical, stage, outcome, removal, remove_after, count, first, last = row[:10]
    site = CallSite(*row[10:])
    site.names = tuple(site.names.split(",")) if site.names else ()  # type: ignore[attr-defined]
    make = Factory if kind == FACTORY else Rule
    rule = make(legacy, canonical, stage=stage, removal=removal, remove_after=remove_after)
    return Use(
        rule,
        stage=stage,
        outcome=outcome,
        site=site,
        count=count,
        first_seen=first,
        last_seen=last,
    )
