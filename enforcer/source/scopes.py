"""Qualified name of the scope that a syntax node opens, and the nodes that run in it."""

import ast
from collections.abc import Collection


def scope_of(node: ast.AST, prefix: str) -> tuple[tuple[str, str] | None, Collection[ast.AST]]:
    """Return the qualified name of the scope that a node opens, and the nodes that run in it.

    Decorators, defaults, annotations and base classes run in the scope around it. The name is that
    of the code object (``co_qualname``), which call sites are recorded with.
    """
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        name = f"{prefix}{node.name}"
        return (name, f"{name}.<locals>."), node.body
    if isinstance(node, ast.ClassDef):
        name = f"{prefix}{node.name}"
        return (name, f"{name}."), node.body
    if isinstance(node, ast.Lambda):
        name = f"{prefix}<lambda>"
        return (name, f"{name}.<locals>."), (node.body,)
    return None, ()
