"""Nodes inside of a syntax node, and whether lines belong to one.

Both are called for every node of every file, and know no more than the walk needs.
"""

import ast
from typing import Final

from enforcer.source.interest import Lines

# Fields that have no nodes inside with a reference.
_LEAVES: Final = frozenset(
    (
        *("asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "n"),
        *("op", "ops", "simple", "str", "tag", "type_comment", "type_ignores"),
    )
)


def inner_nodes(node: ast.AST) -> list[ast.AST]:
    """Return the nodes directly inside of one, which may have a reference in them."""
    children: list[ast.AST] = []
    for name in _INNER[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            children += value
        elif isinstance(value, ast.AST):
            children.append(value)
    return children


class _InnerFields(dict[type, tuple[str, ...]]):
    """The fields of each class of nodes that may have nodes inside."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        fields = getattr(kind, "_fields", ())
        self[kind] = inner = tuple(name for name in fields if name not in _LEAVES)
        return inner


# Lists of nodes may also have None and words in them, which have no fields.
_INNER: Final = _InnerFields({ast.Name: (), ast.Constant: (), ast.alias: (), ast.Global: ()})


def is_on(node: ast.AST, lines: Lines) -> bool:
    """Return whether one of some lines belongs to a node, or the node has no lines of its own."""
    first = getattr(node, "lineno", 0)
    if not first:
        return True
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        first = min(first, decorators[0].lineno)
    return lines.are_in(first, node.end_lineno or first)  # type: ignore[attr-defined]
