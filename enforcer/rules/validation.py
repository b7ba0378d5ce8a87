"""Convert the parsed tables of a migration map to options, rules, factories and instances.

Nothing here stops at the first mistake: all are noted, and the caller decides. Single values are
read in ``values``, paths are validated in ``paths``, and contradictions between rules found in
``conflicts``.
"""

from enforcer.rules.conflicts import Entry, check_conflicts
from enforcer.rules.exemptions import read_exemptions
from enforcer.rules.factory_conflicts import check_factory_conflicts
from enforcer.rules.factory_table import read_factory, read_instances
from enforcer.rules.model import KEEP_DAYS, LEAST_DAYS, LOGS, NO_LOG
from enforcer.rules.rule_table import read_rule, read_stage
from enforcer.rules.stage_table import read_rollouts
from enforcer.rules.stages import ALIAS
from enforcer.rules.store_address import SQLITE, scheme_of
from enforcer.rules.values import Table, nearest, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enforcer.rules.factory_model import Factory, Instances
    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList
    from enforcer.rules.model import Entry as MapEntry

OPTION_KEYS = (
    "service",
    "default_stage",
    "refuse",
    "fail_open",
    "sigterm",
    "log",
    "telemetry",
    "scrub",
    "root",
    "expected_services",
    "store",
    "keep_days",
    "baseline",
    "allow",
    "source_url",
    "exclude",
    "expect_refusals",
)

_SOURCE_FILE = "{file}"

_ARRAYS = {
    "rule": "rule",
    "factory": "factory",
    "instances": "rule for instances",
    "stage": "stage for a part of the fleet",
}
"""The arrays of tables → the name of one of their elements in messages."""


def _read_options(table: Table) -> "dict[str, Any]":
    """Read the table ``[enforcer]``, with values as they were written."""
    return {
        "service": table.string("service"),
        "default_stage": read_stage(table, "default_stage", ALIAS),
        "refuse": table.flag("refuse", default=True),
        "fail_open": table.flag("fail_open", default=True),
        "sigterm": table.flag("sigterm", default=False),
        "log": _read_log(table),
        "telemetry": table.flag("telemetry", default=True),
        "scrub": _read_scrub(table),
        "root": table.string("root", "."),
        "expected_services": table.strings("expected_services"),
        "store": _read_store(table),
        "keep_days": _read_keep_days(table),
        "baseline": table.string("baseline"),
        "allow": read_exemptions(table),
        "source_url": _read_source_url(table),
        "exclude": table.strings("exclude"),
        "expect_refusals": table.strings("expect_refusals"),
    }


def _read_keep_days(table: Table) -> int:
    """Read for how many days the store keeps its rows; for ever if that is invalid."""
    days = table.values.get("keep_days", KEEP_DAYS)
    if isinstance(days, int) and not isinstance(days, bool) and (days == 0 or days > LEAST_DAYS):
        return days
    table.note(
        "keep_days",
        message=f'"keep_days" is {days if isinstance(days, int) else type_of(days)}.',
        remedy=f"Write more than {LEAST_DAYS} days, or 0 to keep everything: keep_days = 400.",
        slug="bad-keep-days",
    )
    return 0


def _read_log(table: Table) -> str:
    log = table.string("log", NO_LOG)
    if log in LOGS:
        return log
    table.note(
        "log",
        message=f'"{log}" is not a log.',
        remedy=f"Write one of {', '.join(LOGS)}.",
        slug="unknown-log",
    )
    return NO_LOG


def _read_scrub(table: Table) -> str:
    scrub = table.string("scrub")
    module, colon, name = scrub.partition(":")
    parts = [*module.split("."), name]
    if not scrub or (colon and all(part.isidentifier() for part in parts)):
        return scrub
    table.note(
        "scrub",
        message=f'"{scrub}" names no function.',
        remedy='Write a module, a colon and a function of it: scrub = "shop.privacy:scrub".',
        slug="bad-scrub",
    )
    return ""


def _read_source_url(table: Table) -> str:
    """Read the template of links to the code host, which a page of the dashboard follows."""
    template = table.string("source_url")
    if template and not (template.startswith(("https://", "http://")) and _SOURCE_FILE in template):
        table.note(
            "source_url",
            message=f'"{template}" is no address with {_SOURCE_FILE} in it.',
            remedy='Write source_url = "https://host/team/project/blob/{revision}/{file}#L{line}".',
            slug="bad-source-url",
        )
    return template


def _read_store(table: Table) -> str:
    """Read the file to write to; a URL may contain a password, so the map has none."""
    named = table.string("store")
    if scheme_of(named) in ("", SQLITE):
        return named
    table.note(
        "store",
        message=f'"{scheme_of(named)}://…" is no file.',
        remedy="Write a path here, and name what reports read in ENFORCER_STORE.",
        slug="unknown-store",
    )
    return ""


class Contents:
    """The contents of a map's document.

    Attributes:
        options: the values of the table ``[enforcer]``, by key.
        entries: rules, factories and instances with valid paths.
        places: the table of each of them in the document.

    """

    __slots__ = ("entries", "options", "places")

    def __init__(
        self,
        options: "dict[str, Any]",
        entries: "list[MapEntry]",
        places: "list[KeyPath]",
    ) -> None:
        self.options = options
        self.entries = entries
        self.places = places


