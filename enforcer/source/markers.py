"""Read which tests of a file say that uses in them are allowed, or expected to be refused."""

import ast
from collections.abc import Iterator
from typing import Final

from enforcer.source.scopes import MODULE_LEVEL

ALLOWING: Final = "allow_legacy"
"""The marker of tests that may use strict paths."""

EXPECTING: Final = "expect_refusal"
"""The marker of tests that expect to be refused."""

_FIXTURE: Final = "legacy_uses"
_MODULE_MARKS: Final = "pytestmark"

Mark = tuple[str, str]
"""A function or class, empty for the whole file, and the marker that it has."""


def marks_of(node: ast.AST, name: str) -> Iterator[Mark]:
    """Yield the marks of a function or a class; whoever takes ``legacy_uses`` looks at refusals.

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
    """Yield the marks that ``pytestmark = …`` gives to all tests of a file."""
    if any(isinstance(target, ast.Name) and target.id == _MODULE_MARKS for target in node.targets):
        for marker in _markers_in(node.value):
            yield "", marker


def excuse_of(function: str, marks: tuple[Mark, ...]) -> str:
    """Return the marker of a function, or of what it lies in; empty if there is none.

    To expect a refusal says more than to allow a use, and goes first.
    """
    if function == MODULE_LEVEL:
        return ""  # it runs when the file is collected, for no test
    around = [marker for name, marker in marks if not name or f"{function}.".startswith(f"{name}.")]
    return EXPECTING if EXPECTING in around else next(iter(around), "")


def _markers_in(node: ast.AST) -> Iterator[str]:
    for inside in ast.walk(node):
        if isinstance(inside, ast.Attribute) and inside.attr in (ALLOWING, EXPECTING):
            yield inside.attr
