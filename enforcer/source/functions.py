"""Qualified names of a file's functions and classes, as at run time, without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from enforcer.source.files import read_source

_LOCALS: Final = "<locals>"


def function_names(file: Path) -> frozenset[str] | None:
    """Return the qualified names of a file's functions and classes; None if it can't be parsed."""
    try:
        tree = ast.parse(read_source(file))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    return frozenset(_names(tree, ""))


def is_written_by_python(name: str) -> bool:
    """Return whether a name has a part that is in no file, such as ``<module>`` or ``<lambda>``."""
    return any(part.startswith("<") and part != _LOCALS for part in name.split("."))


def _names(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield f"{prefix}{child.name}"
            yield from _names(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}"
            yield from _names(child, f"{prefix}{child.name}.{_LOCALS}.")
        else:
            yield from _names(child, prefix)
