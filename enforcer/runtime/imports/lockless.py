"""Look up a key in a shared dictionary without its lock (free-threaded CPython).

On 3.13t ``dict.get`` runs in a critical section, which locks the dictionary
(Objects/clinic/dictobject.c.h); a subscript reads without that lock. If threads wait for the lock
while another one forks, the child may inherit it locked by a thread that does not exist there, and
the next ``get`` hangs. So the import path reads the dictionaries that threads share here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    K = TypeVar("K")
    V = TypeVar("V")
    D = TypeVar("D")


def look_up(mapping: "Mapping[K, V]", key: "K", default: "D") -> "V | D":
    """Return the value of a mapping's key, or the default."""
    try:
        return mapping[key]
    except KeyError:
        return default
