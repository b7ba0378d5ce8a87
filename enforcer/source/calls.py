"""Calls in source code: which arguments they visibly pass."""

import ast
from dataclasses import dataclass

from enforcer.findings import MODULE_LEVEL
from enforcer.runtime.delegation.parameters import Parameters


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A call of something that the file has imported.

    Attributes:
        line: the line, from 1.
        path: the dotted path of what is called.
        function: the qualified name of the function around it, ``<module>`` at top level.
        values: for each positional argument, whether it is something other than ``None``.
        keywords: the same for each keyword argument.
        is_open: whether ``*`` or ``**`` may pass more than that.

    """

    line: int
    path: str
    function: str = MODULE_LEVEL
    values: tuple[bool, ...] = ()
    keywords: tuple[tuple[str, bool], ...] = ()
    is_open: bool = False


def dotted(node: ast.expr) -> tuple[str, list[str]]:
    """Split a chain of attributes into the name that it starts from, and the rest."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return (node.id, parts) if isinstance(node, ast.Name) else ("", parts)


def call_of(node: ast.Call, path: str, function: str) -> Call:
    """Return a call of what has a dotted path, with its arguments."""
    by_position = [each for each in node.args if not isinstance(each, ast.Starred)]
    named = [(each.arg, _is_something(each.value)) for each in node.keywords if each.arg]
    is_open = len(by_position) < len(node.args) or len(named) < len(node.keywords)
    values = tuple(map(_is_something, by_position))
    return Call(node.lineno, path, function, values, tuple(named), is_open)


def _is_something(node: ast.expr) -> bool:
    return not (isinstance(node, ast.Constant) and node.value is None)


def lacks(call: Call, name: str, taken: Parameters, none_by_default: frozenset[str]) -> bool:
    """Return whether a call certainly passes nothing, or None, for a parameter.

    Args:
        call: the call.
        name: the parameter.
        taken: the callable's parameters.
        none_by_default: its parameters whose default is None.

    """
    for keyword, is_something in call.keywords:
        if keyword == name:
            return not is_something
    index = taken.by_position.index(name) if name in taken.by_position else -1
    if 0 <= index < len(call.values) and not call.is_open:
        return not call.values[index]
    if call.is_open:
        return False
    return name not in taken.names or name in none_by_default
