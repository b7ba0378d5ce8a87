"""Addition of a batch of uses to all tables that count them, inside a transaction.

A process counts the same things from visit to visit, so their keys are cached. A batch is inserted
into a temporary table in memory, and SQLite sums it into the roll-ups from there.
"""

from enforcer.recording.use import PROBE
from enforcer.store.sqlite.schema import DAY, HOUR, MONTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from enforcer.recording.use import CallSite, Use
    from enforcer.store.sqlite.rows import Rows

    Identity = tuple[str, str, str, CallSite, str]
    Keys = tuple[int, int, int, bool]

CHUNK = 1_000
"""Number of uses that are added in one step; a step takes a few milliseconds."""

_MOST_KNOWN = 20_000
_HOURS = DAY // HOUR

_BATCH = """
CREATE TEMPORARY TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY, rule INTEGER, site INTEGER, tally INTEGER, probe INTEGER,
    count INTEGER, first_seen INTEGER, last_seen INTEGER
)
"""
_BATCH_BY_RULE = """
CREATE TEMPORARY TABLE IF NOT EXISTS batch_by_rule (
    hour INTEGER, rule INTEGER, count INTEGER, probes INTEGER
)
"""
_EMPTY = (_BATCH, "DELETE FROM batch", _BATCH_BY_RULE, "DELETE FROM batch_by_rule")
_FILL = """
INSERT INTO batch (rule, site, tally, probe, count, first_seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_CHUNK = "number BETWEEN :first AND :last"
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
        f"SELECT {values}, count, first_seen, last_seen FROM batch WHERE {_CHUNK} "
        f"ON CONFLICT ({keys}) {_ADD_UP}"
    )


# The WHERE clauses are for the parser: after a SELECT without one, ON CONFLICT could be read as a
# join's ON (SQLite's documentation of UPSERT, 2.2).
def _add_rules(table: str, keys: str, values: str) -> str:
    return (
        f"INSERT INTO {table} ({keys}, count, probes) "  # noqa: S608 - constants
        f"SELECT {values}, sum(count), sum(probes) FROM batch_by_rule WHERE true GROUP BY 1, 2 "
        f"ON CONFLICT ({keys}) {_ADD_UP_PROBES}"
    )


_SUM_UP_RULES = f"""
INSERT INTO batch_by_rule
SELECT last_seen / {HOUR}, rule, sum(count * (1 - probe)), sum(count * probe)
FROM batch GROUP BY 1, 2
"""  # noqa: S608 - made of constants

# Counts the call sites that are new on their day, so it runs before they are added to the day.
_NEW_ON_THEIR_DAY = f"""
INSERT INTO total_by_day (day, rule, count, probes, sites)
SELECT last_seen / {DAY}, rule, 0, 0, count(DISTINCT site) FROM batch
WHERE {_CHUNK} AND NOT probe AND NOT EXISTS (
    SELECT * FROM use_by_day AS known
    WHERE day = batch.last_seen / {DAY} AND known.rule = batch.rule AND known.site = batch.site
)
GROUP BY 1, 2
ON CONFLICT (day, rule) DO UPDATE SET sites = sites + excluded.sites
"""  # noqa: S608 - made of constants

_STATEMENTS = (
    _NEW_ON_THEIR_DAY,
    _add_uses("use", "process, tally", ":process, tally"),
    _add_uses("use_by_hour", "hour, tally, deployment", f"last_seen / {HOUR}, tally, :deployment"),
    _add_uses(
        "use_by_day",
        "day, rule, site, tally, deployment",
        f"last_seen / {DAY}, rule, site, tally, :deployment",
    ),
    _add_uses(
        "use_by_month", "month, tally, deployment", f"last_seen / {MONTH}, tally, :deployment"
    ),
    _add_uses("use_ever", "tally, deployment", "tally, :deployment"),
    _add_uses("total_ever", "tally", "tally"),
)
_STATEMENTS_FOR_RULES = (
    _add_rules("rule_by_hour", "hour, rule, deployment", "hour, rule, :deployment"),
    _add_rules("rule_by_day", "day, rule, deployment", f"hour / {_HOURS}, rule, :deployment"),
    _add_rules("total_by_day", "day, rule", f"hour / {_HOURS}, rule"),
)


class Known:
    """Cache of the keys of what one process counts, from visit to visit.

    The keys are valid for one process in one file, for as long as no row is deleted from it.
    """

    __slots__ = ("_new", "_of", "_old")

    def __init__(self) -> None:
        self._of: object = None
        self._old: dict[Identity, Keys] = {}
        self._new: dict[Identity, Keys] = {}

    def hold_for(self, owner: object) -> bool:
        """Set the owner of the keys; return whether it is unchanged, and clear the cache if not."""
        if owner == self._of:
            return True
        self._of = owner
        self._old = {}
        return False

    def forget_new(self) -> None:
        """Drop the keys of a transaction that failed."""
        self._new = {}

    def get(self, identity: "Identity") -> "Keys | None":
        """Return the keys, if they are cached."""
        return self._old.get(identity) or self._new.get(identity)

    def add(self, identity: "Identity", keys: "Keys") -> None:
        """Add keys; until :meth:`keep` they belong to a transaction that may fail."""
        self._new[identity] = keys

    def keep(self) -> None:
        """Keep the new keys: their transaction was committed."""
        # Dropped as a whole: a process with more call sites than that is rare, and only slower.
        if len(self._old) > _MOST_KNOWN:
            self._old = {}
        self._old |= self._new
        self._new = {}


class Tallies:
    """Adder of uses to one open store."""

    def __init__(self, connection: "sqlite3.Connection", rows: "Rows", known: Known) -> None:
        """Bind to a connection.

        Args:
            connection: inside a transaction whenever something is added.
            rows: looks up and inserts rules and call sites.
            known: the cache of keys.

        """
        self._connection = connection
        self._rows = rows
        self._known = known
        self._is_prepared = False

    def prepare(self, uses: "Sequence[Use]", before_each: "Callable[[], None]") -> None:
        """Prepare before the transaction what can be prepared, so that other writers wait less.

        Args:
            uses: what will be added.
            before_each: called before each step.

        """
        self._known.forget_new()
        found = [self._known.get(_identity(use)) for use in uses]
        keys = [each for each in found if each is not None]
        self._is_prepared = len(keys) == len(uses)
        if self._is_prepared:
            self._fill(uses, keys, before_each)

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
            uses: its uses, for which :meth:`prepare` was called.
            file: the identity of the store's file.
            before_each: called before each step.

        """
        query = "SELECT value FROM state WHERE name = 'keys'"
        (stamp,) = self._connection.execute(query).fetchone()
        is_same = self._known.hold_for((file, stamp, process))
        if not (is_same and self._is_prepared):
            keys = [self._keys(process, use) for use in uses]
            self._fill(uses, keys, before_each)
        values = {"process": process, "deployment": deployment}
        for start in range(0, len(uses), CHUNK):
            values |= {"first": start + 1, "last": start + CHUNK}
            for statement in _STATEMENTS:
                before_each()
                self._connection.execute(statement, values)
        for statement in _STATEMENTS_FOR_RULES:
            self._connection.execute(statement, values)

    def _fill(
        self, uses: "Sequence[Use]", keys: "Sequence[Keys]", before_each: "Callable[[], None]"
    ) -> None:
        for statement in _EMPTY:
            self._connection.execute(statement)
        rows = [
            (*each, use.count, use.first_seen, use.last_seen)
            for use, each in zip(uses, keys, strict=True)
        ]
        for start in range(0, len(rows), CHUNK):
            before_each()
            self._connection.executemany(_FILL, rows[start : start + CHUNK])
        self._connection.execute(_SUM_UP_RULES)

    def _keys(self, process: int, use: "Use") -> "Keys":
        identity = _identity(use)
        keys = self._known.get(identity)
        if keys is None:
            rule = self._rows.declared(process, use.rule)
            site = self._rows.site(use.site)
            tally = self._rows.tally(rule, site, use.stage, use.outcome)
            keys = (rule, site, tally, use.site.mechanism == PROBE)
            self._known.add(identity, keys)
        return keys


def _identity(use: "Use") -> "Identity":
    # Call sites compare equal whatever their distribution, which is found later than they are.
    return use.rule.legacy, use.stage, use.outcome, use.site, use.site.distribution
