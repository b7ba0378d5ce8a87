"""Lines and tables that commands print, and their forms as JSON and Markdown.

Each subject (status, check, verification, report, gate, demo) makes a document of what it found;
:mod:`enforcer.output.console` writes it for a terminal or as plain text, :func:`as_markdown` for
an issue. Other programs get JSON, whose fields are each subject's own. Nothing here knows a
subject.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias

CODE: Final = "cyan"
"""The style of a path or a file; Markdown writes it as code."""

STRONG: Final = "bold"
"""The style of what stands out; Markdown writes it in bold."""

Words: TypeAlias = str | tuple[str | tuple[str, str], ...]
"""A text, or its parts; a part may have a style: ``("shop/cart.py", CODE)``."""

Weight: TypeAlias = Literal["fine", "tells", "warns", "wrong"]

MARKS: Final = {
    "fine": ("✓", "green"),
    "tells": ("·", "dim"),
    "warns": ("!", "yellow"),
    "wrong": ("✗", "bold red"),
}
"""The mark before a fact by its weight, and the mark's style."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, with the lines below it.

    Attributes:
        words: the text, which may have line ends.
        style: how a terminal shows all of it, in rich's words.
        below: further lines, indented.
        indent: how far it is indented below another line, or in a cell of a table.
        weight: how much a fact matters, shown as a mark before it; empty for no mark.
        level: of which level it is a heading in Markdown; 0 if it is none.
        hang: how far a terminal indents what it wraps of the line, to tell it from the next one.

    """

    words: Words = ""
    style: str = ""
    below: tuple["Line", ...] = ()
    indent: int = 2
    weight: Weight | Literal[""] = ""
    level: int = 0
    hang: int = 0

    @property
    def text(self) -> str:
        """The words without their styles."""
        parts = (self.words,) if isinstance(self.words, str) else self.words
        return "".join(part if isinstance(part, str) else part[0] for part in parts)


BLANK: Final = Line()
"""An empty line; Markdown has one between any two blocks as it is."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        headings: the heading of each column; one of a column of numbers begins with ``>``.
        rows: the cells of each row; a cell may be an indented line.

    """

    headings: tuple[str, ...]
    rows: tuple[tuple[Words | Line, ...], ...]


Document: TypeAlias = Iterable[Line | Table]


def fields_of(record: Any) -> dict[str, object]:  # noqa: ANN401 - any dataclass
    """Return the fields of a dataclass by name; what is in them stays as it is."""
    return {one.name: getattr(record, one.name) for one in fields(record)}


def as_json(record: object, plain: Callable[[Any], object] = fields_of) -> str:
    """Write a record for other programs, as one JSON document.

    Args:
        record: what to write.
        plain: makes a plain value of what JSON does not know; by default of dataclasses.

    """
    return json.dumps(record, indent=2, ensure_ascii=False, default=plain) + "\n"


def as_markdown(document: Document) -> str:
    """Write a document as Markdown, for an issue or a pull request."""
    blocks = ("\n".join(_markdown(block)) for block in document if block != BLANK)
    return "\n\n".join(blocks) + "\n"


def _markdown(block: Line | Table) -> Iterator[str]:
    if isinstance(block, Line):
        yield f"{'#' * block.level} {_words(block.words)}" if block.level else _words(block)
        yield from _bullets(block.below)
        return
    yield _row(heading.removeprefix(">") for heading in block.headings)
    yield f"|{'|'.join('---:' if one.startswith('>') else '---' for one in block.headings)}|"
    for row in block.rows:
        yield _row(_words(cell).replace("|", "\\|") for cell in row)


def _bullets(lines: Iterable[Line], indent: str = "") -> Iterator[str]:
    for line in lines:
        mark = f"{MARKS[line.weight][0]} " if line.weight else ""
        yield f"{indent}- {mark}{_words(line)}".replace("\n", f"\n{indent}  ")
        yield from _bullets(line.below, f"{indent}  ")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _words(cell: Words | Line) -> str:
    if isinstance(cell, Line):
        return _styled(_words(cell.words), cell.style)
    parts: tuple[Any, ...] = (cell,) if isinstance(cell, str) else cell
    return "".join(part if isinstance(part, str) else _styled(*part) for part in parts)


def _styled(text: str, style: str) -> str:
    if text and style == CODE:
        # Code with a backtick in it needs two around it.
        return f"`` {text} ``" if "`" in text else f"`{text}`"
    return f"**{text}**" if text and STRONG in style.split() else text
