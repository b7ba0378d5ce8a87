"""The OpenAPI 3.1 document of the JSON API, generated from one table of its endpoints."""

from typing import Any, Final

from enforcer import __version__
from enforcer.dashboard.filters import RANGES
from enforcer.dashboard.look import STATES
from enforcer.dashboard.tables import Column
from enforcer.rules.stages import STAGES
from enforcer.verdict.code_kind import OTHERS, OWN_CODE, TESTS
from enforcer.verdict.model import ANSWERS
from enforcer.verdict.standing import STANDINGS
from enforcer.verdict.words import CONDITIONS

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_SECONDS: Final[Schema] = {"type": "number", "minimum": 0}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_NO_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_FLAG: Final[Schema] = {"type": "boolean"}
_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": _COUNT}
_DAY: Final[Schema] = {"type": "string", "description": "An ISO date, or empty."}


def _one_of(values: object) -> Schema:
    return {"type": "string", "enum": list(values)}  # type: ignore[call-overload]


def _all_of(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_PLACE: Final = {"service": _TEXT, "version": _TEXT, "environment": _TEXT}
_WATCHED: Final = {"since": _TIME, "till": _TIME}
_SEEN: Final = {"first_seen": _TIME, "last_seen": _TIME}

SCHEMAS: Final[dict[str, Schema]] = {
    "Rule": _all_of(
        legacy=_TEXT,
        canonical=_TEXT,
        kind=_one_of(("module", "tree", "name", "factory")),
        stage=_one_of(STAGES),
        state=_one_of(STATES),
        uses=_COUNT,
        call_sites=_COUNT,
        probes=_COUNT,
        first_seen=_NO_TIME,
        last_seen=_NO_TIME,
        reason=_TEXT,
        owner=_TEXT,
        since=_DAY,
        remove_after=_DAY,
        removal=_TEXT,
        link=_TEXT,
    ),
    "CallSite": _all_of(
        place=_TEXT,
        file=_TEXT,
        line=_COUNT,
        function=_TEXT,
        module=_TEXT,
        rule=_TEXT,
        path=_TEXT,
        mechanism=_TEXT,
        names=_TEXTS,
        uses=_COUNT,
        refused=_COUNT,
        would_be_refused=_COUNT,
        outcomes=_COUNTS,
        **_SEEN,
        owner=_TEXT,
        whose=_one_of((OWN_CODE, TESTS, OTHERS)),
        relation=_one_of(("own", "third_party")),
        distribution=_TEXT,
        package=_TEXT,
        via=_TEXT,
        link=_TEXT,
    ),
    "CallerGroup": _all_of(
        name=_TEXT, whose=_TEXT, uses=_COUNT, call_sites=_COUNT, rules=_COUNT, **_SEEN
    ),
    "ServiceUses": _all_of(**_PLACE, uses=_COUNT, call_sites=_COUNT, **_SEEN),
    "Service": _all_of(**_PLACE, processes=_COUNT, **_WATCHED),
    "WatchedMap": _all_of(
        **_PLACE, map=_TEXT, stages=_COUNTS, processes=_COUNT, **_WATCHED, path=_TEXT
    ),
    "Process": _all_of(
        id=_TEXT,
        **_PLACE,
        host=_TEXT,
        pid=_COUNT,
        python=_TEXT,
        command=_TEXT,
        run=_TEXT,
        map=_TEXT,
        **_WATCHED,
        ending=_one_of(("exit", "disabled", "lost", "unknown", "vanished", "running")),
        gaps=_COUNT,
        longest_gap_seconds=_SECONDS,
        dropped=_COUNT,
        blind=_TEXTS,
    ),
    "Health": _all_of(
        is_whole={"type": "boolean", "description": "While false, call nothing safe to delete."},
        problems=_TEXTS,
        processes=_COUNT,
        dropped=_COUNT,
        vanished=_COUNT,
        unknown=_COUNT,
        gaps=_COUNT,
        blind=_COUNT,
        last_written=_NO_TIME,
    ),
    "UsesInTime": _all_of(start=_TIME, legacy=_TEXT, uses=_COUNT),
    "SitesInTime": _all_of(start=_TIME, call_sites=_COUNT),
    "Overview": _all_of(
        rules=_COUNT,
        used=_COUNT,
        uses=_COUNT,
        call_sites=_COUNT,
        new_call_sites=_COUNT,
        states=_COUNTS,
        health=_ref("Health"),
    ),
    "RuleDetails": {
        "allOf": [
            _ref("Rule"),
            _all_of(
                sites={"type": "array", "items": _ref("CallSite")},
                services={"type": "array", "items": _ref("ServiceUses")},
                hosts=_COUNTS,
            ),
        ]
    },
    "Condition": _all_of(
        name=_one_of(CONDITIONS),
        state=_one_of(("met", "unmet", "unknown")),
        facts=_TEXTS,
        act={"type": ["string", "null"], "description": "What would turn it."},
    ),
    "Verdict": _all_of(
        legacy=_TEXT,
        canonical=_TEXT,
        kind=_one_of(("module", "tree", "name", "factory")),
        stage=_one_of(STAGES),
        owner=_TEXT,
        verdict=_one_of(ANSWERS),
        words=_TEXT,
        reason=_TEXT,
        can_go=_FLAG,
        state=_one_of(STANDINGS),
        call_sites_left=_COUNT,
        period_days={"type": "number"},
        last_use=_NO_TIME,
        quiet_since=_NO_TIME,
        conditions={"type": "array", "items": _ref("Condition")},
        callers={"type": "array", "items": {"type": "object"}},
        unknowns=_TEXTS,
        proposed_services=_TEXTS,
    ),
    "Verdicts": _all_of(
        judged=_TIME, can_go=_FLAG, verdicts={"type": "array", "items": _ref("Verdict")}
    ),
    "Error": _all_of(error=_TEXT, slug=_TEXT),
}

_FILTERS: Final[dict[str, tuple[str, Schema]]] = {
    "range": ("The time that is shown, back from now.", _one_of(RANGES)),
    "since": ("From this ISO date or time (UTC) on, instead of a range.", _TEXT),
    "until": ("Up to this ISO date (the whole day) or time (UTC).", _TEXT),
    "service": ("Only processes of this service.", _TEXT),
    "version": ("Only processes of this version.", _TEXT),
    "environment": ("Only processes in this environment.", _TEXT),
    "owner": ("Only call sites in files of this owner, by CODEOWNERS.", _TEXT),
    "stage": ("Only rules in this stage.", _one_of(STAGES)),
}
_TABLE: Final[dict[str, tuple[str, Schema]]] = {
    "q": ("Only rows with all these words.", _TEXT),
    "sort": ("A field to sort by, with - before it for the highest first.", _TEXT),
    "limit": ("How many rows at most; all without it.", {"type": "integer", "minimum": 1}),
    "offset": ("How many rows to pass over.", _COUNT),
    "format": ("CSV is for spreadsheets.", _one_of(("json", "csv"))),
    "download": ("Any value: the answer is to be kept as a file.", _TEXT),
}
_WHICH: Final[dict[str, tuple[str, Schema]]] = {
    "whose": ("Whose code it is.", _one_of((OWN_CODE, TESTS, OTHERS))),
    "file": ("Only this file.", _TEXT),
    "package": ("Only this folder of own code, or this distribution.", _TEXT),
    "distribution": ("Only this distribution.", _TEXT),
}
_BY: Final[dict[str, tuple[str, Schema]]] = {
    "by": ("What to group by.", _one_of(("file", "package", "distribution", "owner"))),
}
_STATE: Final[dict[str, tuple[str, Schema]]] = {
    "state": ("Only rules in this state.", _one_of(STATES)),
}
_OF_RULE: Final[dict[str, tuple[str, Schema]]] = {"rule": ("Only this legacy path.", _TEXT)}

TABLES: Final = {
    "/rules": ("rules", "Rule", "Every rule with its sums.", _STATE),
    "/call-sites": ("call_sites", "CallSite", "Every call site.", {**_OF_RULE, **_WHICH}),
    "/new-call-sites": (
        "call_sites", "CallSite", "Call sites that nobody had seen a week ago.", {},
    ),
    "/callers": ("groups", "CallerGroup", "Call sites in groups.", {**_BY, **_WHICH}),
    "/services": ("services", "Service", "Who is watched, from when till when.", {}),
    "/maps": ("maps", "WatchedMap", "Which rules each service watches.", {}),
    "/processes": ("processes", "Process", "Every process that watched.", {}),
    "/uses-in-time": (
        "uses", "UsesInTime", "Uses of each rule by hour, day or week, as there is room.", _OF_RULE,
    ),
    "/sites-in-time": (
        "sites", "SitesInTime", "Call sites that were still there, over time.", {},
    ),
}  # fmt: skip
"""The tables of the API: name of the list, schema of a row, description, its own parameters."""


def document(prefix: str) -> Schema:
    """Return the OpenAPI document of a dashboard below a prefix."""
    paths: dict[str, Schema] = {
        "/overview": _single("Sums of everything, and whether they can be relied on.", "Overview"),
        "/health": _single("What may be missing.", "Health"),
        "/verdicts": _single("The verdict on each rule; filters don't change it.", "Verdicts"),
    }
    for path, (name, schema, summary, own) in TABLES.items():
        content = _all_of(
            **{name: {"type": "array", "items": _ref(schema)}}, total=_COUNT, offset=_COUNT
        )
        operation = _operation(path, summary, {**_FILTERS, **own, **_TABLE}, content)
        operation["responses"]["200"]["content"]["text/csv"] = {"schema": _TEXT}
        paths[path] = {"get": operation}
    paths["/rules/{legacy}"] = _details()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "enforcer dashboard",
            "version": __version__,
            "description": "Who still uses which legacy path. Everything is read-only; all times "
            "are in UTC. Fields are only ever added.",
        },
        "servers": [{"url": f"{prefix}/api"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def columns_of(schema: str) -> tuple[Column, ...]:
    """Return the fields of a schema as columns, for CSV, sorting and searching."""
    return tuple(Column(key, key) for key in SCHEMAS[schema]["properties"])


def _single(summary: str, schema: str) -> Schema:
    return {"get": _operation(f"/{schema.lower()}", summary, _FILTERS, _ref(schema))}


def _details() -> Schema:
    operation = _operation("/rule", "One rule with its call sites.", _FILTERS, _ref("RuleDetails"))
    operation["parameters"].insert(
        0,
        {
            "name": "legacy",
            "in": "path",
            "required": True,
            "description": "The legacy path as the map has it.",
            "schema": _TEXT,
        },
    )
    operation["responses"]["404"] = _failure("There is no such rule.")
    return {"get": operation}


def _operation(
    path: str, summary: str, parameters: dict[str, tuple[str, Schema]], content: Schema
) -> Schema:
    return {
        "operationId": path.strip("/").replace("-", "_"),
        "summary": summary,
        "parameters": [
            {"name": name, "in": "query", "description": description, "schema": schema}
            for name, (description, schema) in parameters.items()
        ],
        "responses": {
            "200": {
                "description": "What was asked for.",
                "content": {"application/json": {"schema": content}},
            },
            "401": _failure("A token is needed."),
            "503": _failure("The store can't be read, or there is none yet."),
        },
    }


def _failure(description: str) -> Schema:
    return {
        "description": description,
        "content": {"application/json": {"schema": _ref("Error")}},
    }
