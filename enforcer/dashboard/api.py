"""Answer in JSON (or CSV) what the pages show; :mod:`enforcer.dashboard.openapi` describes it."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from enforcer.dashboard import records
from enforcer.dashboard.addresses import is_rule
from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.callers import GROUPS, choose, grouped
from enforcer.dashboard.filters import Filters
from enforcer.dashboard.health import health_words
from enforcer.dashboard.looking import STATES, Caller, Look, Place
from enforcer.dashboard.openapi import TABLES, columns_of, document
from enforcer.dashboard.pages import MOST_PROCESSES
from enforcer.dashboard.tables import Record, TableState, arrange, as_csv
from enforcer.dashboard.timeline import remaining_sites
from enforcer.report.times import iso
from enforcer.store import StoreError

Answer = Callable[[Request, Look], Any]


class Api:
    """Answer for one store."""

    def __init__(self, place: Place, call_sites: CallSites) -> None:
        """Take what answers are made of."""
        self._place = place
        self._call_sites = call_sites
        self._expected = place.settings.expected_services

    def routes(self) -> list[Route]:
        """Give every address of the API."""
        rows: dict[str, Callable[[Request, Look], Iterable[Record]]] = {
            "/rules": _rules,
            "/call-sites": self._call_site_rows,
            "/new-call-sites": lambda _, found: map(self._record, found.new_callers),
            "/callers": self._groups,
            "/services": lambda _, found: map(records.service_record, found.watching.services),
            "/maps": lambda _, found: map(records.map_record, found.reader.maps(found.span)),
            "/processes": _processes,
            "/uses-in-time": _uses_in_time,
            "/sites-in-time": _sites_in_time,
        }
        tables = [
            Route(f"/api{path}", self._table(path, rows[path]), name=f"api{path}")
            for path in TABLES
        ]
        return [
            Route("/api/openapi.json", self.openapi),
            Route("/api/overview", self._single(self._overview)),
            Route("/api/health", self._single(lambda _, found: self._health(found))),
            *tables,
            Route("/api/rules/{legacy:path}", self._single(self._rule)),
        ]

    def openapi(self, _request: Request) -> Response:
        """Give the description of the API."""
        return JSONResponse(document(self._place.settings.prefix))

    def _table(
        self, path: str, rows: Callable[[Request, Look], Iterable[Record]]
    ) -> Callable[[Request], Response]:
        name, schema, _, _ = TABLES[path]
        columns = columns_of(schema)

        def answer(request: Request, found: Look) -> Response:
            params = request.query_params
            matching = arrange(rows(request, found), columns, TableState.read(params))
            offset = _number(params.get("offset", ""), 0)
            limit = _number(params.get("limit", ""), len(matching))
            shown = matching[offset : offset + limit]
            if params.get("format") == "csv":
                text = as_csv(columns, shown)
                return Response(
                    text, media_type="text/csv", headers=_kept_as(f"{path.strip('/')}.csv")
                )
            document = {name: shown, "total": len(matching), "offset": offset}
            is_kept = params.get("download")
            headers = _kept_as(f"{path.strip('/')}.json") if is_kept else {}
            return JSONResponse(document, headers=headers)

        return self._single(answer)

    def _single(self, answer: Answer) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            filters = Filters.read(request.query_params)
            try:
                with self._place.look(filters) as found:
                    value = answer(request, found)
            except StoreError as error:
                message, _, slug = str(error).rpartition(" (")
                body = {"error": message, "slug": slug.removesuffix(")")}
                return JSONResponse(body, status_code=503)
            return value if isinstance(value, Response) else JSONResponse(value)

        return respond

    def _overview(self, _request: Request, found: Look) -> Record:
        rules = records.rule_records(found)
        states = dict.fromkeys(STATES, 0)
        for rule in rules:
            states[rule["state"]] += 1
        return {
            "rules": len(rules),
            "used": sum(1 for rule in rules if rule["uses"]),
            "uses": sum(rule["uses"] for rule in rules),
            "call_sites": sum(rule["call_sites"] for rule in rules),
            "new_call_sites": len(found.new_callers),
            "states": states,
            "health": self._health(found),
        }

    def _health(self, found: Look) -> Record:
        health, words = found.health, health_words(found, self._expected)
        return {
            "is_whole": words.is_whole,
            "problems": list(words.problems),
            "processes": health.processes,
            "dropped": health.dropped,
            "vanished": health.vanished,
            "unknown": health.unknown,
            "gaps": health.gaps,
            "blind": health.blind,
            "last_written": iso(health.last_written) if health.last_written else None,
        }

    def _rule(self, request: Request, found: Look) -> Record | Response:
        rule = found.find(partial(is_rule, request.path_params["legacy"]))
        if rule is None:
            body = {"error": "There is no such rule in this time", "slug": "no-rule"}
            return JSONResponse(body, status_code=404)
        services = found.reader.service_uses(found.span, rule.legacy)
        return {
            **records.rule_record(found, rule),
            "sites": [self._record(found.caller(rule, site)) for site in rule.call_sites],
            "services": [records.service_use_record(row) for row in services],
        }

    def _record(self, caller: Caller) -> Record:
        return records.caller_record(caller, self._call_sites.link(caller))

    def _call_site_rows(self, request: Request, found: Look) -> Iterable[Record]:
        rule = request.query_params.get("rule", "")
        chosen = choose(found.callers, request.query_params)
        return (self._record(each) for each in chosen if rule in ("", each.rule.legacy))

    def _groups(self, request: Request, found: Look) -> Iterable[Record]:
        by = request.query_params.get("by", "file")
        groups = grouped(
            choose(found.callers, request.query_params), by if by in GROUPS else "file"
        )
        return (records.group_record(name, members) for name, members in groups.items())


def _rules(request: Request, found: Look) -> Iterable[Record]:
    state = request.query_params.get("state", "")
    return (rule for rule in records.rule_records(found) if state in ("", rule["state"]))


def _processes(_request: Request, found: Look) -> Iterable[Record]:
    processes = found.reader.process_watches(found.span, limit=MOST_PROCESSES)
    return map(records.process_record, processes)


def _uses_in_time(request: Request, found: Look) -> Iterable[Record]:
    rows = found.uses_in_time(found.timeline(found.rules), request.query_params.get("rule", ""))
    return ({"start": iso(row.start), "legacy": row.legacy, "uses": row.count} for row in rows)


def _sites_in_time(_request: Request, found: Look) -> Iterable[Record]:
    sites = [site for rule in found.rules for site in rule.call_sites]
    timeline = found.timeline(found.rules)
    counts = remaining_sites(sites, timeline).values
    return (
        {"start": iso(start), "call_sites": count}
        for start, count in zip(timeline.starts, counts, strict=True)
    )


def _kept_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else default
