"""Insert and look up the rows of a SQLite store: processes, rules, call sites, notes, heartbeats.

The caller begins and ends the transaction.
"""

from time import time_ns

from enforcer.recording.notice import BLIND, Notice
from enforcer.recording.process import CLOCKS_DIFFER, longest_silence
from enforcer.recording.use import CallSite
from enforcer.rules.model import DECLARED
from enforcer.rules.regular_files import digest as digest_of
from enforcer.store.sqlite.schema import DAY, HOUR

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from enforcer.recording.notes import Note
    from enforcer.recording.process import Process
    from enforcer.rules.model import Rule

LONGEST_TEXT = 4_000
"""Largest number of characters kept of a text; a longer one is cut, and ends in its digest."""

_SECOND = 1_000_000_000

_PROCESS_FIELDS = (
    "id",
    "parent",
    "run",
    "pid",
    "host",
    "python",
    "command",
    "root",
    "map_path",
    "map_digest",
    "started",
)

_ADD_DROPPED = """
INSERT INTO dropped (hour, process, count) VALUES (?, ?, ?)
ON CONFLICT (hour, process) DO UPDATE SET count = count + excluded.count
"""
_LAST_BEAT = """
SELECT written, silence, (SELECT max(since) FROM heartbeat WHERE process = key)
FROM process WHERE key = ?
"""
# Of the processes that came last: a fleet has hundreds of thousands.
_LATEST = "SELECT max(written) FROM (SELECT written FROM process ORDER BY key DESC LIMIT 100)"
_ADD_SPAN = """
INSERT INTO heartbeat (process, since, till) VALUES (?, ?, ?)
ON CONFLICT (process, since) DO UPDATE SET till = max(till, excluded.till)
"""
# The latest word on how a process ended wins: notes may be added in any order, and twice.
_ADD_END = """
UPDATE process SET written = :till, ending = :ending,
    ended = CASE WHEN :ending = '' THEN 0 ELSE :till END
WHERE key = :process AND (written < :till OR written = :till AND ending = '')
"""
_DECLARED = """
SELECT rule.key FROM process JOIN declaration USING (map)
JOIN rule ON rule.key = declaration.rule WHERE process.key = ? AND legacy = ?
"""


