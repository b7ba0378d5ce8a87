"""The API's endpoints: JSON, CSV, issue texts, patches, and ``/metrics`` for Prometheus."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from enforcer.dashboard import records
from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.callers import GROUPS, choose, grouped
from enforcer.dashboard.copied_texts import issue, patch
from enforcer.dashboard.filters import Filters
from enforcer.dashboard.limits import LongAnswer, Turns
from enforcer.dashboard.links import is_rule
from enforcer.dashboard.look import STATES, Caller, Look
from enforcer.dashboard.openapi import TABLES, columns_of, document
from enforcer.dashboard.pages import MOST_PROCESSES
from enforcer.dashboard.places import Places
from enforcer.dashboard.tables import Record, TableState, arrange, as_csv, as_it_is, number
from enforcer.dashboard.timeline import sites_left
from enforcer.dashboard.trust import trust
from enforcer.output.times import iso
from enforcer.store import StoreError
from enforcer.store.queries import ProcessWatch
from enforcer.verdict.as_json import verdict_record
from enforcer.verdict.metrics import as_prometheus

Answer = Callable[[Request, Look], Any]
Source = Callable[[Request, Look], Iterable[Any]]

MOST_TABLES: Final = 8
"""Limit on tables that are read and sent at once; clients retry further ones later."""

_ROWS_AT_ONCE: Final = 500


class Api:
    """The API over one store."""

    def __init__(self, places: Places, call_sites: CallSites) -> None:
        """Connect the parts that answers are made of."""
        self._places = places
        self._call_sites = call_sites
        self._turns = Turns(MOST_TABLES)

    def routes(self) -> list[Route]:
        """Return the routes of the API."""
        sources: dict[str, tuple[Source, Callable[[Any], Record]]] = {
            "/rules": (_rules, as_it_is),
            "/call-sites": (_call_sites, self._record),
            "/new-call-sites": (lambda _, found: found.new_callers, self._record),
            "/callers": (_groups, lambda group: records.group_record(*group)),
            "/services": (lambda _, found: found.watching.services, records.service_record),
            "/maps": (lambda _, found: found.reader.maps(found.span), records.map_record),
            "/processes": (_processes, records.process_record),
            "/uses-in-time": (_uses_in_time, as_it_is),
            "/sites-in-time": (_sites_in_time, as_it_is),
        }
        tables = [
            Route(f"/api{path}", self._table(path, *sources[path]), name=f"api{path}")
            for path in TABLES
        ]
        return [
            Route("/api/openapi.json", self.openapi),
            Route("/api/overview", self._single(self._overview)),
            Route("/api/health", self._single(lambda _, found: self._health(found))),
            *tables,
            Route("/api/verdicts", self._single(_verdicts)),
            Route("/metrics", self._single(_metrics)),
            Route("/api/issue", self._single(self._issue)),
            Route("/api/patch/{legacy:path}", self._single(self._patch)),
            Route("/api/rules/{legacy:path}", self._single(self._rule)),
        ]

    def openapi(self, _request: Request) -> Response:
        """Return the OpenAPI document."""
        return JSONResponse(document(self._places.settings.prefix))

    def _table(
        self, path: str, source: Source, describe: Callable[[Any], Record]
    ) -> Callable[[Request], Awaitable[Response]]:
        name, schema, _, _ = TABLES[path]
        columns = columns_of(schema)

        def answer(request: Request, found: Look) -> Response:
            params = request.query_params
            state = TableState.read(params)
            matching = arrange(source(request, found), columns, state, describe)
            offset = number(params.get("offset", ""), 0)
            limit = number(params.get("limit", ""), len(matching))
            shown = map(describe, matching[offset : offset + limit])
            file = path.strip("/")
            if params.get("format") == "csv":
                pieces, headers = as_csv(columns, shown), _kept_as(f"{file}.csv")
                return LongAnswer(self._turns, pieces, "text/csv", headers)
            pieces = _as_json(name, shown, total=len(matching), offset=offset)
            headers = _kept_as(f"{file}.json") if params.get("download") else {}
            return LongAnswer(self._turns, pieces, "application/json", headers)

        respond = self._single(answer)

        async def respond_in_turn(request: Request) -> Response:
            if not self._turns.take():
                body = {"error": "Too many tables are asked for at once", "slug": "busy"}
                return JSONResponse(body, status_code=503, headers={"Retry-After": "5"})
            response: Response | None = None
            try:
                # In a thread, because reading a store blocks, and the event loop serves all
                # visitors.
                response = await run_in_threadpool(respond, request)
            finally:
                # A LongAnswer ends its turn itself, after its last byte.
                if not isinstance(response, LongAnswer):
                    self._turns.end()
            return response

        return respond_in_turn

    def _single(self, answer: Answer) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            filters = Filters.read(request.query_params)
            if filters.problems:
                # A program that is answered as if it had not asked reads wrong numbers.
                body = {"error": ". ".join(filters.problems), "slug": "bad-filter"}
                return JSONResponse(body, status_code=400)
            try:
                with self._places.of(request).look(filters) as found:
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
        health = found.health
        words = trust(found)
        return {
            "is_whole": health.is_whole and not words.lines,
            "problems": [line.text for line in words.lines],
            "words": f"{words.headline} {words.rest}",
            "processes": health.processes,
            "dropped": health.dropped,
            "vanished": health.vanished,
            "unknown": health.unknown,
            "gaps": health.gaps,
            "blind": health.blind,
            "last_written": iso(health.last_written) if health.last_written else None,
        }

    def _rule(self, request: Request, found: Look) -> Record | Response:
        fact = found.find(partial(is_rule, request.path_params["legacy"]))
        if fact is None:
            body = {"error": "There is no such rule", "slug": "no-rule"}
            return JSONResponse(body, status_code=404)
        rule = found.filtered(fact)
        services = found.reader.service_uses(found.span, rule.legacy)
        return {
            **records.rule_record(found, rule),
            "verdict": found.judgement.record(rule.legacy),
            "sites": [self._record(found.caller(rule, site)) for site in rule.call_sites],
            "services": [records.service_use_record(row) for row in services],
            "hosts": found.hosts(rule.legacy),
        }

    def _issue(self, request: Request, found: Look) -> Response:
        owner = request.query_params.get("owner", "")
        return PlainTextResponse(issue(found, owner, self._call_sites))

    def _patch(self, request: Request, found: Look) -> Response:
        rule = found.find(partial(is_rule, request.path_params["legacy"]))
        callers = [found.caller(rule, site) for site in rule.call_sites] if rule else []
        text = patch(callers, self._call_sites)
        return PlainTextResponse(text, status_code=200 if text else 404)

    def _record(self, caller: Caller) -> Record:
        return records.caller_record(caller, self._call_sites.link(caller))


def _as_json(name: str, rows: Iterable[Record], **rest: object) -> Iterator[str]:
    """Yield a JSON document with rows, some hundred of them at a time."""
    yield f"{{{json.dumps(name)}:["
    rows = iter(rows)
    mark = ""
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        yield mark + _dumps(some)[1:-1]
        mark = ","
    yield f"],{_dumps(rest)[1:]}"


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _call_sites(request: Request, found: Look) -> list[Caller]:
    rule = request.query_params.get("rule", "")
    chosen = choose(found.callers, request.query_params)
    return [each for each in chosen if rule in ("", each.rule.legacy)]


def _groups(request: Request, found: Look) -> Iterable[tuple[str, list[Caller]]]:
    by = request.query_params.get("by", "file")
    callers = choose(found.callers, request.query_params)
    return grouped(callers, by if by in GROUPS else "file").items()


def _verdicts(_request: Request, found: Look) -> Record:
    """Return the verdict on each rule; no filter changes them."""
    verdicts = found.judgement.verdicts.values()
    return {
        "judged": iso(found.now),
        "can_go": bool(verdicts) and all(one.can_go for one in verdicts),
        "verdicts": [verdict_record(one, found.owners_of) for one in verdicts],
    }


def _metrics(_request: Request, found: Look) -> Response:
    text = as_prometheus(found.judgement.verdicts.values())
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def _rules(request: Request, found: Look) -> Iterable[Record]:
    state = request.query_params.get("state", "")
    return (rule for rule in records.rule_records(found) if state in ("", rule["state"]))


def _processes(_request: Request, found: Look) -> Iterable[ProcessWatch]:
    return found.reader.process_watches(found.span, limit=MOST_PROCESSES)


def _uses_in_time(request: Request, found: Look) -> Iterable[Record]:
    rows = found.uses_in_time(found.timeline(found.rules), request.query_params.get("rule", ""))
    return ({"start": iso(row.start), "legacy": row.legacy, "uses": row.count} for row in rows)


def _sites_in_time(_request: Request, found: Look) -> Iterable[Record]:
    timeline = found.timeline(found.rules)
    sites = (site for rule in found.rules for site in rule.call_sites)
    lives = ((site.first_seen, found.left_until(site)) for site in sites)
    counts = sites_left(lives, timeline).values
    return (
        {"start": iso(start), "call_sites": count}
        for start, count in zip(timeline.starts, counts, strict=True)
    )


def _kept_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
