"""The roll-up tables in ClickHouse, and the materialized views that fill them.

Views see rows as they are inserted. What the collector sends twice, because an answer was lost, is
deduplicated by :data:`USES`: it accepts no row that it has. All other tables are fed from it, or
are idempotent.
"""

from typing import Final

from enforcer.store.clickhouse.records import (
    BEATS,
    DROPS,
    LOGS,
    SITE_FIELDS,
    SUMS,
    endings,
    notices,
    uses,
)
from enforcer.store.sqlite.schema import DAY, HOUR

VERSION: Final = 1
"""The version of the roll-ups that this code creates and reads.

1: the first one.
"""

VERSIONS: Final = "enforcer_schema"
USES: Final = "enforcer_use"

_MINUTE = 60_000_000_000

_WORD = "LowCardinality(String)"
_DEPLOYMENT = f"service {_WORD}, version {_WORD}, environment {_WORD}"
_TALLY = f"rule {_WORD}, site UInt64, stage {_WORD}, outcome {_WORD}, {_DEPLOYMENT}, probe UInt8"
_TALLY_KEY = "rule, site, stage, outcome, service, version, environment, probe"
_SUMS = """
count SimpleAggregateFunction(sum, UInt64),
first_seen SimpleAggregateFunction(min, Int64),
last_seen SimpleAggregateFunction(max, Int64)
"""
_ADD_UP = "sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen"
_SITE = ", ".join(f"{field} {'UInt32' if field == 'line' else 'String'}" for field in SITE_FIELDS)

# A ReplacingMergeTree drops duplicate rows, and an AggregatingMergeTree sums them, in the
# background at some time: readers have to group by the key in any case.
TABLES: Final = (
    f"""
CREATE TABLE IF NOT EXISTS {VERSIONS} (version UInt32, applied DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY version
""",
    f"""
CREATE TABLE IF NOT EXISTS {USES} (
    process {_WORD}, id String, {_TALLY}, count UInt64, first_seen Int64, last_seen Int64
) ENGINE = MergeTree PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(last_seen))
ORDER BY (process, id)
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_site (site UInt64, {_SITE})
ENGINE = ReplacingMergeTree ORDER BY site
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_use_by_hour (hour UInt32, {_TALLY}, {_SUMS})
ENGINE = AggregatingMergeTree PARTITION BY intDiv(hour, 24 * 28) ORDER BY (hour, {_TALLY_KEY})
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_use_by_day (day UInt32, {_TALLY}, {_SUMS})
ENGINE = AggregatingMergeTree PARTITION BY intDiv(day, 28 * 12) ORDER BY (day, {_TALLY_KEY})
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_use_ever ({_TALLY}, {_SUMS})
ENGINE = AggregatingMergeTree ORDER BY ({_TALLY_KEY})
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_process (
    process String, {_DEPLOYMENT}, host {_WORD}, pid UInt32, python {_WORD}, command String,
    since SimpleAggregateFunction(min, Int64), till SimpleAggregateFunction(max, Int64)
) ENGINE = AggregatingMergeTree
ORDER BY (process, service, version, environment, host, pid, python, command)
""",
    """
CREATE TABLE IF NOT EXISTS enforcer_minute (
    process String, minute UInt32,
    since SimpleAggregateFunction(min, Int64), till SimpleAggregateFunction(max, Int64)
) ENGINE = AggregatingMergeTree ORDER BY (process, minute)
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_watched (
    process String, rule {_WORD}, canonical {_WORD}, stage {_WORD}, removal {_WORD}
) ENGINE = ReplacingMergeTree ORDER BY (process, rule, canonical, stage, removal)
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_drop (
    process String, error {_WORD}, is_sum UInt8, start Int64, time Int64, value UInt64
) ENGINE = ReplacingMergeTree ORDER BY (process, error, is_sum, start, time)
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_notice (
    process String, kind {_WORD}, subject String, text String
) ENGINE = ReplacingMergeTree ORDER BY (process, kind, subject)
""",
    f"""
CREATE TABLE IF NOT EXISTS enforcer_ending (process String, ending {_WORD}, ended Int64)
ENGINE = ReplacingMergeTree(ended) ORDER BY process
""",
)

ALL_KNOWN: Final = f"SELECT process, id FROM {USES}"  # noqa: S608 - constants

