"""Write what was recorded into SQLite, from many processes at once.

The watched program is a stranger's: it may fork, or close every file descriptor. So a store
is opened for one visit and closed again, and this module imports nothing that starts threads.
"""

import os
import sqlite3
from time import monotonic, sleep, time_ns

from enforcer.rules.digest import digest as digest_of
from enforcer.store import StoreError
from enforcer.store.schema import HOUR, SCHEMA, not_a_store, schema_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.recording.use import CallSite, Use
    from enforcer.rules.model import Rule

PATIENCE = 5.0
"""How long to wait for another process that is writing, in seconds."""

_RULE_FIELDS = (
    "canonical",
    "stage",
    "reason",
    "since",
    "remove_after",
    "removal",
    "owner",
    "link",
)
_SITE_FIELDS = (
    "path",
    "file",
    "line",
    "function",
    "module",
    "mechanism",
    "names",
    "via",
    "relation",
    "distribution",
)
_PROCESS_FIELDS = (
    "id",
    "parent",
    "run",
    "pid",
    "service",
    "host",
    "python",
    "command",
    "root",
    "map_path",
    "map_digest",
    "started",
)

_ADD_USES = """
INSERT INTO use (hour, rule, site, process, stage, outcome, count, first_seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, rule, site, process, stage, outcome) DO UPDATE SET
    count = count + excluded.count,
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen)
"""
_ADD_DROPPED = """
INSERT INTO dropped (hour, process, count) VALUES (?, ?, ?)
ON CONFLICT (hour, process) DO UPDATE SET count = count + excluded.count
"""


