"""Let the program's threads run in between, while there is much to do."""

from time import sleep
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

AT_ONCE: Final = 40
"""After how many items to give way: that is a millisecond or two."""

# A thread that wants the GIL gets it after 5 ms, or as soon as somebody really sleeps.
_BREATH: Final = 0.0001


def breathing(items: "Iterable[T]", at_once: int = AT_ONCE) -> "Iterator[T]":
    """Go through items, and give way to other threads every now and then."""
    for number, item in enumerate(items, 1):
        yield item
        if not number % at_once:
            sleep(_BREATH)
