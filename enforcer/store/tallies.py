"""Add uses to those of a process and to the roll-ups, inside a transaction.

What a process counts is the same from visit to visit, so its keys are remembered. A batch is
put into a table of this connection's own, in memory, and SQLite adds it up from there.
"""

from enforcer.recording.use import PROBE
from enforcer.store.schema import DAY, HOUR

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from enforcer.recording.use import CallSite, Use
    from enforcer.store.rows import Rows

    Identity = tuple[str, str, str, CallSite]
    Keys = tuple[int, int, int, bool]

CHUNK = 1_000
"""How many uses are added in one step; a step takes a few milliseconds."""

_MOST_KNOWN = 20_000

_BATCH = """
CREATE TEMPORARY TABLE IF NOT EXISTS batch (
    rule INTEGER, site INTEGER, tally INTEGER, probe INTEGER,
    count INTEGER, first_seen INTEGER, last_seen INTEGER
)
"""
_ADD_UP = """
DO UPDATE SET
    count = count + excluded.count,
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen)
"""
_ADD_UP_PROBES = """
DO UPDATE SET count = count + excluded.count, probes = probes + excluded.probes
"""


def _add_uses(table: str, keys: str, values: str) -> str:
    return (
        f"INSERT INTO {table} ({keys}, count, first_seen, last_seen) "  # noqa: S608 - constants
        f"SELECT {values}, count, first_seen, last_seen FROM batch WHERE true "
        f"ON CONFLICT ({keys}) {_ADD_UP}"
    )


def _add_rules(table: str, time: str, length: int) -> str:
    return (
        f"INSERT INTO {table} ({time}, rule, deployment, count, probes) "  # noqa: S608 - constants
        f"SELECT last_seen / {length}, rule, :deployment, sum(count * (1 - probe)), "
        f"sum(count * probe) FROM batch GROUP BY 1, 2 "
        f"ON CONFLICT ({time}, rule, deployment) {_ADD_UP_PROBES}"
    )


_STATEMENTS = (
    _add_uses("use", "process, tally", ":process, tally"),
    _add_uses("use_by_hour", "hour, tally, deployment", f"last_seen / {HOUR}, tally, :deployment"),
    _add_uses(
        "use_by_day",
        "day, rule, site, tally, deployment",
        f"last_seen / {DAY}, rule, site, tally, :deployment",
    ),
    _add_uses("use_ever", "tally, deployment", "tally, :deployment"),
    _add_rules("rule_by_hour", "hour", HOUR),
    _add_rules("rule_by_day", "day", DAY),
)


class Known:
    """Remember the keys of what one process counts, from visit to visit.

    They hold for one process in one file, for as long as no row is removed from it.
    """

    __slots__ = ("_new", "_of", "_old")

    def __init__(self) -> None:
        """Know nothing."""
        self._of: object = None
        self._old: dict[Identity, Keys] = {}
        self._new: dict[Identity, Keys] = {}

    def hold_for(self, owner: object) -> None:
        """Say what the keys belong to; those of another owner are forgotten."""
        if owner != self._of or len(self._old) > _MOST_KNOWN:
            self._old = {}
        self._of = owner

    def forget_new(self) -> None:
        """Forget what a transaction found that failed."""
        self._new = {}

    def get(self, identity: "Identity") -> "Keys | None":
        """Give the keys, if they are known."""
        return self._old.get(identity) or self._new.get(identity)

    def add(self, identity: "Identity", keys: "Keys") -> None:
        """Know keys; until :meth:`keep` they are of a transaction that may fail."""
        self._new[identity] = keys

    def keep(self) -> None:
        """Remember what is new: it is in the file."""
        self._old |= self._new
        self._new = {}


class Tallies:
    """Add uses to one open store."""

    def __init__(self, connection: "sqlite3.Connection", rows: "Rows", known: Known) -> None:
        """Work on a connection.

        Args:
            connection: inside a transaction whenever something is added.
            rows: finds and adds rules and call sites.
            known: what was found before.

        """
        self._connection = connection
        self._rows = rows
        self._known = known

    def add(
        self,
        process: int,
        deployment: int,
        uses: "Sequence[Use]",
        *,
        file: object,
        before_each: "Callable[[], None]",
    ) -> None:
        """Add uses of a process to all tables that count them.

        Args:
            process: its key.
            deployment: the key of its deployment.
            uses: what it counted.
            file: tells the store from another one that has its name later.
            before_each: called before each step.

        """
        query = "SELECT value FROM state WHERE name = 'keys'"
        (stamp,) = self._connection.execute(query).fetchone()
        self._known.hold_for((file, stamp, process))
        self._connection.execute(_BATCH)
        values = {"process": process, "deployment": deployment}
        for start in range(0, len(uses), CHUNK):
            before_each()
            self._fill(process, uses[start : start + CHUNK])
            for statement in _STATEMENTS:
                before_each()
                self._connection.execute(statement, values)

    def _fill(self, process: int, uses: "Sequence[Use]") -> None:
        self._connection.execute("DELETE FROM batch")
        self._connection.executemany(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (*self._keys(process, use), use.count, use.first_seen, use.last_seen)
                for use in uses
            ],
        )

    def _keys(self, process: int, use: "Use") -> "Keys":
        identity = (use.rule.legacy, use.stage, use.outcome, use.site)
        keys = self._known.get(identity)
        if keys is None:
            rule = self._rows.declared(process, use.rule)
            site = self._rows.site(use.site)
            tally = self._rows.tally(rule, site, use.stage, use.outcome)
            keys = (rule, site, tally, use.site.mechanism == PROBE)
            self._known.add(identity, keys)
        return keys
