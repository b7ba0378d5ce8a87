"""Parts of annotations that are within quotes."""

import ast
from collections.abc import Iterator
from typing import Final

_LITERAL: Final = "Literal"
_ANNOTATED: Final = "Annotated"


def quoted_in(node: ast.expr | None) -> Iterator[ast.Constant]:
    """Yield the strings of an annotation that are annotations themselves, not values."""
    waiting = [node] if node is not None else []
    while waiting:
        match waiting.pop():
            case ast.Constant(value=str()) as text:
                yield text
            case ast.Subscript(value=generic, slice=inside):
                name = generic.attr if isinstance(generic, ast.Attribute) else generic
                name = name.id if isinstance(name, ast.Name) else name
                if name == _ANNOTATED and isinstance(inside, ast.Tuple):
                    waiting += inside.elts[:1]
                elif name != _LITERAL:
                    waiting.append(inside)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                waiting += elements
            case ast.BinOp(left=left, right=right):
                waiting += [left, right]
