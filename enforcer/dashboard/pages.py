"""The HTML pages: to do, paths, one path, callers, coverage, API, and error pages."""

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
from enforcer.dashboard.charts import Chart, columns
from enforcer.dashboard.day_strips import DAYS, Strip, presences, strip
from enforcer.dashboard.filters import NONE, RANGES, Filters
from enforcer.dashboard.judging import LANES, judge, judge_all, judged_ago
from enforcer.dashboard.links import Here, is_rule, without_password
from enforcer.dashboard.live_updates import UNREADABLE, state_of
from enforcer.dashboard.look import Caller, Look
from enforcer.dashboard.openapi import document
from enforcer.dashboard.places import SCOPE, Places
from enforcer.dashboard.source_state import LIVES, SourceState
from enforcer.dashboard.tables import Column, Record, Table, TableState, as_it_is, table
from enforcer.dashboard.templating import Rendering
from enforcer.dashboard.timeline import Series, Timeline, count_uses
from enforcer.dashboard.todo import left_by_week, todo
from enforcer.dashboard.trust import PROBLEMS, trust
from enforcer.dashboard.watch_bars import watch_bars
from enforcer.report.model import RuleReport
from enforcer.rules.model import TREE
from enforcer.rules.stages import STAGES
from enforcer.store import StoreError
from enforcer.store.queries import DAY, ProcessWatch, Span

MOST_PROCESSES: Final = 10_000
"""Limit on processes in their table."""

_FEW: Final = 25
_MOST_STRIPS: Final = 20
_THEMES: Final = ("light", "dark")
_NAVIGATION: Final = (
    ("/", "To do"),
    ("/rules", "Paths"),
    ("/callers", "Callers"),
    ("/services", "Coverage"),
)

Values = dict[str, Any]
T = TypeVar("T")


