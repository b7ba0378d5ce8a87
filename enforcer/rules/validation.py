"""Convert the parsed tables of a migration map to options, rules, factories and instances.

Nothing here stops at the first mistake: all are noted, and the caller decides. The keys of
each table are in ``keys``, paths are validated in ``paths``, and contradictions between rules found
in ``conflicts``.
"""

from enforcer.record import Record
from enforcer.rules.conflicts import Entry, check_conflicts
from enforcer.rules.factory_conflicts import check_factory_conflicts
from enforcer.rules.factory_table import read_factory, read_instances
from enforcer.rules.keys import OPTION_KEYS
from enforcer.rules.rule_table import read_rule
from enforcer.rules.stage_table import read_rollouts
from enforcer.rules.values import Table, nearest, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enforcer.rules.factory_model import Factory, Instances
    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList
    from enforcer.rules.model import Entry as MapEntry

_ARRAYS = {
    "rule": "rule",
    "factory": "factory",
    "instances": "rule for instances",
    "stage": "stage for a part of the fleet",
}
"""The arrays of tables → the name of one of their elements in messages."""


class Contents(Record):
    """The contents of a map's document.

    Attributes:
        options: the values of the table ``[enforcer]``, by key.
        entries: rules, factories and instances with valid paths.
        places: the table of each of them in the document.

    """

    options: "dict[str, Any]"
    entries: "list[MapEntry]"
    places: "list[KeyPath]"


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
    values = options.read(OPTION_KEYS)
    stage, refuse = values["default_stage"], values["refuse"]
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
    values["rollouts"] = [one.fields() for one in read_rollouts(tables["stage"], entries)]
    places = [entry.where for entry in rules]
    places += [where for _, where in (*factories, *instances)]
    return Contents(values, entries, places)


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
