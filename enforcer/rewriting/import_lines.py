"""Layout of ``from … import …`` statements: where their parts are, and how new ones are written."""

import ast
import io
import tokenize
from dataclasses import dataclass, field

from enforcer.rewriting.source_text import LINE_END, SourceText


@dataclass(slots=True)
class Item:
    """One name of a from-import, as it is laid out.

    Attributes:
        alias: the node.
        start: the offset of its first character.
        end: the offset after its last one.
        above: the comments on lines of their own above it.
        comment: the comment after it on its line.

    """

    alias: ast.alias
    start: int
    end: int
    above: list[str] = field(default_factory=list)
    comment: str = ""


@dataclass(slots=True)
class FromLayout:
    """The parts of a from-import.

    Attributes:
        start: the offset of the statement.
        end: the offset after it.
        keyword: what stands before the module: ``from``, or ``lazy from``.
        module: the offsets of the module with its dots.
        items: its names, in their order.
        is_tall: whether there are parentheses with names on more than one line.
        first_comment: the comment after the opening parenthesis.
        last_comments: comments on lines of their own before the closing one.

    """

    start: int
    end: int
    keyword: str
    module: tuple[int, int]
    items: list[Item]
    is_tall: bool = False
    first_comment: str = ""
    last_comments: list[str] = field(default_factory=list)


def read_layout(source: SourceText, node: ast.ImportFrom) -> FromLayout:
    """Return the layout of a from-import."""
    start, end = source.span(node)
    text = source.text[start:end]
    tokens = [
        (one.type, one.string, start + _offset(text, one.start), start + _offset(text, one.end))
        # newline="" leaves \r\n as it is: the offsets are those of the file's text.
        for one in tokenize.generate_tokens(io.StringIO(text, newline="").readline)
        if one.string.strip()
    ]
    at_from = next(i for i, one in enumerate(tokens) if one[1] == "from")
    at_import = next(i for i in range(at_from + 2, len(tokens)) if tokens[i][1] == "import")
    items = [Item(alias, *source.span(alias)) for alias in node.names]
    layout = FromLayout(
        start,
        end,
        " ".join(one[1] for one in tokens[: at_from + 1]),
        (tokens[at_from + 1][2], tokens[at_import - 1][3]),
        items,
    )
    if tokens[at_import + 1][1] == "(":
        opening = tokens[at_import + 1][2]
        layout.is_tall = source.line_at(opening) != source.line_at(end)
        for kind, comment, begin, _ in tokens:
            if kind == tokenize.COMMENT:
                _place_comment(source, layout, comment, begin)
    return layout


def _offset(text: str, position: tuple[int, int]) -> int:
    """Return the offset of a position of tokenize, whose columns count characters."""
    line, column = position
    ends = [found.end() for found in LINE_END.finditer(text)]
    return (ends[line - 2] if line > 1 else 0) + column


def _place_comment(source: SourceText, layout: FromLayout, comment: str, begin: int) -> None:
    """Add a comment to the name that it belongs to: the one before it on its line, or below."""
    line = source.line_at(begin)
    before = [one for one in layout.items if one.end <= begin]
    if before and source.line_at(before[-1].end) == line:
        before[-1].comment = comment
    elif line == source.line_at(layout.module[1]) and not before:
        layout.first_comment = comment
    else:
        after = [one for one in layout.items if one.start > begin]
        (after[0].above if after else layout.last_comments).append(comment)


@dataclass(slots=True)
class NewName:
    """A name to write in a from-import.

    Attributes:
        name: the name in the module.
        bound: the name that it is bound to.
        item: the old place, whose comments stay with it; None for an added one.

    """

    name: str
    bound: str
    item: Item | None = None

    @property
    def text(self) -> str:
        """The name as it is written."""
        return self.name if self.name == self.bound else f"{self.name} as {self.bound}"

    @property
    def has_comment(self) -> bool:
        """Whether a comment belongs to it."""
        return self.item is not None and bool(self.item.above or self.item.comment)


def write_from(  # noqa: PLR0913, PLR0917 - the old layout, and what is new
    layout: FromLayout, module: str, names: list[NewName], indent: str, newline: str, longest: int
) -> str:
    """Return a from-import of some of the names of an old one, laid out as that was.

    Args:
        layout: the old statement.
        module: the module, with its leading dots; empty for plain imports of the names.
        names: the names.
        indent: the indentation of the old statement.
        newline: the line end of the file.
        longest: the length of the longest line; a longer one is wrapped.

    """
    keyword = layout.keyword.removesuffix("from")
    if not module:
        return f"{keyword}import {', '.join(one.text for one in names)}"
    line = f"{keyword}from {module} import {', '.join(one.text for one in names)}"
    is_tall = layout.is_tall and len(names) > 1
    has_comments = any(one.has_comment for one in names)
    if not (is_tall or has_comments or len(indent) + len(line) > longest):
        return line
    lines = [f"{keyword}from {module} import ("]
    inner = f"{indent}\t" if indent.endswith("\t") else f"{indent}    "
    for one in names:
        lines += [f"{inner}{comment}" for comment in (one.item.above if one.item else ())]
        comment = f"  {one.item.comment}" if one.item and one.item.comment else ""
        lines.append(f"{inner}{one.text},{comment}")
    return newline.join((*lines, f"{indent})"))