def validate(
    document: "Mapping[str, object]", mistakes: "MistakeList", *, prefix: "KeyPath"
) -> "Contents":
    """Read options, by key, and rules, factories and instances, noting every mistake.

    Args:
        document: the parsed file.
        mistakes: the list to which mistakes are added.
        prefix: the path of the enforcer's own table; empty if the whole file is the enforcer's.

    """
    if prefix:
        options, own = _split_project(document, mistakes, prefix)
    else:
        options, own = _split_map(document, mistakes)
    read = _read_options(options)
    stage, refuse = read["default_stage"], read["refuse"]
    tables = {
        key: [
            Table(where, table, mistakes)
            for where, table in _rule_tables(own.get(key, []), mistakes, (*prefix, key))
        ]
        for key in _ARRAYS
    }
    rules = [
        Entry(rule, table.where)
        for table in tables["rule"]
        if (rule := read_rule(table, stage, refuse=refuse)) is not None
    ]
    factories: list[tuple[Factory, KeyPath]] = [
        (factory, table.where)
        for table in tables["factory"]
        if (factory := read_factory(table, stage, refuse=refuse)) is not None
    ]
    instances: list[tuple[Instances, KeyPath]] = [
        (found, table.where)
        for table in tables["instances"]
        if (found := read_instances(table, stage)) is not None
    ]
    check_conflicts(rules, mistakes)
    check_factory_conflicts(rules, factories, instances, mistakes)
    entries: list[MapEntry] = [entry.rule for entry in rules]
    entries += [factory for factory, _ in factories]
    entries += [found for found, _ in instances]
    read["rollouts"] = [one.fields() for one in read_rollouts(tables["stage"], entries)]
    places = [entry.where for entry in rules]
    places += [where for _, where in (*factories, *instances)]
    return Contents(read, entries, places)


def _split_map(
    document: "Mapping[str, object]", mistakes: "MistakeList"
) -> "tuple[Table, Mapping[str, object]]":
    """Split a map file into its options and its arrays of tables."""
    top = Table((), document, mistakes)
    for key, value in document.items():
        if key != "enforcer" and key not in _ARRAYS:
            _note_unknown_top(top, key, value)
    options = document.get("enforcer", {})
    if not isinstance(options, dict):
        top.note_type("enforcer", options, "[enforcer] and its keys below it")
        options = {}
    table = Table(("enforcer",), options, mistakes)
    table.check_keys(OPTION_KEYS, "[enforcer]")
    return table, document


def _split_project(
    document: "Mapping[str, object]", mistakes: "MistakeList", prefix: "KeyPath"
) -> "tuple[Table, Mapping[str, object]]":
    """Split the enforcer's table of a project file into its options and its arrays of tables."""
    tool = document["tool"]
    own = tool["enforcer"] if isinstance(tool, dict) else {}
    if not isinstance(own, dict):
        outer = Table(prefix[:-1], {}, mistakes)
        outer.note_type("enforcer", own, "[tool.enforcer] and its keys below it")
        own = {}
    options = {key: value for key, value in own.items() if key not in _ARRAYS}
    table = Table(prefix, options, mistakes)
    for key, value in options.items():
        if _is_table(value) and key not in OPTION_KEYS:
            _note_unknown_table(table, key, value)
    values = {
        key: value for key, value in options.items() if key in OPTION_KEYS or not _is_table(value)
    }
    Table(prefix, values, mistakes).check_keys(OPTION_KEYS, "[tool.enforcer]")
    return table, own


def _is_table(value: object) -> bool:
    """Return whether a value is a table or an array of tables."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _note_unknown_top(top: Table, key: str, value: object) -> None:
    if _is_table(value):
        _note_unknown_table(top, key, value)
        return
    known = key in OPTION_KEYS
    top.note(
        key,
        message=f'"{key}" stands outside of every table.',
        remedy="Write it below [enforcer]."
        if known
        else "Remove it, or write it below [enforcer] or [[rule]].",
        slug="unknown-key",
    )


def _note_unknown_table(table: Table, key: str, value: object) -> None:
    name = ".".join(str(part) for part in (*table.where, key))
    shown = f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
    message = f"{shown} is not a table of the map."
    tables = tuple(_ARRAYS) if table.where else ("enforcer", *_ARRAYS)
    remedy = nearest(key, tables)
    table.note(key, message=message, remedy=remedy, slug="unknown-table")


def _rule_tables(
    tables: object, mistakes: "MistakeList", where: "KeyPath"
) -> "list[tuple[KeyPath, Mapping[str, object]]]":
    """Return each table of an array with its path, noting elements that are no tables."""
    header = ".".join(str(part) for part in where)
    what = _ARRAYS[str(where[-1])]
    if not isinstance(tables, list):
        mistakes.add(
            where,
            message=f'"{where[-1]}" is {type_of(tables)}.',
            remedy=f"Write [[{header}]], with two brackets, once for each {what}.",
            slug="wrong-type",
        )
        return []
    found: list[tuple[KeyPath, Mapping[str, object]]] = []
    for index, table in enumerate(tables):
        if isinstance(table, dict):
            found.append(((*where, index), table))
            continue
        mistakes.add(
            (*where, index),
            message=f"a {what} is {type_of(table)}.",
            remedy=f"Write [[{header}]] and the keys of the {what} below it.",
            slug="wrong-type",
        )
    return found
