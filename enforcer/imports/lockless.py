"""Read a dictionary that other threads use too, without locking it.

``dict.get`` locks the dictionary on builds without the GIL (3.13t), and a subscript doesn't.
A lock that threads queue for may belong to one of them while the world is stopped for a
fork; in the child nobody releases it, and whoever calls ``get`` there hangs. So what the
import path shares with other threads is read here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    K = TypeVar("K")
    V = TypeVar("V")
    D = TypeVar("D")


def look_up(mapping: "Mapping[K, V]", key: "K", default: "D") -> "V | D":
    """Return what a mapping has for a key, or the default."""
    try:
        return mapping[key]
    except KeyError:
        return default
