"""Source lines around a call site, as a page shows them."""

from dataclasses import dataclass
from typing import Final

AROUND: Final = 3
"""Number of lines to show before and after the line."""

_LONGEST_LINE: Final = 240


@dataclass(frozen=True, slots=True)
class Line:
    """One line of source.

    Attributes:
        number: from 1.
        text: without its end, cut if it is very long.
        is_site: whether it is the call site's own.

    """

    number: int
    text: str
    is_site: bool


def around(lines: tuple[str, ...], number: int) -> tuple[Line, ...]:
    """Return a line with those around it; none if the file no longer has such a line."""
    if not 1 <= number <= len(lines):
        return ()
    begin, end = max(number - AROUND, 1), min(number + AROUND, len(lines))
    return tuple(
        Line(each, lines[each - 1][:_LONGEST_LINE], each == number)
        for each in range(begin, end + 1)
    )
