"""Positions of syntax nodes in a file's text, in lines and characters.

The parser counts columns in bytes of UTF-8, whatever the file's encoding; people, editors and code
hosts count characters.
"""

import ast
import re
from importlib.util import decode_source
from typing import Final

Span = tuple[int, int, int, int]
"""Line and column of the first character, and line and column after the last one, all from 1."""

NOWHERE: Final[Span] = (0, 0, 0, 0)
"""Place of what has none: the file as a whole, or a name that a star brings."""

_LINE: Final = re.compile(r"\r\n?|\n")
# A module's path after ``from``, where blanks and continued lines may be between the words.
_MODULE: Final = re.compile(r"from(?:\s|\\)+((?:\.|\s|\\)*[\w.]*)")


class Positions:
    """Positions of the nodes of one file's syntax tree."""

    def __init__(self, source: bytes = b"") -> None:
        """Bind to the source; without one, columns are those of a text in ASCII."""
        self._source = source
        self._is_ascii = source.isascii()
        self._lines: list[str] | None = None

    def of(self, node: ast.expr | ast.stmt | ast.alias) -> Span:
        """Return the position of a node."""
        end_line = node.end_lineno or node.lineno
        end = node.end_col_offset or node.col_offset
        start = self._column(node.lineno, node.col_offset)
        return node.lineno, start, end_line, self._column(end_line, end)

    def end_of(self, node: ast.expr) -> tuple[int, int]:
        """Return the position after the last character of a node."""
        line = node.end_lineno or node.lineno
        return line, self._column(line, node.end_col_offset or node.col_offset)

    def path_of(self, alias: ast.alias) -> Span:
        """Return the position of what an alias imports, without ``as …``."""
        line, column, end_line, end_column = self.of(alias)
        if alias.asname is None:
            return line, column, end_line, end_column
        # In an unusual spelling ("a . old as m") the whole alias is as near as it gets.
        if not self._source or self._text(line)[column - 1 :].startswith(alias.name):
            return line, column, line, column + len(alias.name)
        return line, column, end_line, end_column

    def module_of(self, node: ast.ImportFrom) -> Span:
        """Return the position of the module's path in a from-import, with its leading dots."""
        line, column, end_line, end_column = self.of(node)
        if not self._source:
            return line, column + 5, line, column + 5 + node.level + len(node.module or "")
        text = self._text(line)[column - 1 :]
        for following in range(line + 1, end_line + 1):
            text += "\n" + self._text(following)
        found = _MODULE.match(text)
        if found is None:
            return line, column, end_line, end_column
        end = found.start(1) + len(found[1].rstrip(" \t\f\n\\"))
        return *_place(text, found.start(1), line, column), *_place(text, end, line, column)

    def _column(self, line: int, offset: int) -> int:
        if self._is_ascii:
            return offset + 1
        text = self._text(line)
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1

    def _text(self, line: int) -> str:
        if self._lines is None:
            # The parser skips a byte order mark before it counts.
            self._lines = _LINE.split(decode_source(self._source).removeprefix("\ufeff"))
        return self._lines[line - 1] if line <= len(self._lines) else ""


def _place(text: str, offset: int, line: int, column: int) -> tuple[int, int]:
    """Return the line and the column of an offset in a text that begins at a line and a column."""
    before = text[:offset]
    lines = before.count("\n")
    if not lines:
        return line, column + offset
    return line + lines, offset - before.rindex("\n")
