"""Make the dashboard for Prometheus: how much, by which service, and is it going down.

Call sites are no labels in Prometheus, there would be too many: see the boards for ClickHouse.
What is asked for here are the metrics that enforcer emits and the series that
``prometheus/rules.yml`` records.
"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery, DataTransformerConfig
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.annotations import DEPLOYED, REMOVED, Marks
from dashboards.boards import addresses, board, chosen, chosen_source, lay_out, source
from dashboards.columns import bar, link, running_out, transformed, unit
from dashboards.panels import LEVEL, WIDTH, Shown, in_time, number, ranking, rows

UID: Final = "deprecated-imports-prometheus"

_SOURCE: Final = source("prometheus")
_SERVICE: Final = 'job=~"$service",deployment_environment_name=~"$environment"'
_RULE: Final = f'{_SERVICE},deprecated_import_rule=~"$rule"'
_USES: Final = "job_rule:deprecated_import_uses:increase1h"
_WATCHED: Final = f"job_rule:deprecated_import_watched:processes{{{_RULE}}}"
_PROCESSES: Final = f"job:deprecated_import_processes:count{{{_SERVICE}}}"
_DROPPED: Final = f"job:deprecated_import_dropped:increase1m{{{_SERVICE}}}"
_WATCHED_AT_ALL: Final = f"0 * sum({_WATCHED})"
"""A zero where somebody watches, and else nothing: no data is no zero."""

_BY_RULE: Final = "sum by (deprecated_import_rule)"

_NAMES: Final = {
    "job": "Service",
    "deployment_environment_name": "Environment",
    "service_version": "Version",
    "deprecated_import_rule": "Legacy path",
    "deprecated_import_canonical": "Canonical path",
    "deprecated_import_stage": "Stage",
    "deprecated_import_removal": "Removal",
    "alertname": "Alert",
    "severity": "Severity",
    "error_type": "Reason",
}
"""What people call a label."""


def make() -> dashboard.Dashboard:
    """Make the dashboard."""
    made = board(
        UID,
        "Deprecated imports (Prometheus)",
        "Who still uses which legacy import path, whether that goes down, what is to be removed "
        "next, and whether everything was watched. Recorded by enforcer.",
        tags=["prometheus"],
        since="now-7d",
    )
    made = made.annotations(_marks()).variables(
        [
            chosen_source("prometheus", "Prometheus"),
            _chosen("service", "Service", "job", ""),
            _chosen(
                "environment",
                "Environment",
                "deployment_environment_name",
                'job=~"$service"',
            ),
            _chosen("rule", "Legacy path", "deprecated_import_rule", _SERVICE),
            *addresses(),
        ]
    )
    return lay_out(
        made,
        {
            "": _numbers(),
            "Is it going down?": _trend(),
            "Who still uses which path?": _users(),
            "What is about to be removed?": _removals(),
            "Is everything watched, and was anything lost?": _health(),
        },
    )


def _marks() -> list[Builder[AnnotationQuery]]:
    by_version = "count by (job, service_version)"
    heard = f'job:deprecated_import_processes:count{{{_SERVICE},service_version!=""}}'
    # Heard in the time that a step stands for, and not in the hour before.
    new = (
        f"{by_version} (count_over_time({heard}[$__interval])) "
        f"unless {by_version} (count_over_time({heard}[1h] offset $__interval))"
    )
    days = f"max_over_time(job_rule:deprecated_import_removal:days{{{_RULE}}}[$__interval])"
    title = "{{deprecated_import_rule}} is to be removed"
    return [
        Marks(DEPLOYED, _SOURCE, expr=new, step="5m", titleFormat="{{job}} {{service_version}}"),
        Marks(REMOVED, _SOURCE, expr=f"{_BY_RULE} ({days} == 0)", step="5m", titleFormat=title),
    ]


def _chosen(name: str, label: str, of_label: str, within: str) -> dashboard.QueryVariable:
    query = f"label_values(deprecated_import_rule_count{{{within}}}, {of_label})"
    description = f"Show only some values of {of_label}."
    return chosen(name, label, description, query, of=_SOURCE, all_value=".*")


def _uses(time: str, more: str = "", offset: str = "") -> str:
    """Count the uses of each series in a time, such as ``$__range``, from roll-ups by the hour."""
    before = f" offset {offset}" if offset else ""
    return f"sum_over_time({_USES}{{{_RULE}{more}}}[{time}]{before})"


def _most(label: str, expression: str) -> str:
    """Keep the 20 series with most uses in the whole time range, the same ones at each step."""
    ranked = f"sum by ({label}) (sum_over_time({_USES}{{{_RULE}}}[$__range] @ end()))"
    return f"{expression} and on ({label}) topk(20, {ranked})"


def _now(expression: str, ref: str = "A", legend: str = "") -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).expr(expression).instant().legend_format(legend)


def _rows(expression: str, ref: str = "A") -> prometheus.Dataquery:
    return _now(expression, ref).format(PromQueryFormat.TABLE)


def _over_time(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).expr(expression).range().legend_format(legend)


def _tidy(**values: str) -> DataTransformerConfig:
    """Name columns for people, and leave out what is no help."""
    hidden = ("Time", "Time 1", "Time 2", "Time 3", "__name__")
    return transformed(
        "organize",
        excludeByName=dict.fromkeys(hidden, True),
        renameByName={**_NAMES, **values},
    )


def _numbers() -> list[Shown]:
    in_range = f"{_BY_RULE} ({_uses('$__range')})"
    refused = _uses("$__range", ',deprecated_import_outcome="blocked"')
    return [
        number(
            "Legacy paths watched",
            "Rules that at least one process watches now.",
            _now(f"count(count by (deprecated_import_rule) ({_WATCHED}))"),
            of=_SOURCE,
        ),
        number(
            "Legacy paths in use",
            "Rules with a use in this time range. Whether one of the others is safe to "
            "delete, `enforcer verdict` says.",
            _now(f"count({in_range} > 0) or {_WATCHED_AT_ALL}"),
            of=_SOURCE,
            colour="green",
            above_zero="orange",
        ),
        number(
            "Uses",
            "Executed imports and look-ups through legacy paths in this time range, "
            "by whole hours.",
            _now(f"sum({in_range}) or {_WATCHED_AT_ALL}"),
            of=_SOURCE,
        ),
        number(
            "Refused",
            "Uses that raised LegacyImportError: of rules in stage strict or removed, at call "
            "sites that the baseline does not tolerate.",
            _now(f"sum({refused}) or {_WATCHED_AT_ALL}"),
            of=_SOURCE,
            colour="green",
            above_zero="red",
        ),
        number(
            "Services watched",
            "Services with at least one process that watches now.",
            _now(f"count(count by (job) ({_PROCESSES}))"),
            of=_SOURCE,
        ),
        number(
            "Lost records",
            "Records that could not be kept or sent in this time range. While this is not 0, "
            "counts are too low, and no rule may be called safe to delete.",
            _now(f"sum(sum_over_time({_DROPPED}[$__range])) or 0 * sum({_PROCESSES})"),
            of=_SOURCE,
            colour="green",
            above_zero="red",
        ),
        *_numbers_before(),
    ]


def _numbers_before() -> list[Shown]:
    before = _uses("$__range", offset="$__range")
    refused = _uses("$__range", ',deprecated_import_outcome="blocked"', "$__range")
    watched = f"0 * sum({_WATCHED} offset $__range)"
    numbers = {
        "Legacy paths in use": f"count({_BY_RULE} ({before}) > 0)",
        "Uses": f"sum({before})",
        "Refused": f"sum({refused})",
    }
    return [
        number(
            f"{title}, the period before",
            "The same in the period of the same length before this time range; no data if nobody "
            "watched when this time range began.",
            _now(f"{expression} or {watched}"),
            of=_SOURCE,
            span=WIDTH // 3,
        )
        for title, expression in numbers.items()
    ]


def _quiet() -> Shown:
    """Show rules without a use in a fixed time: a filter must not make a path look unused."""
    rule = 'deprecated_import_rule=~"$rule"'
    used = f"{_BY_RULE} (sum_over_time({_USES}{{{rule}}}[%s]))"
    watched = f"job_rule:deprecated_import_watched:processes{{{rule}}}"
    quiet = f"({_BY_RULE} ({watched}) unless {used % '30d'} > 0)"
    hours = f"count_over_time(rule:deprecated_import_watched:max1h{{{rule}}}[90d])"
    names = {
        "Value #A": "Processes",
        "Value #B": "Days watched",
        "Value #C": "Uses in 90 days",
    }
    return rows(
        "Legacy paths without a use in 30 days",
        "Candidates to delete, of the whole fleet, whatever time range and services are chosen. "
        "Fewer days watched than 30 prove nothing. Ask `enforcer verdict` before: it also looks "
        "at gaps, lost records, services that nobody watched, and the source.",
        _rows(quiet),
        _rows(f"({hours} / 24) and on (deprecated_import_rule) {quiet}", "B"),
        _rows(f"({used % '90d'} or 0 * {quiet}) and on (deprecated_import_rule) {quiet}", "C"),
        of=_SOURCE,
        columns={"Legacy path": [link("Only this path", UID, "rule")]},
        sort="Days watched",
        transformations=[
            transformed("joinByField", byField="deprecated_import_rule", mode="outer"),
            _tidy(**names),
        ],
    )


def _trend() -> list[Shown]:
    by_service = "max by (job, deployment_environment_name, deprecated_import_rule)"
    sites = f"{by_service} (deprecated_import_call_site_count{{{_RULE}}})"
    of_a_day = _uses("1d")
    return [
        in_time(
            "Uses by legacy path",
            "How many uses each bar's time brought, an hour at least, of the 20 paths with most "
            "uses. A process that reports for the first time brings all that it has counted.",
            _over_time(
                _most("deprecated_import_rule", f"{_BY_RULE} ({_uses('$__interval')})"),
                "{{deprecated_import_rule}}",
            ),
            of=_SOURCE,
            stacked=True,
            every="1h",
        ),
        in_time(
            "Call sites by legacy path",
            "The most call sites that any one process of a service met, added up over services. "
            "It is a lower bound: processes of one service may meet different ones. ClickHouse "
            "has the exact number, and the call sites themselves.",
            _over_time(f"topk(20, {_BY_RULE} ({sites}))", "{{deprecated_import_rule}}"),
            of=_SOURCE,
            calculated=LEVEL,
        ),
        in_time(
            "Legacy paths in use and watched",
            "Of the rules that are watched, how many were used within the day before. When the "
            "lower line reaches zero, nobody uses a legacy path.",
            _over_time(f"count({_BY_RULE} ({of_a_day}) > 0) or {_WATCHED_AT_ALL}", "in use"),
            _over_time(f"count(count by (deprecated_import_rule) ({_WATCHED}))", "watched", "B"),
            of=_SOURCE,
            calculated=LEVEL,
            span=WIDTH,
        ),
    ]


def _users() -> list[Shown]:
    in_range = _uses("$__range")
    keys = (
        "deprecated_import_rule, deprecated_import_canonical, deprecated_import_stage, job, "
        "deployment_environment_name, service_version"
    )
    return [
        rows(
            "Uses by legacy path and service",
            "Click a legacy path or a service to see it alone.",
            _rows(f"topk(1000, sum by ({keys}) ({in_range}) > 0)"),
            of=_SOURCE,
            columns={
                "Legacy path": [link("Only this path", UID, "rule")],
                "Service": [link("Only this service", UID, "service")],
                "Uses": [unit("short"), *bar()],
            },
            sort="Uses",
            transformations=[_tidy(Value="Uses")],
            span=2 * WIDTH // 3,
        ),
        ranking(
            "Uses by service",
            "Whom to talk to.",
            _now(f"topk(20, sum by (job) ({in_range}))", legend="{{job}}"),
            of=_SOURCE,
        ),
        ranking(
            "Uses by own and third-party code",
            "Own code can be changed; a third-party caller has to be upgraded, or keeps the path "
            "alive.",
            _now(
                f"sum by (deprecated_import_relation) ({in_range})",
                legend="{{deprecated_import_relation}}",
            ),
            of=_SOURCE,
        ),
        in_time(
            "Uses by service over time",
            "How many uses each bar's time brought, of the 20 services with most uses.",
            _over_time(_most("job", f"sum by (job) ({_uses('$__interval')})"), "{{job}}"),
            of=_SOURCE,
            stacked=True,
            every="1h",
            span=2 * WIDTH // 3,
        ),
    ]


def _removals() -> list[Shown]:
    dated = f'job_rule:deprecated_import_watched:processes{{{_RULE},deprecated_import_removal!=""}}'
    days = f"job_rule:deprecated_import_removal:days{{{_RULE}}}"
    join = transformed("joinByField", byField="deprecated_import_rule", mode="outer")
    names = {"Value #A": "Processes", "Value #B": "Days left", "Value #C": "Uses"}
    return [
        rows(
            "Legacy paths with a removal",
            "What was announced to go, and who will notice. Days left are known for dates within "
            "90 days; a removal can also be a version.",
            _rows(f"sum by (deprecated_import_rule, deprecated_import_removal) ({dated})"),
            _rows(f"min by (deprecated_import_rule) ({days})", "B"),
            _rows(f"{_BY_RULE} ({_uses('$__range')})", "C"),
            of=_SOURCE,
            columns={
                "Legacy path": [link("Only this path", UID, "rule")],
                "Days left": running_out(14),
                "Uses": [unit("short"), *bar()],
            },
            transformations=[join, _tidy(**names)],
            span=WIDTH // 2,
        ),
        rows(
            "Alerts that fire",
            "From prometheus/alerts.yml.",
            _rows(
                "sum by (alertname, severity, job, deprecated_import_rule, error_type) "
                '(ALERTS{alertname=~"DeprecatedImport.+",alertstate="firing",job=~"$service"})'
            ),
            of=_SOURCE,
            columns={},
            transformations=[_tidy(Value="Alerts")],
            span=WIDTH // 2,
        ),
        _quiet(),
    ]


def _health() -> list[Shown]:
    latest = "max by (job, deployment_environment_name)"
    before = f"max_over_time(timestamp({_PROCESSES})[$__range:$__interval])"
    heard = f"({latest} (timestamp({_PROCESSES})) or {latest} ({before}))"
    return [
        in_time(
            "Processes that watch, by service",
            "A gap is a time in which nobody watched: no use in it proves nothing.",
            _over_time(f"sum by (job) ({_PROCESSES})", "{{job}}"),
            of=_SOURCE,
            calculated=LEVEL,
        ),
        in_time(
            "Lost records over time",
            "By why they were lost. Any of them forbids to call a rule safe to delete.",
            _over_time(
                f"sum by (job, error_type) (sum_over_time({_DROPPED}[$__interval]))",
                "{{job}}: {{error_type}}",
            ),
            of=_SOURCE,
            stacked=True,
            every="1m",
        ),
        rows(
            "Services, and when they were last heard of",
            "A service that stopped being watched stands first.",
            _rows(f"time() - {heard}"),
            of=_SOURCE,
            columns={
                "Service": [link("Only this service", UID, "service")],
                "Silent for": [unit("s")],
            },
            sort="Silent for",
            transformations=[_tidy(Value="Silent for")],
            span=WIDTH // 2,
        ),
        rows(
            "Rules, and how many processes watch them",
            "A rule that fewer processes watch than others is not in everybody's map.",
            _rows(f"sum by (deprecated_import_rule, deprecated_import_stage) ({_WATCHED})"),
            of=_SOURCE,
            columns={"Legacy path": [link("Only this path", UID, "rule")]},
            sort="Processes",
            transformations=[_tidy(Value="Processes")],
            span=WIDTH // 2,
        ),
    ]
