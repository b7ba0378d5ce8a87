"""The names that ``__all__`` lists, with their places: one may be a module that nobody imports.

``from package import *`` imports each listed submodule (``_handle_fromlist`` of
Lib/importlib/_bootstrap.py), so that a package may list modules that it does not bind itself.
"""

import ast
from collections.abc import Iterator

_ALL = "__all__"


def listed_names(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the constants that a statement or call puts into ``__all__``.

    Args:
        node: an assignment, or a call of a method of ``__all__``.

    """
    if isinstance(node, ast.Assign):
        is_listing = any(_is_all(target) for target in node.targets)
        values = [node.value] if is_listing else []
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        values = [node.value] if _is_all(node.target) and node.value is not None else []
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        is_listing = _is_all(node.func.value) and node.func.attr in ("append", "extend")
        values = node.args if is_listing else []
    else:
        values = []
    waiting: list[ast.expr] = list(values)
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            waiting += value.elts
        elif isinstance(value, ast.BinOp):
            waiting += (value.left, value.right)
        elif isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value


def _is_all(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == _ALL
