"""Turn the parsed tables of a migration map into options and rules.

Nothing here stops at the first mistake: all are noted, and the caller decides. How a single
value is read is in ``values``, how a path is judged in ``paths``, and what two rules may
not say of each other in ``conflicts``.
"""

from enforcer.rules.conflicts import Entry, check_conflicts
from enforcer.rules.rule_table import read_rule, read_stage
from enforcer.rules.stages import ALIAS
from enforcer.rules.values import Table, nearest, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enforcer.rules.lines import KeyPath
    from enforcer.rules.mistakes import MistakeList
    from enforcer.rules.model import Rule

OPTION_KEYS = (
    "service",
    "default_stage",
    "fail_open",
    "sigterm",
    "root",
    "expected_services",
    "store",
)

_LATER_TABLES = ("factory", "instances")


def _read_options(table: Table) -> "dict[str, Any]":
    """Read what the map says of the enforcer as a whole, as it was written."""
    return {
        "service": table.string("service"),
        "default_stage": read_stage(table, "default_stage", ALIAS),
        "fail_open": table.flag("fail_open", default=True),
        "sigterm": table.flag("sigterm", default=False),
        "root": table.string("root", "."),
        "expected_services": table.strings("expected_services"),
        "store": table.string("store"),
    }


def validate(
    document: "Mapping[str, object]", mistakes: "MistakeList", *, prefix: "KeyPath"
) -> "tuple[dict[str, Any], list[Rule]]":
    """Read options, by key, and rules, noting every mistake.

    Args:
        document: the parsed file.
        mistakes: where mistakes are noted.
        prefix: the table that is the enforcer's own, empty if the whole file is.

    """
    if prefix:
        options, tables = _split_project(document, mistakes, prefix)
    else:
        options, tables = _split_map(document, mistakes)
    read = _read_options(options)
    entries: list[Entry] = []
    for where, table in _rule_tables(tables, mistakes, (*prefix, "rule")):
        rule = read_rule(Table(where, table, mistakes), read["default_stage"])
        if rule is not None:
            entries.append(Entry(rule, where))
    check_conflicts(entries, mistakes)
    return read, [entry.rule for entry in entries]


def _split_map(document: "Mapping[str, object]", mistakes: "MistakeList") -> "tuple[Table, object]":
    """Take a file of the enforcer's own apart."""
    top = Table((), document, mistakes)
    for key, value in document.items():
        if key not in ("enforcer", "rule"):
            _note_unknown_top(top, key, value)
    options = document.get("enforcer", {})
    if not isinstance(options, dict):
        top.note_type("enforcer", options, "[enforcer] and its keys below it")
        options = {}
    table = Table(("enforcer",), options, mistakes)
    table.check_keys(OPTION_KEYS, "[enforcer]")
    return table, document.get("rule", [])


def _split_project(
    document: "Mapping[str, object]", mistakes: "MistakeList", prefix: "KeyPath"
) -> "tuple[Table, object]":
    """Take the enforcer's table of a project file apart."""
    tool = document["tool"]
    own = tool["enforcer"] if isinstance(tool, dict) else {}
    if not isinstance(own, dict):
        outer = Table(prefix[:-1], {}, mistakes)
        outer.note_type("enforcer", own, "[tool.enforcer] and its keys below it")
        own = {}
    options = {key: value for key, value in own.items() if key != "rule"}
    table = Table(prefix, options, mistakes)
    for key, value in options.items():
        if key in _LATER_TABLES or (_is_table(value) and key not in OPTION_KEYS):
            _note_unknown_table(table, key, value)
    values = {key: value for key, value in options.items() if not _is_table(value)}
    Table(prefix, values, mistakes).check_keys(OPTION_KEYS, "[tool.enforcer]")
    return table, own.get("rule", [])


def _is_table(value: object) -> bool:
    """Tell whether a value is a table or an array of tables."""
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
    if key in _LATER_TABLES:
        message = f"this version of the enforcer does not know {shown}."
        remedy = "Remove it, or use a version that knows it."
    else:
        message = f"{shown} is not a table of the map."
        tables = ("rule",) if table.where else ("enforcer", "rule")
        remedy = nearest(key, tables)
    table.note(key, message=message, remedy=remedy, slug="unknown-table")


def _rule_tables(
    tables: object, mistakes: "MistakeList", where: "KeyPath"
) -> "list[tuple[KeyPath, Mapping[str, object]]]":
    """Give each rule's table with its path, noting what is no table."""
    header = ".".join(str(part) for part in where)
    if not isinstance(tables, list):
        mistakes.add(
            where,
            message=f'"rule" is {type_of(tables)}.',
            remedy=f"Write [[{header}]], with two brackets, once for each rule.",
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
            message=f"a rule is {type_of(table)}.",
            remedy=f"Write [[{header}]] and the keys of the rule below it.",
            slug="wrong-type",
        )
    return found
