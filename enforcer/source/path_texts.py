"""Texts in Python code that may be the path of something in a module."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Final

_PATH_TEXT: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?::[^\W\d]\w*(?:\.[^\W\d]\w*)*)?")


def is_path(text: str) -> bool:
    """Return whether a string could be the path of something in a module."""
    return ("." in text or ":" in text) and _PATH_TEXT.fullmatch(text) is not None


def parsed_annotation(annotation: str) -> Iterator[ast.AST]:
    """Yield the nodes of an annotation within quotes; none of one that is a path as a whole."""
    if is_path(annotation) or "." not in annotation:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(annotation.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from ast.walk(tree)