class Store:
    """Hold one SQLite file open for writing."""

    def __init__(self, path: str) -> None:
        """Open the file; make it, and its folder, if it isn't there.

        Raises:
            StoreError: if that fails, or the file is something else, or too new.

        """
        self.path = path
        folder = os.path.dirname(path)  # noqa: PTH120 - pathlib is much to load into every program
        try:
            if folder:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
            # Keywords of connect() end CPython 3.12.1 when a subinterpreter is left, and more
            # than one positional argument is deprecated from 3.13 on.
            self._connection = sqlite3.connect(path)
            self._connection.isolation_level = None
        except (OSError, sqlite3.Error) as error:
            raise _not_written(path, error) from error
        try:
            self._prepare()
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.Error):
                raise _not_written(path, error) from error
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def watch(self, process: "Process", rules: "Iterable[Rule]") -> None:
        """Note that a process watches these rules, and that it was there just now.

        Raises:
            StoreError: if it could not be written; then nothing of it was.

        """
        self._commit(lambda: self._touch(self._introduce(process, list(rules))))

    def note(self, process: "Process", notices: "Iterable[Notice]") -> None:
        """Keep what a process had to say of a path; each notice is kept once.

        Args:
            process: who says it; :meth:`watch` was called for it.
            notices: what it says.

        Raises:
            StoreError: if it could not be written; then nothing of it was.

        """
        self._commit(lambda: self._note(self._process(process), notices))

    def write(
        self, process: "Process", sequence: int, uses: "Sequence[Use]", dropped: int = 0
    ) -> None:
        """Add a batch of uses, or do nothing if it was added before.

        Args:
            process: whose uses they are.
            sequence: the number of the batch; each one of a process is higher than the last.
            uses: what was recorded since the batch before.
            dropped: how many uses were lost since the batch before.

        Raises:
            StoreError: if it could not be written; then nothing of it was.

        """
        self._commit(lambda: self._add(process, sequence, uses, dropped))

    def _prepare(self) -> None:
        try:
            self._connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            version = schema_version(self._connection, self.path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise not_a_store(self.path, str(error)) from error
        if not version:
            self._create()

    def _create(self) -> None:
        # Several processes may be here at once. Changing the journal mode does not wait for
        # the others by itself; the rest does, and can be done twice.
        patient_until = monotonic() + PATIENCE
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if monotonic() > patient_until:
                    raise
                sleep(0.01)
        self._connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")

    def _commit(self, change: "Callable[[], None]") -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                change()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _not_written(self.path, error) from error

    def _add(self, process: "Process", sequence: int, uses: "Sequence[Use]", dropped: int) -> None:
        key = self._process(process)
        if key is None:
            key = self._introduce(
                process, list({use.rule.legacy: use.rule for use in uses}.values())
            )
        self._touch(key)
        counted = self._connection.execute(
            "UPDATE process SET sequence = ? WHERE key = ? AND sequence < ?",
            (sequence, key, sequence),
        )
        if not counted.rowcount:
            return
        rules: dict[str, int] = {}
        for use in uses:
            rule = rules.get(use.rule.legacy)
            if rule is None:
                rule = rules[use.rule.legacy] = self._declared(key, use.rule)
            self._add_use(key, rule, use)
        if dropped:
            self._connection.execute(_ADD_DROPPED, (time_ns() // HOUR, key, dropped))

    def _note(self, process: int | None, notices: "Iterable[Notice]") -> None:
        for notice in notices:
            self._connection.execute(
                "INSERT OR IGNORE INTO notice (process, kind, subject, text) VALUES (?, ?, ?, ?)",
                (process, notice.kind, _text(notice.subject), _text(notice.text)),
            )

    def _add_use(self, process: int, rule: int, use: "Use") -> None:
        self._connection.execute(
            _ADD_USES,
            (
                use.last_seen // HOUR,
                rule,
                self._site(use.site),
                process,
                use.stage,
                use.outcome,
                use.count,
                use.first_seen,
                use.last_seen,
            ),
        )

    def _touch(self, process: int) -> None:
        self._connection.execute(
            "UPDATE process SET written = max(written, ?) WHERE key = ?", (time_ns(), process)
        )

    def _process(self, process: "Process") -> int | None:
        return self._key("SELECT key FROM process WHERE id = ?", (process.id,))

    def _introduce(self, process: "Process", rules: "list[Rule]") -> int:
        known = self._process(process)
        if known is not None:
            return known
        fields = [*_values(process, _PROCESS_FIELDS), self._map(rules), process.started, -1]
        return self._insert("process", (*_PROCESS_FIELDS, "map", "written", "sequence"), fields)

    def _map(self, rules: "list[Rule]") -> int:
        declared = sorted((_text(rule.legacy), *_values(rule, _RULE_FIELDS)) for rule in rules)
        content = repr(declared)
        digest = digest_of(content.encode())
        known = self._key("SELECT key FROM map WHERE digest = ?", (digest,))
        if known is not None:
            return known
        key = self._insert("map", ("digest",), (digest,))
        for rule in rules:
            self._declare(key, rule)
        return key

    def _declared(self, process: int, rule: "Rule") -> int:
        # The rule of a use is always declared, also by a process that was introduced without.
        known = self._key(
            "SELECT rule.key FROM process JOIN declaration USING (map) "
            "JOIN rule ON rule.key = declaration.rule WHERE process.key = ? AND legacy = ?",
            (process, _text(rule.legacy)),
        )
        if known is not None:
            return known
        return self._declare(
            self._key("SELECT map FROM process WHERE key = ?", (process,)) or 0, rule
        )

    def _declare(self, key: int, rule: "Rule") -> int:
        rule_key = self._rule(rule)
        fields = ("map", "rule", *_RULE_FIELDS)
        self._insert("declaration", fields, (key, rule_key, *_values(rule, _RULE_FIELDS)))
        return rule_key

    def _rule(self, rule: "Rule") -> int:
        legacy = _text(rule.legacy)
        known = self._key("SELECT key FROM rule WHERE legacy = ?", (legacy,))
        return (
            self._insert("rule", ("legacy", "kind"), (legacy, rule.kind))
            if known is None
            else known
        )

    def _site(self, site: "CallSite") -> int:
        values = _values(site, _SITE_FIELDS)
        same = " AND ".join(f"{field} = ?" for field in _SITE_FIELDS)
        known = self._key(f"SELECT key FROM call_site WHERE {same}", values)  # noqa: S608 - constants
        return self._insert("call_site", _SITE_FIELDS, values) if known is None else known

    def _key(self, query: str, values: "Sequence[object]") -> int | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else int(row[0])

    def _insert(self, table: str, fields: "Sequence[str]", values: "Sequence[object]") -> int:
        marks = ", ".join("?" * len(fields))
        statement = f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})"  # noqa: S608 - constants
        return self._connection.execute(statement, values).lastrowid or 0


def _not_written(path: str, error: Exception) -> StoreError:
    return StoreError(
        f'the store "{path}" can\'t be written: {error}. Make its folder writable, '
        "or name another store in ENFORCER_STORE (store-not-written)"
    )


def _values(record: object, fields: "Iterable[str]") -> "list[object]":
    return [_plain(getattr(record, field)) for field in fields]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    # A file name that is no UTF-8 has lone surrogates in it, which SQLite refuses.
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
