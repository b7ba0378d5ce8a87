"""Extract the valid part of a map with mistakes, for a program that runs (``fail_open``).

If the files of legacy modules are deleted, the program needs their aliases: a mistake in one place
of the map must not disable the others. A map may also be newer than the enforcer that reads it,
with keys and stages that this version does not know.

- A rule with invalid paths is left out. So is a rule for instances with any mistake that matters.
- A rule whose canonical path is itself legacy gets the path at the end of that chain.
- A rule with another mistake that decides what the program gets is in stage ``observe``: the
  program gets the legacy module's own code if that exists, else the canonical module.
- Any other key with a mistake is ignored: it is for people.
- If exemptions, the baseline, ``refuse`` or a table ``[[stage]]`` can't be read, strict rules
  refuse nobody.
"""

from enforcer.rules.conflicts import Ends
from enforcer.rules.model import (
    FACTORY,
    FOR_PEOPLE,
    FOR_VERDICTS,
    IGNORED,
    INSTANCES,
    TREE_SUFFIX,
    path_of,
)
from enforcer.rules.stages import OBSERVE, REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import Mistake, MistakeList
    from enforcer.rules.model import Entry
    from enforcer.rules.validation import Contents

    Ignored: TypeAlias = tuple[str, str, str]

LEFT_OUT = "left-out"
"""The kind of a notice on a rule that is not in force: its path is not watched."""

_HARMLESS = frozenset(
    {
        "implementation-with-fallback",
        "names-on-name-rule",
        "option-on-name-rule",
        "unknown-key",
        "unknown-table",
    }
)
_NEEDLESS = frozenset({"duplicate-rule", "name-in-legacy-module", "redundant-rule"})
"""Mistakes of a rule whose path is watched by another rule."""

_LEADS_ON = frozenset({"canonical-is-legacy", "chain"})

_IDLE = frozenset((*FOR_PEOPLE, *FOR_VERDICTS))
"""Keys of a rule that change nothing in a program."""

_DELEGATED = (FACTORY, INSTANCES)
_ARRAYS = ("rule", *_DELEGATED)
_REFUSES_NOBODY = "strict paths refuse nobody"
_REFUSING = ("allow", "baseline", "refuse")


def sound_part(
    contents: "Contents", mistakes: "MistakeList", document: "Mapping[str, Any]"
) -> "tuple[dict[str, Any], list[Entry], list[Ignored]]":
    """Return the options and entries that are valid, and a notice for each part that is ignored.

    Args:
        contents: the contents that were read.
        mistakes: all mistakes in them.
        document: the enforcer's own part of the parsed file.

    """
    by_table: dict[KeyPath, list[Mistake]] = {}
    ignored: list[Ignored] = []
    is_refusing = True
    for place, mistake in zip(mistakes.places, mistakes.found, strict=True):
        table = _table_of(place)
        if table:
            by_table.setdefault(table, []).append(mistake)
        else:
            text = _without_option(place, contents.options)
            is_refusing = is_refusing and not text.endswith(_REFUSES_NOBODY)
            ignored.append((IGNORED, mistake.key, _text(text, [mistake])))
    entries: list[Entry] = []
    ends = Ends([entry for entry in contents.entries if entry.kind not in _DELEGATED])  # type: ignore[misc]
    for entry, table in zip(contents.entries, contents.places, strict=True):
        found = by_table.pop(table, [])
        is_circular = entry.kind not in _DELEGATED and ends.is_circular(entry)  # type: ignore[arg-type]
        if not found and not is_circular:
            entries.append(entry)
            continue
        path = path_of(entry)
        kind, happened, is_held = _weaken(entry, found, ends, is_circular=is_circular)
        text = _text(f'the rule "{path}" {happened}', found)
        ignored.append((kind, path.removesuffix(TREE_SUFFIX), text))
        if is_held:
            entries.append(entry)
    watched = {path_of(entry).removesuffix(TREE_SUFFIX) for entry in entries}
    for table, found in by_table.items():
        subject = _legacy_at(table, document) or f"{found[0].file}:{found[0].line}"
        kind = IGNORED if subject in watched else LEFT_OUT
        ignored.append((kind, subject, _text(f'the rule "{subject}" is left out', found)))
    if not is_refusing:
        _refuse_nobody(contents.options, entries)
    return contents.options, entries, ignored


def _weaken(
    entry: "Entry", found: "list[Mistake]", ends: Ends, *, is_circular: bool
) -> tuple[str, str, bool]:
    """Weaken an entry with mistakes.

    Returns:
        The kind of the notice, what happened to the entry, and whether it stays in force.

    """
    if any(mistake.slug in _NEEDLESS for mistake in found):
        return IGNORED, "is ignored", False
    deciding = {mistake.slug for mistake in found if not _is_harmless(mistake)}
    if not deciding and not is_circular:
        return IGNORED, "holds without a key", True
    if entry.kind == INSTANCES:
        return LEFT_OUT, "is left out", False
    if deciding <= _LEADS_ON and not is_circular and ends.go_to_end(entry):  # type: ignore[arg-type]
        return IGNORED, f'leads to "{entry.canonical}"', True
    entry.stage = OBSERVE
    return IGNORED, "is in stage observe", True


def _is_harmless(mistake: "Mistake") -> bool:
    return mistake.slug in _HARMLESS or mistake.key.rpartition(".")[2] in _IDLE


def _refuse_nobody(options: "dict[str, Any]", entries: "list[Entry]") -> None:
    options["allow"] = tuple(one for one in options["allow"] if all(one[:3]))
    options["refuse"] = False
    for rollout in options["rollouts"]:
        rollout["refuse"] = rollout["stage"] == REMOVED
    for entry in entries:
        if entry.kind != INSTANCES and entry.stage != REMOVED:
            entry.refuse = False  # type: ignore[union-attr]


def _table_of(place: "KeyPath") -> "KeyPath":
    """Return the table of a rule that contains a place; empty for any other place."""
    for index, part in enumerate(place[:-1]):
        if part in _ARRAYS and isinstance(place[index + 1], int):
            return place[: index + 2]
    return ()


def _without_option(place: "KeyPath", options: "dict[str, Any]") -> str:
    """Return the consequence of a mistake in an option, or outside of all rules."""
    if "scrub" in place:
        # Without the function that filters telemetry, nothing may be sent.
        options["telemetry"] = False
        return "no telemetry is sent"
    if "stage" in place:
        return f"a table [[stage]] is ignored, and {_REFUSES_NOBODY}"
    if any(key in place for key in _REFUSING):
        return _REFUSES_NOBODY
    return "a part of the map is ignored"


def _legacy_at(table: "KeyPath", document: "Mapping[str, Any]") -> str:
    """Return the path that a table of the document names, if it is a string."""
    *_, array, index = table
    values = document[str(array)][index]
    key = "canonical" if array == INSTANCES else "legacy"
    path = values.get(key) if isinstance(values, dict) else None
    return path.removesuffix(TREE_SUFFIX) if isinstance(path, str) else ""


def _text(happened: str, found: "list[Mistake]") -> str:
    if not found:
        return f"{happened}: it leads back to itself"
    return f"{happened}: {' '.join(map(str, found))}"
