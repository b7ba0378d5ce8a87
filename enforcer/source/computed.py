"""Names of modules that are computed when the program runs: f-strings, concatenations, variables.

Source does not prove what such a name reaches, so it is listed as unproven, with the part of the
name that is written down.
"""

import ast
import re
from dataclasses import dataclass
from typing import Final

from enforcer.findings import MODULE_LEVEL
from enforcer.source.positions import Span

F_STRING: Final = "f-string"
COMPUTED: Final = "computed name"

_BEGINNING: Final = re.compile(r"[^\W\d][\w.]*(?::\w*)?")
_FORMATTED: Final = re.compile(r"[{%]")

# f-strings, and the t-strings of 3.14.
TEMPLATES: Final = (ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))


@dataclass(frozen=True, slots=True, order=True)
class Computed:
    """A module's name that is computed.

    Attributes:
        line: the line, from 1.
        prefix: how the name begins, as far as it is written down; empty if nothing of it is.
        reason: how it is computed: :data:`F_STRING` or :data:`COMPUTED`.
        is_import: whether it is certainly the name of a module, since a call imports it.
        function: the qualified name of the function around it.
        span: where it is.

    """

    line: int
    prefix: str
    reason: str
    is_import: bool = False
    function: str = MODULE_LEVEL
    span: Span = (0, 0, 0, 0)


def beginning(node: ast.expr) -> tuple[str, str] | None:
    """Return how a text begins that is computed, and how it is computed; None for a constant."""
    if isinstance(node, TEMPLATES):
        first = node.values[0] if node.values else None
        text = first.value if isinstance(first, ast.Constant) else ""
        return _path(text), F_STRING
    if isinstance(node, ast.Constant):
        return None
    if isinstance(node, ast.BinOp):
        return _left(node), COMPUTED
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "format" and isinstance(node.func.value, ast.Constant):
            return _path(node.func.value.value), COMPUTED
        if node.func.attr == "join":
            return "", COMPUTED
    return "", COMPUTED


def _left(node: ast.BinOp) -> str:
    """Return the text that a concatenation or a formatting with ``%`` begins with."""
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        left = left.left
    return _path(left.value) if isinstance(left, ast.Constant) else ""


def _path(text: object) -> str:
    """Return the beginning of a text as far as it may be part of a path; empty if none is."""
    if not isinstance(text, str):
        return ""
    written = _FORMATTED.split(text, maxsplit=1)[0]
    return written if _BEGINNING.fullmatch(written) else ""