class Rows:
    """Look-ups and inserts on one open store; keys are the tables' integer keys."""

    def __init__(
        self, connection: "sqlite3.Connection", clock: "Callable[[], int] | None" = None
    ) -> None:
        """Bind to a connection; the clock returns nanoseconds since the epoch."""
        self._clock = clock
        self._connection = connection

    def process(self, process: "Process") -> int | None:
        """Return the key of a process, or None if the store does not know it."""
        return self._key("SELECT key FROM process WHERE id = ?", (process.id,))

    def introduce(self, process: "Process", rules: "Iterable[Rule]", interval: float) -> int:
        """Insert a process unless it is known, and return its key."""
        known = self.process(process)
        return self._add_process(process, self._map(rules), interval) if known is None else known

    def _add_process(self, process: "Process", map_key: int, interval: float) -> int:
        fields = (
            *_PROCESS_FIELDS,
            "deployment",
            "map",
            "written",
            "sequence",
            "interval",
            "silence",
        )
        return self._insert(
            "process",
            fields,
            [
                *_values(process, _PROCESS_FIELDS),
                self._deployment(process),
                map_key,
                process.started,
                -1,
                int(interval * _SECOND),
                int(longest_silence(interval) * _SECOND),
            ],
        )

    def beat(self, process: int) -> None:
        """Extend a process's heartbeat until now.

        After a silence that was too long a new span begins, so that the gap stays visible.
        """
        now = self._now()
        written, silence, since = self._connection.execute(_LAST_BEAT, (process,)).fetchone()
        is_unbroken = now - written <= silence
        if is_unbroken and since is not None:
            self._connection.execute(
                "UPDATE heartbeat SET till = max(till, ?) WHERE process = ? AND since = ?",
                (now, process, since),
            )
        else:
            self._connection.execute(
                "INSERT OR IGNORE INTO heartbeat (process, since, till) VALUES (?, ?, ?)",
                (process, written if is_unbroken else now, now),
            )
        self._connection.execute(
            "UPDATE process SET written = max(written, ?), ended = 0, ending = '' WHERE key = ?",
            (now, process),
        )

    def compare_clocks(self, process: int) -> None:
        """Record that a process's clock is behind the others', if it is, by more than a day.

        Its uses get times that are long past, and would not count as uses of today.
        """
        (latest,) = self._connection.execute(_LATEST).fetchone()
        behind = latest - self._now()
        if behind > CLOCKS_DIFFER:
            days = behind // DAY
            late = f"{days} {'day' if days == 1 else 'days'}"
            text = f"its clock is {late} behind that of a process that wrote before"
            # The time is that of the others: by its own clock the notice would be long past, too.
            self.add_notices(process, [Notice(BLIND, "clock", text)], latest)

    def end(self, process: int, ending: str, time: int) -> bool:
        """Record how a process ended, and return whether that is new."""
        ended = self._connection.execute(
            "UPDATE process SET ended = ?, ending = ? WHERE key = ? AND ending <> ?",
            (time, ending, process, ending),
        )
        return ended.rowcount > 0

    def source(self) -> str:
        """Return the ``id`` of the store."""
        query = "SELECT id FROM source WHERE export = ''"
        return str(self._connection.execute(query).fetchone()[0])

    def add_noted(self, note: "Note", rules: "Iterable[Rule]" = ()) -> bool:
        """Insert a quiet process's note; once more changes nothing.

        Args:
            note: a note beside this store.
            rules: those of a map that the store may not know yet.

        Returns:
            Whether it was inserted; it can't be while the rules of its map are unknown.

        """
        process = self.process(note.process)
        if process is None:
            key = self._key("SELECT key FROM map WHERE digest = ?", (note.identity,))
            if key is None and getattr(rules, "identity", "") == note.identity:
                key = self._map(rules)
            if key is None:
                return False
            process = self._add_process(note.process, key, note.interval)
        self._connection.execute(_ADD_SPAN, (process, note.since, note.till))
        values = {"process": process, "till": note.till, "ending": note.ending}
        self._connection.execute(_ADD_END, values)
        self.add_notices(process, note.notices, note.till)
        return True

    def add_notices(
        self, process: int | None, notices: "Iterable[Notice]", time: int | None = None
    ) -> None:
        """Insert a process's notices, each once, with the current time or the given one."""
        noted = self._now() if time is None else time
        for notice in notices:
            self._connection.execute(
                "INSERT OR IGNORE INTO notice (process, kind, subject, text, noted) "
                "VALUES (?, ?, ?, ?, ?)",
                (process, notice.kind, _text(notice.subject), _text(notice.text), noted),
            )

    def _now(self) -> int:
        return time_ns() if self._clock is None else self._clock()

    def is_new(self, process: int, sequence: int) -> bool:
        """Record that a batch is being added, and return whether it was not added before."""
        # Comparison and update are one statement, so a batch that arrives twice is new only once.
        counted = self._connection.execute(
            "UPDATE process SET sequence = ? WHERE key = ? AND sequence < ?",
            (sequence, process, sequence),
        )
        return counted.rowcount > 0

    def add_dropped(self, process: int, count: int, time: int) -> None:
        """Add a number of lost uses, at a time."""
        if count:
            self._connection.execute(_ADD_DROPPED, (time // HOUR, process, count))

    def _map(self, rules: "Iterable[Rule]") -> int:
        # If the store knows the map, its rules are not even built from the compiled map.
        digest = getattr(rules, "identity", "") or _digest(rules)
        known = self._key("SELECT key FROM map WHERE digest = ?", (digest,))
        if known is not None:
            return known
        key = self._insert("map", ("digest",), (digest,))
        for rule in rules:
            self._declare(key, rule)
        return key

    def declared(self, process: int, rule: "Rule") -> int:
        """Return the key of a rule, after declaring it for the process's map if that did not."""
        known = self._key(_DECLARED, (process, _text(rule.legacy)))
        if known is not None:
            return known
        return self._declare(
            self._key("SELECT map FROM process WHERE key = ?", (process,)) or 0, rule
        )

    def _declare(self, key: int, rule: "Rule") -> int:
        rule_key = self._rule(rule)
        fields = ("map", "rule", *DECLARED)
        self._insert("declaration", fields, (key, rule_key, *_values(rule, DECLARED)))
        return rule_key

    def _rule(self, rule: "Rule") -> int:
        legacy = _text(rule.legacy)
        known = self._key("SELECT key FROM rule WHERE legacy = ?", (legacy,))
        return (
            self._insert("rule", ("legacy", "kind"), (legacy, rule.kind))
            if known is None
            else known
        )

    def site(self, site: "CallSite") -> int:
        """Return the key of a call site, inserted if it is new."""
        values = _values(site, CallSite.__slots__)
        same = " AND ".join(f"{field} = ?" for field in CallSite.__slots__)
        known = self._key(f"SELECT key FROM call_site WHERE {same}", values)  # noqa: S608 - constants
        return self._insert("call_site", CallSite.__slots__, values) if known is None else known

    def tally(self, rule: int, site: int, stage: str, outcome: str) -> int:
        """Return the key of a tally (rule, call site, stage and outcome), inserted if it is new."""
        values = (rule, site, stage, outcome)
        known = self._key(
            "SELECT key FROM tally WHERE rule = ? AND site = ? AND stage = ? AND outcome = ?",
            values,
        )
        if known is not None:
            return known
        return self._insert("tally", ("rule", "site", "stage", "outcome"), values)

    def deployment(self, process: int) -> int:
        """Return the key of a process's deployment."""
        return self._key("SELECT deployment FROM process WHERE key = ?", (process,)) or 0

    def _deployment(self, process: "Process") -> int:
        values = (
            _text(process.service),
            _text(process.service_version),
            _text(process.environment),
        )
        known = self._key(
            "SELECT key FROM deployment WHERE service = ? AND version = ? AND environment = ?",
            values,
        )
        if known is not None:
            return known
        return self._insert("deployment", ("service", "version", "environment"), values)

    def _key(self, query: str, values: "Sequence[object]") -> int | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else int(row[0])

    def _insert(self, table: str, fields: "Sequence[str]", values: "Sequence[object]") -> int:
        marks = ", ".join("?" * len(fields))
        statement = f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})"  # noqa: S608 - constants
        return self._connection.execute(statement, values).lastrowid or 0


def _digest(rules: "Iterable[Rule]") -> str:
    declared = sorted((_text(rule.legacy), *_values(rule, DECLARED)) for rule in rules)
    return digest_of(repr(declared).encode())


def _values(record: object, fields: "Iterable[str]") -> "list[object]":
    return [_plain(getattr(record, field)) for field in fields]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return _text(",".join(value))
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    # A file name that is not UTF-8 contains lone surrogates, which SQLite refuses.
    if not value.isascii():
        value = value.encode("utf-8", "backslashreplace").decode()
    if len(value) <= LONGEST_TEXT:
        return value
    return f"{value[:LONGEST_TEXT]}… {len(value)} characters, {digest_of(value.encode())}"
