"""Recognition of deprecations in syntax trees: calls that warn, decorators, texts that name paths.

Recognised are the standard library's way (``warnings.warn`` with a category), PEP 702, and by their
names the functions of other libraries.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from enforcer.source.calls import dotted

_DEPRECATED: Final = re.compile("deprecat", re.IGNORECASE)
_CATEGORIES: Final = ("DeprecationWarning", "FutureWarning")
# "Use :func:`shop.cart.total` instead", "moved to shop.cart", "in favour of total()": a word alone
# may be any word, and a hyphen after it is part of a distribution's name.
_PATH: Final = re.compile(
    r"\b(?:use|using|to|by|with|favou?r of|see)\s+(?:the\s+)?(?::\w+:)?[`'\"~]*"
    r"([^\W\d]\w*(?:[.:][^\W\d]\w*)*)(?![\w-])",
    re.IGNORECASE,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_warning(call: ast.Call) -> bool:
    """Return whether a call warns of a deprecation."""
    last = last_word(call.func)
    if _DEPRECATED.search(last):
        return True  # another library's way, such as warn_deprecated("…")
    if not last.startswith("warn"):
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(last_word(one).endswith(_CATEGORIES) for one in given) or any(
        _DEPRECATED.search(ast.unparse(one)) for one in given if not isinstance(one, ast.Constant)
    )


def warning_in(body: list[ast.stmt]) -> ast.Call | None:
    """Return the call of a body that warns each time: not below an ``if``."""
    calls = (node.value for node in body if isinstance(node, ast.Expr))
    return next((call for call in calls if isinstance(call, ast.Call) and is_warning(call)), None)


def has_warning(node: ast.AST) -> bool:
    """Return whether something in a node warns of a deprecation."""
    return any(isinstance(inner, ast.Call) and is_warning(inner) for inner in ast.walk(node))


def deprecating(node: Function | ast.ClassDef) -> ast.expr | None:
    """Return the decorator that marks a definition as deprecated (PEP 702, and others')."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if _DEPRECATED.search(last_word(called)):
            return decorator
    return None


def dotted_paths(node: ast.AST) -> Iterator[str]:
    """Yield each path that a text in a node names as a replacement, as written."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield from _PATH.findall(inner.value)


def is_type_checking(test: ast.expr) -> bool:
    """Return whether a condition is ``TYPE_CHECKING``, or its opposite."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    return last_word(test) == "TYPE_CHECKING"


def last_word(node: ast.expr) -> str:
    """Return the last name in a chain of attributes; empty if it is none."""
    name, parts = dotted(node)
    return [name, *parts][-1]
