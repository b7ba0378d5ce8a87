"""The SQL that selects the enforcer's records from the collector's log and metric tables.

The names of tables and columns are those of the OpenTelemetry Collector's ClickHouse exporter.
Older versions of its log tables have no ``EventName``; ``TimestampTime`` is not used here.
"""

from typing import Final

from enforcer.recording.use import PROBE, CallSite

LOGS: Final = "otel_logs"
SUMS: Final = "otel_metrics_sum"

_SITE_ATTRIBUTES: Final = {
    "path": "deprecated_import.legacy",
    "file": "code.file.path",
    "function": "code.function.name",
    "module": "deprecated_import.caller.module",
    "mechanism": "deprecated_import.mechanism",
    "names": "deprecated_import.name",
    "via": "deprecated_import.caller.via",
    "relation": "deprecated_import.relation",
    "distribution": "deprecated_import.caller.distribution",
}
SITE_FIELDS: Final = CallSite.__slots__
"""The fields of a call site, in the order of ``SiteUses``."""

# Older semantic conventions name the environment ``deployment.environment``.
_DEPLOYMENT: Final = """
    ResourceAttributes['service.name'] AS service,
    ResourceAttributes['service.version'] AS version,
    if(ResourceAttributes['deployment.environment.name'] != '',
       ResourceAttributes['deployment.environment.name'],
       ResourceAttributes['deployment.environment']) AS environment
"""


def _log(name: str) -> str:
    return f"LogAttributes['{name}']"


_SITE = ",\n".join(
    [
        *(f"    {_log(name)} AS {field}" for field, name in _SITE_ATTRIBUTES.items()),
        f"    toUInt32OrZero({_log('code.line.number')}) AS line",
    ]
)
_SITE_KEY = f"sipHash64({', '.join(SITE_FIELDS)})"


def _is_event(*names: str, has_event_name: bool) -> str:
    listed = ", ".join(f"'deprecated_import.{name}'" for name in names)
    by_attribute = f"{_log('event.name')} IN ({listed})"
    is_ours = f"EventName IN ({listed}) OR {by_attribute}" if has_event_name else by_attribute
    return f"ScopeName = 'enforcer' AND ({is_ours})"


def uses(*, has_event_name: bool, when: str = "true") -> str:
    """Select the rows of uses as they were flushed; a row that was sent twice comes twice."""
    return f"""
SELECT
    {_log("deprecated_import.process")} AS process,
    {_log("deprecated_import.id")} AS id,
{_DEPLOYMENT},
    {_log("deprecated_import.rule")} AS rule,
{_SITE},
    {_SITE_KEY} AS site,
    {_log("deprecated_import.stage")} AS stage,
    {_log("deprecated_import.outcome")} AS outcome,
    mechanism = '{PROBE}' AS probe,
    toUInt64OrZero({_log("deprecated_import.count")}) AS count,
    toInt64OrZero({_log("deprecated_import.first_seen")}) AS first_seen,
    toInt64OrZero({_log("deprecated_import.last_seen")}) AS last_seen
FROM {LOGS} WHERE {when} AND {_is_event("used", "blocked", has_event_name=has_event_name)}
"""  # noqa: S608 - made of constants


def notices(*, has_event_name: bool) -> str:
    """Select the notices of processes."""
    return f"""
SELECT
    {_log("deprecated_import.process")} AS process,
    {_log("deprecated_import.notice.kind")} AS kind,
    {_log("deprecated_import.notice.subject")} AS subject,
    {_log("deprecated_import.notice.text")} AS text
FROM {LOGS} WHERE {_is_event("notice", has_event_name=has_event_name)}
"""  # noqa: S608 - made of constants


def endings(*, has_event_name: bool) -> str:
    """Select how processes ended."""
    return f"""
SELECT
    {_log("deprecated_import.process")} AS process,
    {_log("deprecated_import.ending")} AS ending,
    toUnixTimestamp64Nano(Timestamp) AS ended
FROM {LOGS} WHERE {_is_event("ended", has_event_name=has_event_name)}
"""  # noqa: S608 - made of constants


_PROCESS = """
    if(Attributes['deprecated_import.process'] != '', Attributes['deprecated_import.process'],
       ResourceAttributes['service.instance.id']) AS process
"""
_TIME = "toUnixTimestamp64Nano(TimeUnix)"

BEATS: Final = f"""
SELECT
{_PROCESS},
{_DEPLOYMENT},
    ResourceAttributes['host.name'] AS host,
    toUInt32OrZero(ResourceAttributes['process.pid']) AS pid,
    ResourceAttributes['process.runtime.version'] AS python,
    ResourceAttributes['process.command_line'] AS command,
    Attributes['deprecated_import.rule'] AS rule,
    Attributes['deprecated_import.canonical'] AS canonical,
    Attributes['deprecated_import.stage'] AS stage,
    Attributes['deprecated_import.removal'] AS removal,
    {_TIME} AS time
FROM {SUMS}
WHERE MetricName = 'deprecated_import.rule.count'
    AND Attributes['deprecated_import.rule.state'] = 'watched' AND Value > 0
"""  # noqa: S608 - made of constants
"""One row for each rule and each export of metrics in which a process says that it watches it."""

DROPS: Final = f"""
SELECT
{_PROCESS},
    Attributes['error.type'] AS error,
    AggregationTemporality = 2 AS is_sum,
    toUnixTimestamp64Nano(StartTimeUnix) AS start,
    {_TIME} AS time,
    toUInt64(Value) AS value
FROM {SUMS} WHERE MetricName = 'deprecated_import.dropped'
"""  # noqa: S608 - made of constants
"""One row for each count of lost uses: since ``start``, or since the count before."""
