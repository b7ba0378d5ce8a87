"""Detection of functions that were renamed since a baseline was written.

A missing function is compared with those that are new in its file: the old body is read from the
commit that last changed the baseline, the new ones from the file as it is now.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from enforcer.baseline.model import Entry, Key
from enforcer.rules.regular_files import read_regular

FEWEST_ALIKE: Final = 0.6
"""Smallest similarity of two bodies; git's threshold for files is a half."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def renamed_functions(
    entries: Iterable[Entry], root: Path, source_before: Callable[[Entry], str]
) -> dict[Key, str]:
    """Return the current names of missing functions, by their entries' keys.

    Args:
        entries: entries whose files exist.
        root: the folder that files are relative to.
        source_before: returns an entry's file as it was, or nothing; called only if needed.

    """
    found = {}
    for entry in entries:
        text = _text(root / entry.file)
        if not _may_be_missing(entry.function, text):
            continue
        now, before = _functions(text), _functions(source_before(entry))
        if entry.function in now or entry.function not in before:
            continue
        added = {name: now[name] for name in now.keys() - before.keys()}
        name = _most_alike(before[entry.function], added)
        if name:
            found[entry.key] = name
    return found


def _text(file: Path) -> str:
    try:
        return read_regular(str(file)).decode("utf-8")
    except (OSError, ValueError):
        return ""


def _may_be_missing(function: str, text: str) -> bool:
    """Return whether a text lacks a definition for a part of the name, without parsing it."""
    names = [name for name in function.split(".") if name.isidentifier()]
    return not all(re.search(rf"(?:def|class)\s+{name}\b", text) for name in names)


def _functions(text: str) -> dict[str, _Function]:
    try:
        return dict(_named(ast.parse(text), ""))
    except (SyntaxError, ValueError, RecursionError):
        return {}


def _named(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _Function):
            yield from _named(child, prefix)
            continue
        yield f"{prefix}{child.name}", child
        within = "" if isinstance(child, ast.ClassDef) else "<locals>."
        yield from _named(child, f"{prefix}{child.name}.{within}")


def _most_alike(gone: _Function, added: dict[str, _Function]) -> str:
    lines = _lines(gone)
    alike = {
        name: SequenceMatcher(None, lines, _lines(function)).ratio()
        for name, function in added.items()
        if type(function) is type(gone)
    }
    best = max(sorted(alike), key=lambda name: alike[name], default="")
    return best if best and alike[best] >= FEWEST_ALIKE else ""


def _lines(function: _Function) -> list[str]:
    # Unparsed, so that formatting and comments don't matter.
    return [line for each in function.body for line in ast.unparse(each).splitlines()]