# Inside of a view, the name of the watched table stands for the rows that are being inserted.
_KNOWN = f"""
{ALL_KNOWN} WHERE process IN (SELECT LogAttributes['deprecated_import.process'] FROM {LOGS})
"""  # noqa: S608 - made of constants


def uses_of_day(day: object, *, has_event_name: bool) -> str:
    """Select the uses of one day (UTC) that are not known yet."""
    midnight = f"toDateTime64('{day} 00:00:00', 9, 'UTC')"
    when = f"Timestamp >= {midnight} AND Timestamp < {midnight} + INTERVAL 1 DAY"
    known = f"""
{ALL_KNOWN} WHERE last_seen >= toUnixTimestamp64Nano({midnight})
    AND last_seen < toUnixTimestamp64Nano({midnight} + INTERVAL 1 DAY)
"""
    return new_uses(known, has_event_name=has_event_name, when=when)


def new_uses(known: str, *, has_event_name: bool, when: str = "true") -> str:
    """Select the uses that are not among known ones, each once."""
    return f"""
SELECT process, id, {_TALLY_KEY}, count, first_seen, last_seen
FROM ({uses(has_event_name=has_event_name, when=when)})
WHERE (process, id) NOT IN ({known}) LIMIT 1 BY process, id
"""  # noqa: S608 - made of constants


def by_hour(source: str) -> str:
    """Return the query that sums uses by the hour."""
    return f"""
SELECT hour, {_TALLY_KEY}, {_ADD_UP}
FROM (SELECT *, toUInt32(intDiv(last_seen, {HOUR})) AS hour FROM {source})
GROUP BY hour, {_TALLY_KEY}
"""  # noqa: S608 - made of constants


def sites(source: str) -> str:
    """Return the query for each call site, once or more often."""
    return f"SELECT DISTINCT site, {', '.join(SITE_FIELDS)} FROM ({source})"  # noqa: S608 - constants


PROCESSES: Final = f"""
SELECT process, service, version, environment, host, pid, python, command,
       min(time) AS since, max(time) AS till
FROM ({BEATS}) GROUP BY process, service, version, environment, host, pid, python, command
"""  # noqa: S608 - made of constants

MINUTES: Final = f"""
SELECT process, toUInt32(intDiv(time, {_MINUTE})) AS minute, min(time) AS since, max(time) AS till
FROM ({BEATS}) GROUP BY process, minute
"""  # noqa: S608 - made of constants

WATCHED: Final = f"SELECT DISTINCT process, rule, canonical, stage, removal FROM ({BEATS})"  # noqa: S608 - constants


def views(*, has_event_name: bool) -> dict[str, tuple[str, str, str]]:
    """Return the views: the table that each fills, the table that it watches, and its query."""
    found = uses(has_event_name=has_event_name)
    by_day = f"""
SELECT day, {_TALLY_KEY}, {_ADD_UP}
FROM (SELECT *, toUInt32(intDiv(last_seen, {DAY})) AS day FROM {USES})
GROUP BY day, {_TALLY_KEY}
"""  # noqa: S608 - made of constants
    ever = f"SELECT {_TALLY_KEY}, {_ADD_UP} FROM {USES} GROUP BY {_TALLY_KEY}"  # noqa: S608 - constants
    return {
        # Views on another view's table come first, so that they miss no row.
        "enforcer_use_by_hour": ("enforcer_use_by_hour", USES, by_hour(USES)),
        "enforcer_use_by_day": ("enforcer_use_by_day", USES, by_day),
        "enforcer_use_ever": ("enforcer_use_ever", USES, ever),
        USES: (USES, LOGS, new_uses(_KNOWN, has_event_name=has_event_name)),
        "enforcer_site": ("enforcer_site", LOGS, sites(found)),
        "enforcer_notice": ("enforcer_notice", LOGS, notices(has_event_name=has_event_name)),
        "enforcer_ending": ("enforcer_ending", LOGS, endings(has_event_name=has_event_name)),
        "enforcer_process": ("enforcer_process", SUMS, PROCESSES),
        "enforcer_minute": ("enforcer_minute", SUMS, MINUTES),
        "enforcer_watched": ("enforcer_watched", SUMS, WATCHED),
        "enforcer_drop": ("enforcer_drop", SUMS, DROPS),
    }
