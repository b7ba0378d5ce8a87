"""Branches of an ``if`` by when they run: at import, for type checkers, or as a script."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Branches:
    """The statements of an ``if``, sorted.

    Attributes:
        at_import: what may run when the module is imported.
        for_typing: what only type checkers read.
        as_script: what only runs in ``__main__``.

    """

    at_import: list[ast.stmt]
    for_typing: list[ast.stmt]
    as_script: list[ast.stmt]


def branches(node: ast.If) -> Branches:
    """Sort the statements of an ``if`` by when they run."""
    if _is_type_checking(node.test):
        return Branches(node.orelse, node.body, [])
    test = node.test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        if _is_type_checking(test.operand):
            return Branches(node.body, node.orelse, [])
    elif _is_main(test):
        return Branches(node.orelse, [], node.body)
    return Branches([*node.body, *node.orelse], [], [])


def _is_type_checking(test: ast.expr) -> bool:
    """Return whether this is ``TYPE_CHECKING``, ``typing.TYPE_CHECKING`` or a false constant."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.Constant(value=value):
            return not value
        case _:
            return False


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(
            left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant("__main__")]
        ):
            return True
        case ast.Compare(
            left=ast.Constant("__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]
        ):
            return True
        case _:
            return False
