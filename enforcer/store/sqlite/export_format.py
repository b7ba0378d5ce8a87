"""Format of an export of a SQLite store: its tables, columns and references.

An export is lines of JSON. The first has the format's version, and the ids of the stores that are
in it; then comes one line for each row, each after those that it refers to; the last has the number
of rows and their digest.
"""

from dataclasses import dataclass, field
from typing import Final

from enforcer.recording.use import CallSite
from enforcer.rules.model import DECLARED

FORMAT: Final = 1
"""The version of the format.

1: the first one.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of an export.

    Attributes:
        table: its name.
        columns: its columns, without its own key.
        identity: the columns that identify a row, in every store.
        references: the tables that columns refer to, by column.
        has_key: whether other tables refer to it.
        merge: what to do with a row that exists already.

    """

    table: str
    columns: tuple[str, ...]
    identity: tuple[str, ...]
    references: dict[str, str] = field(default_factory=dict)
    has_key: bool = False
    merge: str = "NOTHING"


_COUNTED = ("count", "first_seen", "last_seen")
_ADD_UP = """UPDATE SET
    count = count + excluded.count,
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen)
"""
_PROCESS = (
    "id",
    "parent",
    "run",
    "pid",
    "deployment",
    "host",
    "python",
    "command",
    "root",
    "map",
    "map_path",
    "map_digest",
    "started",
    "written",
    "sequence",
    "interval",
    "silence",
    "ended",
    "ending",
)


def _counts(table: str, *key: str) -> Part:
    tables = ("process", "tally", "deployment", "rule")
    references = {column: column for column in key if column in tables}
    if "site" in key:
        references["site"] = "call_site"
    return Part(table, (*key, *_COUNTED), key, references, merge=_ADD_UP)


PARTS: Final = (
    Part("map", ("digest",), ("digest",), has_key=True),
    Part("rule", ("legacy", "kind"), ("legacy",), has_key=True),
    Part(
        "declaration",
        ("map", "rule", *DECLARED),
        ("map", "rule"),
        {"map": "map", "rule": "rule"},
    ),
    Part(
        "deployment",
        ("service", "version", "environment"),
        ("service", "version", "environment"),
        has_key=True,
    ),
    Part("process", _PROCESS, ("id",), {"deployment": "deployment", "map": "map"}, has_key=True),
    Part("heartbeat", ("process", "since", "till"), ("process", "since"), {"process": "process"}),
    Part("call_site", CallSite.__slots__, CallSite.__slots__, has_key=True),
    Part(
        "tally",
        ("rule", "site", "stage", "outcome"),
        ("rule", "site", "stage", "outcome"),
        {"rule": "rule", "site": "call_site"},
        has_key=True,
    ),
    _counts("use", "process", "tally"),
    _counts("use_by_hour", "hour", "tally", "deployment"),
    _counts("use_by_day", "day", "rule", "site", "tally", "deployment"),
    _counts("use_ever", "tally", "deployment"),
    Part(
        "dropped",
        ("hour", "process", "count"),
        ("hour", "process"),
        {"process": "process"},
        merge="UPDATE SET count = count + excluded.count",
    ),
    Part(
        "notice",
        ("process", "kind", "subject", "text", "noted"),
        ("process", "kind", "subject"),
        {"process": "process"},
    ),
)
"""The tables of an export, in its order. All other tables are computed from these."""
