"""Write a document for a terminal or as plain text, and show progress on standard error."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import (
    Console,
    ConsoleDimensions,
    ConsoleOptions,
    RenderableType,
    RenderResult,
)
from rich.padding import Padding
from rich.progress import track
from rich.table import Table as Grid
from rich.text import Text

from enforcer.output.document import MARKS, Document, Line, Table, Words

UNBOUND: Final = 10_000
"""The width where there is no terminal: nothing is wrapped, so that a line can be searched."""

_PLAIN: Final = str.maketrans({"✓": "+", "✗": "x", "·": "-", "─": "-", "→": "->"})

T = TypeVar("T")


def as_text(document: Document, file: TextIO) -> str:
    """Write a document as it suits what it goes to.

    A terminal gets lines of its width (or of ``COLUMNS``), in colours unless ``NO_COLOR`` is
    set; anything else, and a terminal that knows no more, gets plain lines as long as they are.
    With ``FORCE_COLOR`` anything gets colours, and lines of a width that ``COLUMNS`` names.

    Args:
        document: what to write.
        file: where the text will go.

    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    has_width = file.isatty() or (console.is_terminal and "COLUMNS" in os.environ)
    if not has_width or console.is_dumb_terminal:
        # Both, since with a width alone rich takes a dumb terminal for one of 80 columns.
        console.size = ConsoleDimensions(UNBOUND, 1)
    with console.capture() as capture:
        for block in document:
            console.print(_table(block) if isinstance(block, Table) else _block(block))
    # Not splitlines(), which knows more ends of lines than a terminal does.
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().removesuffix("\n").split("\n"))
    return _encodable(text, getattr(file, "encoding", None) or "utf-8")


def _block(line: Line) -> RenderableType:
    """Arrange a line and all that is below it, each as far in as it belongs."""
    if not line.below:
        return _label(line)
    grid = Grid.grid()
    grid.add_column(overflow="fold")
    grid.add_row(_label(line))
    for below in line.below:
        grid.add_row(_indented(below))
    return grid


def _indented(line: Line) -> RenderableType:
    return Padding(_block(line), (0, 0, 0, line.indent), expand=False)


def _label(line: Line) -> RenderableType:
    text = _text(line.words, line.style)
    if line.hang:
        return _Hanging(text, line.hang)
    if not line.weight:
        return text
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(*MARKS[line.weight]), text)
    return grid


class _Hanging:
    """A text whose lines after the first are indented; rich indents all lines or none."""

    def __init__(self, text: Text, indent: int) -> None:
        self._text = text
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first, *others = self._text.wrap(console, max(1, options.max_width - self._indent))
        yield first
        for line in others:
            yield Text(" " * self._indent).append_text(line)


def _text(words: Words, style: str = "") -> Text:
    parts = (words,) if isinstance(words, str) else words
    # A style of the whole text would colour the blanks that rich fills a cell with.
    return Text.assemble(*((part, style) if isinstance(part, str) else part for part in parts))


def _table(table: Table) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in table.headings:
        is_number = heading.startswith(">")
        grid.add_column(
            heading.removeprefix(">"),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for row in table.rows:
        grid.add_row(*(_indented(cell) if isinstance(cell, Line) else _text(cell) for cell in row))
    return grid


def _encodable(text: str, encoding: str) -> str:
    """Replace what an encoding does not have: an arrow by ``->``, anything else by its code."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


@contextmanager
def working(step: str = "") -> Iterator[Callable[[str], None]]:
    """Show on a terminal, on standard error, what is being done; nothing elsewhere.

    Yields:
        What to call with the next step.

    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(f"{step}…") as status:
        yield lambda following: status.update(f"{following}…")


def tracked(items: Sequence[T], what: str, *, many: int) -> Iterable[T]:
    """Return items, with a progress bar on standard error if there are many on a terminal."""
    console = Console(stderr=True)
    is_quiet = len(items) < many or not console.is_terminal
    return track(items, what, console=console, transient=True, disable=is_quiet)
