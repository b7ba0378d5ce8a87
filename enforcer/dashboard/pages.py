"""The HTML pages: overview, rules, one rule, callers, services, API, and error pages."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from enforcer.dashboard import records
from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.callers import GROUPS, WHOSE, choose, grouped
from enforcer.dashboard.charts import Chart, line, stacked
from enforcer.dashboard.filters import NONE, RANGES, Filters
from enforcer.dashboard.health import health_words
from enforcer.dashboard.links import Here, is_rule, without_password
from enforcer.dashboard.look import IN_USE, STATES, Caller, Look, Place
from enforcer.dashboard.openapi import document
from enforcer.dashboard.overview import next_to_go, rule_bar, week_on_week
from enforcer.dashboard.tables import Column, Record, Table, TableState, as_it_is, table
from enforcer.dashboard.templating import Rendering
from enforcer.dashboard.timeline import Timeline, remaining_sites, trend, uses_by_rule
from enforcer.dashboard.watch_bars import watch_bars
from enforcer.rules.model import TREE
from enforcer.rules.stages import STAGES
from enforcer.store import StoreError

MOST_PROCESSES: Final = 10_000
"""Limit on processes in their table."""

_STACKED_RULES: Final = 7
_TOP: Final = 8
_FEW: Final = 25
_THEMES: Final = ("light", "dark")
_NAVIGATION: Final = (
    ("/", "Overview"),
    ("/rules", "Rules"),
    ("/callers", "Callers"),
    ("/services", "Services"),
    ("/api/", "API"),
)

Values = dict[str, Any]
T = TypeVar("T")


class Pages:
    """Handlers of the pages over one store."""

    def __init__(self, place: Place, rendering: Rendering, call_sites: CallSites) -> None:
        """Connect the parts that pages are made of."""
        self._place = place
        self._settings = place.settings
        self._owners = place.owners
        self._rendering = rendering
        self._call_sites = call_sites
        self._expected = place.settings.expected_services

    def overview(self, request: Request) -> Response:
        """Render the overview of the migration."""
        return self._answer(request, "overview.html", self._overview)

    def rules(self, request: Request) -> Response:
        """Render the table of all rules."""
        return self._answer(request, "rules.html", self._rules)

    def rule(self, request: Request) -> Response:
        """Render one rule: its facts and its callers."""
        return self._answer(request, "rule.html", self._rule)

    def callers(self, request: Request) -> Response:
        """Render the callers of legacy paths."""
        return self._answer(request, "callers.html", self._callers)

    def services(self, request: Request) -> Response:
        """Render the services that are watched."""
        return self._answer(request, "services.html", self._services)

    def api(self, request: Request) -> Response:
        """Render the documentation of the API."""
        here = Here(self._settings.prefix, "/api/", {}, Filters.read(request.query_params))
        values = self._frame(request, here)
        return self._rendering.page("api.html", document=document(here.prefix), **values)

    def not_found(self, request: Request) -> Response:
        """Render the page for an unknown address."""
        values = self._frame(request, self._here(request))
        return self._rendering.page("not_found.html", status=404, what="page", **values)

    def failed(self, request: Request) -> Response:
        """Render the page for an error of the dashboard itself."""
        values = self._frame(request, self._here(request))
        return self._rendering.page("failed.html", status=500, **values)

    def _overview(self, _request: Request, found: Look) -> Values:
        shown = [records.rule_record(found, rule) for rule in found.rules]
        everything = [*shown, *(records.rule_record(found, each) for each in found.unwatched)]
        sites = [site for rule in found.rules for site in rule.call_sites]
        timeline = found.timeline(found.rules)
        remaining = remaining_sites(sites, timeline)
        fit = trend(remaining, timeline)
        title = "Call sites that are left"
        return {
            "bar": rule_bar(everything),
            "totals": {
                "rules": len(everything),
                "in_use": sum(1 for rule in shown if rule["state"] == IN_USE),
                "used": sum(1 for rule in shown if rule["uses"]),
                "uses": sum(rule["uses"] for rule in shown),
                "call_sites": len(sites),
                "new": len(found.new_callers),
            },
            "change": week_on_week(found, timeline),
            "uses": _uses_chart(found, timeline),
            "burn_down": line("burn-down", title, remaining, timeline, fit),
            "fit": fit,
            "remaining": remaining.values[-1],
            "top": [rule for rule in shown if rule["uses"]][:_TOP],
            "new": [self._record(each) for each in found.new_callers[:_TOP]],
            "going": next_to_go(everything, found.now)[:_TOP],
        }

    def _rules(self, request: Request, found: Look) -> Values:
        everything = records.rule_records(found)
        state = request.query_params.get("state", "")
        rows = [rule for rule in everything if state in ("", rule["state"])]
        return {
            "bar": rule_bar(everything),
            "state": state if state in STATES else "",
            "table": _table(request, "rules", records.RULE_COLUMNS, rows, as_it_is),
        }

    def _rule(self, request: Request, found: Look) -> Values | None:
        rule = found.find(partial(is_rule, request.path_params["legacy"]))
        if rule is None:
            return None
        callers = [found.caller(rule, site) for site in rule.call_sites]
        # Only below a tree can the path that was reached differ from the rule's.
        columns = [
            column for column in records.CALLER_COLUMNS if column.key != "rule" or rule.kind == TREE
        ]
        shown = _table(request, "callers", columns, callers, self._record)
        services = [
            records.service_use_record(row)
            for row in found.reader.service_uses(found.span, rule.legacy)
        ]
        services.sort(key=lambda row: (row["last_seen"], row["uses"]), reverse=True)
        return {
            "rule": records.rule_record(found, rule),
            "hosts": found.hosts(rule.legacy),
            "uses": _uses_chart(found, found.timeline([rule]), rule.legacy),
            "services": services,
            "table": shown,
            "snippets": [self._call_sites.snippet(caller) for caller in shown.items],
            "names": self._call_sites.rule(rule).names,
        }

    def _callers(self, request: Request, found: Look) -> Values:
        params = request.query_params
        by = params.get("by", "file")
        in_whose = Counter(each.whose for each in found.callers)
        in_whose[""] = len(found.callers)
        callers = choose(found.callers, params)
        shown: Table[Any]
        if by in GROUPS:
            name = replace(records.GROUP_COLUMNS[0], title=by.capitalize())
            columns = (name, *records.GROUP_COLUMNS[1:])
            groups = list(grouped(callers, by).items())
            shown = _table(
                request, "groups", columns, groups, lambda group: records.group_record(*group)
            )
        else:
            by = "site"
            shown = _table(request, "callers", records.CALLER_COLUMNS, callers, self._record)
        return {
            "by": by,
            "whose": params.get("whose", ""),
            "in_whose": in_whose,
            "chosen": [(key, params[key]) for key in GROUPS if key != "owner" and params.get(key)],
            "table": shown,
            "owners_file": self._owners.file,
            "owners_problem": self._owners.problem,
        }

    def _services(self, request: Request, found: Look) -> Values:
        processes = list(found.reader.process_watches(found.span, limit=MOST_PROCESSES))
        maps = list(found.reader.maps(found.span))
        services = found.watching.services

        def make(
            name: str,
            columns: Sequence[Column],
            items: Sequence[T],
            describe: Callable[[T], Record],
            prefix: str = "",
        ) -> Table[T]:
            state = TableState.read(request.query_params, prefix, usual=_FEW)
            return table(name, columns, items, state, describe)

        return {
            "bars": watch_bars(found),
            "table": make("services", records.SERVICE_COLUMNS, services, records.service_record),
            "maps": make("maps", records.MAP_COLUMNS, maps, records.map_record, "maps"),
            "processes": make(
                "processes",
                records.PROCESS_COLUMNS,
                processes,
                records.process_record,
                "processes",
            ),
        }

    def _record(self, caller: Caller) -> Values:
        return records.caller_record(caller, self._call_sites.link(caller))

    def _answer(
        self,
        request: Request,
        template: str,
        values: Callable[[Request, Look], Values | None],
    ) -> Response:
        here = self._here(request)
        frame = self._frame(request, here)
        try:
            with self._place.look(here.filters) as found:
                if not found.everywhere:
                    return self._rendering.page("empty.html", store=found.reader.path, **frame)
                special = values(request, found)
                if special is None:
                    return self._rendering.page("not_found.html", status=404, what="rule", **frame)
                common = self._common(found)
        except StoreError as error:
            return self._unreadable(error, frame)
        return self._rendering.page(template, **frame, **common, **special)

    def _unreadable(self, error: StoreError, frame: Values) -> Response:
        message, _, slug = str(error).rpartition(" (")
        slug = slug.removesuffix(")")
        is_missing = slug == "no-store"
        return self._rendering.page(
            "empty.html" if is_missing else "unreadable.html",
            status=200 if is_missing else 503,
            store=without_password(self._settings.store),
            message=message,
            slug=slug,
            **frame,
        )

    def _here(self, request: Request) -> Here:
        path = str(request.scope["path"]).removeprefix(self._settings.prefix) or "/"
        params = {key: value for key, value in request.query_params.items() if value}
        return Here(self._settings.prefix, path, params, Filters.read(params))

    def _frame(self, request: Request, here: Here) -> Values:
        """Return the values of every page, whether or not the store can be read."""
        theme = request.cookies.get("enforcer-theme", "")
        return {
            "here": here,
            "filters": here.filters,
            "navigation": _NAVIGATION,
            "theme": theme if theme in _THEMES else "",
            "STATES": STATES,
            "NONE": NONE,
        }

    def _common(self, found: Look) -> Values:
        """Return the values that the pages over a readable store share."""
        services = found.everywhere
        return {
            "health": health_words(found, self._expected),
            "options": {
                "service": _names(each.service for each in services),
                "version": _names(each.version for each in services),
                "environment": _names(each.environment for each in services),
                "owner": [*self._owners.names, NONE] if self._owners.names else [],
                "stage": list(STAGES),
            },
            "ranges": RANGES,
            "now": found.now,
            "last_written": found.health.last_written,
            "WHOSE": WHOSE,
        }


def _uses_chart(found: Look, timeline: Timeline, legacy: str = "") -> Chart:
    rows = found.uses_in_time(timeline, legacy)
    series = uses_by_rule(rows, timeline, _STACKED_RULES)
    return stacked("uses", "Uses over time", series, timeline)


def _table(
    request: Request,
    name: str,
    columns: Sequence[Column],
    items: Sequence[T],
    describe: Callable[[T], Record],
) -> Table[T]:
    return table(name, columns, items, TableState.read(request.query_params), describe)


def _names(values: Iterable[str]) -> list[str]:
    return sorted({each for each in values if each})
