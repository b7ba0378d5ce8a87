"""Answer what a browser asks for: one method for each page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from enforcer.dashboard import records
from enforcer.dashboard.addresses import Here, is_rule, without_password
from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.callers import GROUPS, WHOSE, choose, grouped
from enforcer.dashboard.charts import Chart, line, stacked
from enforcer.dashboard.filters import NONE, RANGES, Filters
from enforcer.dashboard.health import health_words
from enforcer.dashboard.looking import IN_USE, STATES, Caller, Look, look
from enforcer.dashboard.openapi import document
from enforcer.dashboard.overview import next_to_go, rule_bar, week_on_week
from enforcer.dashboard.owners import Owners
from enforcer.dashboard.rendering import Rendering
from enforcer.dashboard.settings import Settings
from enforcer.dashboard.tables import PAGE_SIZE, Column, Record, Table, TableState, table
from enforcer.dashboard.timeline import remaining_sites, trend, uses_by_rule
from enforcer.dashboard.watch_bars import watch_bars
from enforcer.report.model import RuleReport
from enforcer.rules.model import TREE
from enforcer.rules.stages import STAGES
from enforcer.store import StoreError
from enforcer.store.queries import UsesInTime

MOST_PROCESSES: Final = 10_000
"""How many processes the table of them is made of."""

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


class Pages:
    """Render the pages over one store."""

    def __init__(
        self, settings: Settings, rendering: Rendering, owners: Owners, call_sites: CallSites
    ) -> None:
        """Take what pages are made of."""
        self._settings = settings
        self._rendering = rendering
        self._owners = owners
        self._call_sites = call_sites
        self._expected = settings.migration_map.expected_services if settings.migration_map else ()

    def overview(self, request: Request) -> Response:
        """Show how the migration goes."""
        return self._answer(request, "overview.html", self._overview)

    def rules(self, request: Request) -> Response:
        """Show every rule."""
        return self._answer(request, "rules.html", self._rules)

    def rule(self, request: Request) -> Response:
        """Show one rule: its facts, and who uses it."""
        return self._answer(request, "rule.html", self._rule)

    def callers(self, request: Request) -> Response:
        """Show who uses legacy paths."""
        return self._answer(request, "callers.html", self._callers)

    def services(self, request: Request) -> Response:
        """Show who is watched."""
        return self._answer(request, "services.html", self._services)

    def api(self, request: Request) -> Response:
        """Show what the API answers."""
        here = Here(self._settings.prefix, "/api/", {}, Filters.read(request.query_params))
        values = self._frame(request, here)
        return self._rendering.page("api.html", document=document(here.prefix), **values)

    def not_found(self, request: Request) -> Response:
        """Say that there is no such page."""
        values = self._frame(request, self._here(request))
        return self._rendering.page("not_found.html", status=404, what="page", **values)

    def failed(self, request: Request) -> Response:
        """Say that the dashboard itself is broken."""
        values = self._frame(request, self._here(request))
        return self._rendering.page("failed.html", status=500, **values)

    def _overview(self, _request: Request, found: Look) -> Values:
        shown = [records.rule_record(found, rule) for rule in found.rules]
        everything = [*shown, *(records.rule_record(found, each) for each in found.unwatched)]
        sites = [site for rule in found.rules for site in rule.call_sites]
        remaining = remaining_sites(sites, found.timeline)
        fit = trend(remaining, found.timeline)
        rows = found.uses_in_time()
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
            "change": week_on_week(rows, found),
            "uses": _uses_chart(found, rows),
            "burn_down": line("burn-down", title, remaining, found.timeline, fit),
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
            "table": _table(request, "rules", records.RULE_COLUMNS, rows),
        }

    def _rule(self, request: Request, found: Look) -> Values | None:
        rule = find_rule(found, request.path_params["legacy"])
        if rule is None:
            return None
        callers = [found.caller(rule, site) for site in rule.call_sites]
        rows = [self._record(caller) for caller in callers]
        # What was reached is worth a column only where it can differ.
        columns = [
            column for column in records.CALLER_COLUMNS if column.key != "rule" or rule.kind == TREE
        ]
        shown = _table(request, "callers", columns, rows)
        services = [
            records.service_use_record(row)
            for row in found.reader.service_uses(found.span, rule.legacy)
        ]
        services.sort(key=lambda row: (row["last_seen"], row["uses"]), reverse=True)
        of_row = {id(row): caller for row, caller in zip(rows, callers, strict=True)}
        return {
            "rule": records.rule_record(found, rule),
            "uses": _uses_chart(found, found.uses_in_time(rule.legacy)),
            "services": services,
            "table": shown,
            "snippets": [self._call_sites.snippet(of_row[id(row)]) for row in shown.rows],
            "names": self._call_sites.rule(rule).names,
        }

    def _callers(self, request: Request, found: Look) -> Values:
        params = request.query_params
        by = params.get("by", "file")
        in_whose = {
            key: sum(1 for each in found.callers if key in ("", each.whose)) for key in WHOSE
        }
        callers = choose(found.callers, params)
        if by in GROUPS:
            rows = [records.group_record(*group) for group in grouped(callers, by).items()]
            name = replace(records.GROUP_COLUMNS[0], title=by.capitalize())
            shown = _table(request, "groups", (name, *records.GROUP_COLUMNS[1:]), rows)
        else:
            by = "site"
            rows = [self._record(caller) for caller in callers]
            shown = _table(request, "callers", records.CALLER_COLUMNS, rows)
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
        processes = found.reader.process_watches(found.span, limit=MOST_PROCESSES)
        rows = [records.process_record(each) for each in processes]
        maps = [records.map_record(each) for each in found.reader.maps(found.span)]
        services = records.service_records(found)
        return {
            "bars": watch_bars(found),
            "table": _table(request, "services", records.SERVICE_COLUMNS, services, usual=_FEW),
            "maps": _table(request, "maps", records.MAP_COLUMNS, maps, "maps", usual=_FEW),
            "processes": _table(
                request, "processes", records.PROCESS_COLUMNS, rows, "processes", usual=_FEW
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
            with look(self._settings, here.filters, self._owners) as found:
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
        """Give what every page needs, whether or not the store can be read."""
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
        """Give what the pages over a readable store have in common."""
        services = found.everywhere
        return {
            "health": health_words(found, self._expected),
            "options": {
                "service": _names(each.service for each in services),
                "version": _names(each.version for each in services),
                "environment": _names(each.environment for each in services),
                "owner": found.owner_names,
                "stage": list(STAGES),
            },
            "ranges": RANGES,
            "now": found.now,
            "last_written": found.health.last_written,
            "WHOSE": WHOSE,
        }


def find_rule(found: Look, wanted: str) -> RuleReport | None:
    """Find the rule that the end of an address means."""
    rules = (*found.all_rules, *found.unwatched)
    return next((rule for rule in rules if is_rule(wanted, rule.legacy)), None)


def _uses_chart(found: Look, rows: Sequence[UsesInTime]) -> Chart:
    series = uses_by_rule(rows, found.timeline, _STACKED_RULES)
    return stacked("uses", "Uses over time", series, found.timeline)


def _table(  # noqa: PLR0913 - three of them choose the part that is shown
    request: Request,
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Record],
    prefix: str = "",
    *,
    usual: int = PAGE_SIZE,
) -> Table:
    return table(name, columns, rows, TableState.read(request.query_params, prefix, usual))


def _names(values: Iterable[str]) -> list[str]:
    return sorted({each for each in values if each})