class Pages:
    """Handlers of the pages over one store."""

    def __init__(self, places: Places, rendering: Rendering, call_sites: CallSites) -> None:
        """Connect the parts that pages are made of."""
        self._places = places
        self._settings = places.settings
        self._owners = places.owners
        self._rendering = rendering
        self._call_sites = call_sites

    def overview(self, request: Request) -> Response:
        """Render what there is to do, and who has to."""
        return self._answer(request, "todo.html", self._todo)

    def rules(self, request: Request) -> Response:
        """Render the table of all paths."""
        return self._answer(request, "paths.html", self._paths)

    def rule(self, request: Request) -> Response:
        """Render one path: its verdict, its days and its callers."""
        return self._answer(request, "path.html", self._path)

    def callers(self, request: Request) -> Response:
        """Render the callers of legacy paths."""
        return self._answer(request, "callers.html", self._callers)

    def services(self, request: Request) -> Response:
        """Render which services were watched, when, and what may be missing."""
        return self._answer(request, "coverage.html", self._coverage)

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

    def _todo(self, _request: Request, found: Look) -> Values:
        timeline, left = left_by_week(found)
        chart = None
        if left:
            series = Series("call sites", left)
            begin, end = timeline.starts[0], timeline.end
            noun = ("call site", "call sites")
            title = "Call sites left, at the end of each week"
            chart = columns("left", title, series, timeline, begin=begin, end=end, noun=noun)
        began = found.now if found.began is None else found.began
        over = Timeline.over(began, found.now)
        uses = count_uses(found.reader.uses_in_time(Span(), over.size), over)
        return {
            "judged_ago": judged_ago(found),
            "todo": todo(found, judge_all(found), (timeline, left)),
            "left_chart": chart,
            "uses": columns("uses", "Uses", uses, over, begin=began, end=found.now),
        }

    def _paths(self, request: Request, found: Look) -> Values:
        judged = {each.rule.legacy: each for each in judge_all(found)}
        everything = [
            {**record, "verdict": judged[record["legacy"]].lane}
            for record in records.rule_records(found)
        ]
        order = list(LANES)
        everything.sort(key=lambda record: order.index(record["verdict"]))
        state = request.query_params.get("state", "")
        rows = [rule for rule in everything if state in ("", rule["verdict"])]
        lines = records.weekly_uses(found)
        shown = _table(request, "rules", records.RULE_COLUMNS, rows, as_it_is)
        shown_rows = tuple(
            {**row, **records.spark(lines.get(str(row["legacy"]), ()))} for row in shown.rows
        )
        return {
            "judged_ago": judged_ago(found),
            "counts": {lane: sum(each.lane == lane for each in judged.values()) for lane in LANES},
            "state": state if state in LANES else "",
            "table": replace(shown, rows=shown_rows),
        }

    def _path(self, request: Request, found: Look) -> Values | None:
        fact = found.find(partial(is_rule, request.path_params["legacy"]))
        if fact is None:
            return None
        rule = found.filtered(fact)
        source = SourceState(found.scan, fact.legacy)
        callers = [found.caller(rule, site) for site in rule.call_sites]
        # Only below a tree can the path that was reached differ from the rule's.
        first, *others = (
            each for each in records.CALLER_COLUMNS if each.key != "rule" or rule.kind == TREE
        )
        shown = _table(
            request,
            "callers",
            [first, records.LIFE_COLUMN, *others],
            callers,
            lambda caller: {**self._record(caller), "life": source.life(found, caller.site)},
        )
        services = [
            records.service_use_record(row)
            for row in found.reader.service_uses(found.span, rule.legacy)
        ]
        services.sort(key=lambda row: (row["last_seen"], row["uses"]), reverse=True)
        return {
            "rule": records.rule_record(found, rule),
            "judged": judge(found, fact),
            "strips": self._strips(found, fact),
            "hosts": found.hosts(rule.legacy),
            "uses": self._uses(found, rule),
            "services": services,
            "table": shown,
            "snippets": [self._call_sites.snippet(caller) for caller in shown.items],
            "names": self._call_sites.rule(rule).names,
            "only_named": source.only_named(fact, self._owners),
            "LIVES": LIVES,
        }

    def _uses(self, found: Look, rule: RuleReport) -> Chart:
        timeline = found.timeline([rule])
        uses = count_uses(found.uses_in_time(timeline, rule.legacy), timeline)
        return columns("uses", "Uses", uses, timeline, begin=timeline.begin, end=found.end)

    def _strips(self, found: Look, rule: RuleReport) -> list[Strip]:
        """Return the last days of each service that watched a path."""
        since = (found.now // DAY - DAYS + 1) * DAY
        maps = found.judgement.maps_with(rule.legacy)
        lives = (
            life
            for life in found.judgement.fleet.lives
            if life.map in maps and life.written >= since
        )
        last: dict[tuple[str, str], int] = {}
        for row in found.reader.service_uses(Span(), rule.legacy):
            key = row.service, row.environment
            last[key] = max(last.get(key, 0), row.last_seen)
        strips = []
        for each in presences(lives, found.now)[:_MOST_STRIPS]:
            key = each.service, each.environment
            span = Span(since=since, service=each.service, environment=each.environment)
            used = (
                found.reader.uses_in_time(span, DAY, rule.legacy)
                if last.get(key, 0) >= since
                else ()
            )
            is_steady = found.judgement.terms.is_production(each.environment)
            days = (row.start for row in used)
            last_use = last.get(key, 0)
            strips.append(strip(each, days, found.now, last_use=last_use, is_steady=is_steady))
        return strips

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

    def _coverage(self, request: Request, found: Look) -> Values:
        params = request.query_params
        problem = params.get("problem", "")
        processes = [
            each
            for each in found.reader.process_watches(found.span, limit=MOST_PROCESSES)
            if problem not in PROBLEMS or _has_problem(each, problem)
        ]
        maps = list(found.reader.maps(found.span))
        newest_maps = records.newest_versions(maps)
        services = records.newest_first(found.watching.services)
        newest = records.newest_versions(services)
        is_old_shown = params.get("versions") == "all"
        span = found.span
        lives = (
            life
            for life in found.judgement.fleet.lives
            if span.service in ("", life.service)
            and span.version in ("", life.version)
            and span.environment in ("", life.environment)
        )

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
            "bars": watch_bars(presences(lives, found.now), span.since, found.end),
            "table": make(
                "services",
                records.SERVICE_COLUMNS,
                services if is_old_shown else newest,
                records.service_record,
            ),
            "older": len(services) - len(newest),
            "is_old_shown": is_old_shown,
            "problem": problem if problem in PROBLEMS else "",
            "maps": make(
                "maps",
                records.MAP_COLUMNS,
                maps if is_old_shown else newest_maps,
                records.map_record,
                "maps",
            ),
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
            with self._places.of(request).look(here.filters) as found:
                # In the same snapshot: what is written from now on is told to the page.
                frame["written"] = state_of(found.reader)
                if not found.everywhere:
                    return self._rendering.page("empty.html", store=found.reader.path, **frame)
                special = values(request, found)
                if special is None:
                    return self._rendering.page("not_found.html", status=404, what="path", **frame)
                common = self._common(found)
        except StoreError as error:
            return self._unreadable(error, frame)
        return self._rendering.page(template, **frame, **common, **special)

    def _unreadable(self, error: StoreError, frame: Values) -> Response:
        message, _, slug = str(error).rpartition(" (")
        slug = slug.removesuffix(")")
        is_missing = slug == "no-store"
        frame["written"] = UNREADABLE
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
            "LANES": LANES,
            "NONE": NONE,
            "now": self._settings.now(),
            "scope": sorted(request.scope[SCOPE]),
        }

    def _common(self, found: Look) -> Values:
        """Return the values that the pages over a readable store share."""
        services = found.everywhere
        return {
            "trust": trust(found),
            "options": {
                "service": _names(each.service for each in services),
                "version": _names(each.version for each in services),
                "environment": _names(each.environment for each in services),
                "owner": [*self._owners.names, NONE] if self._owners.names else [],
                "stage": list(STAGES),
            },
            "ranges": RANGES,
            "WHOSE": WHOSE,
        }


def _has_problem(process: ProcessWatch, problem: str) -> bool:
    counts = {"gaps": process.gaps, "blind": process.blind, "dropped": process.dropped}
    return bool(counts[problem]) if problem in counts else process.ending == problem


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
