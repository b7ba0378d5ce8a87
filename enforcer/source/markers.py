"""pytest markers of a file's tests that allow legacy uses or expect refusals, from source."""

import ast
from collections.abc import Iterator
from typing import Final

from enforcer.findings import MODULE_LEVEL

ALLOWING: Final = "allow_legacy"
"""The marker of tests that may use strict paths."""

EXPECTING: Final = "expect_refusal"
"""The marker of tests that expect to be refused."""

_FIXTURE: Final = "legacy_uses"
_MODULE_MARKS: Final = "pytestmark"

Mark = tuple[str, str]
"""A function or class, empty for the whole file, and the marker that it has."""


def marks_of(node: ast.AST, name: str) -> Iterator[Mark]:
    """Yield the marks of a function or class; the fixture ``legacy_uses`` counts as an expectation.

    Args:
        node: the definition.
        name: its qualified name.

    """
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for decorator in node.decorator_list:
        for marker in _markers_in(decorator):
            yield name, marker
    if not isinstance(node, ast.ClassDef):
        taken = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if any(each.arg == _FIXTURE for each in taken):
            yield name, EXPECTING


def marks_of_file(node: ast.Assign) -> Iterator[Mark]:
    """Yield the marks that ``pytestmark = …`` sets for all tests of a file."""
    if any(isinstance(target, ast.Name) and target.id == _MODULE_MARKS for target in node.targets):
        for marker in _markers_in(node.value):
            yield "", marker


def excuse_of(function: str, marks: tuple[Mark, ...]) -> str:
    """Return the marker of a function, or of what contains it; empty if there is none.

    Expecting a refusal takes precedence over allowing a use.
    """
    if function == MODULE_LEVEL:
        # Module-level code runs at collection, not for a test.
        return ""
    around = [marker for name, marker in marks if not name or f"{function}.".startswith(f"{name}.")]
    return EXPECTING if EXPECTING in around else next(iter(around), "")


def _markers_in(node: ast.AST) -> Iterator[str]:
    for inside in ast.walk(node):
        if isinstance(inside, ast.Attribute) and inside.attr in (ALLOWING, EXPECTING):
            yield inside.attr
