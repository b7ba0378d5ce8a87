"""Yield the GIL periodically in long loops of a thread that is a guest."""

from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

AT_ONCE = 40
"""After how many items to yield: that is a millisecond or two."""

# A thread that wants the GIL gets it after 5 ms, or as soon as somebody really sleeps.
_BREATH = 0.0001


def breathing(items: "Iterable[T]", at_once: int = AT_ONCE) -> "Iterator[T]":
    """Yield items, and release the GIL to other threads periodically."""
    for number, item in enumerate(items, 1):
        yield item
        if not number % at_once:
            sleep(_BREATH)
