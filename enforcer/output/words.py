"""Wording shared by all output: counts, lists that are cut short, texts from outside."""

import unicodedata
from collections.abc import Sequence

# Unicode categories of control characters, direction marks, lone surrogates, odd line ends.
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def visible(text: str) -> str:
    r"""Return a text from outside with invisible characters escaped as ``\x1b`` or ``\u202e``.

    A name with such characters could move a terminal's cursor or imitate another name.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _INVISIBLE:
        return char
    return ascii(char)[1:-1]


def agreed(number: int, noun: str, plural: str = "") -> str:
    """Return a noun in the singular or plural, according to its number."""
    return noun if number == 1 else plural or f"{noun}s"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {agreed(number, noun, plural)}"


def first(
    items: Sequence[str], most: int, noun: str = "", plural: str = "", *, note: str = ""
) -> list[str]:
    """Return the first items, and "and 3 more files" if some are omitted.

    Args:
        items: all items.
        most: how many to return.
        noun: what the items are called; empty for "and 3 more".
        plural: its plural, if that does not end with an s.
        note: a text to append if some are omitted.

    """
    rest = len(items) - most
    if rest <= 0:
        return list(items)
    number = (
        counted(rest, f"more {noun}", plural and f"more {plural}") if noun else f"{rest:,} more"
    )
    return [*items[:most], f"and {number}{note}"]


def listed(items: Sequence[str], most: int, note: str = "") -> str:
    """Return items with commas between them, "a, b and 3 more" where some are left out.

    Args:
        items: all items.
        most: how many to name.
        note: what follows where some are left out.

    """
    *others, last = first(items, most, note=note) if len(items) > most else [*items, ""]
    return f"{', '.join(others)} {last}".rstrip()
