"""Give a single module a class of its own, so that one of its names can be watched.

Only a module with a legacy child, a module with a legacy name and an observed legacy module
get one. It makes attribute access on that module slower.

Up to 3.13 ``LOAD_ATTR`` is specialised for exact modules only. From 3.14 on it is specialised
for any class that looks attributes up as modules do, and then reads the module's dictionary
past the descriptors of the class (``specialize_module_load_attr``, Python/specialize.c); a
class with descriptors for names looks attributes up in another way there.
"""

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = "__enforcer_original_class__"
_READS_PAST_DESCRIPTORS = sys.version_info >= (3, 14)


def own_class(module: ModuleType) -> type | None:
    """Find or make the class that belongs to one module alone.

    Returns:
        The class, to put descriptors on; None if the module can't change its class.

    """
    current = type(module)
    if _MARK in vars(current):
        return current
    members = {"__slots__": (), "__module__": current.__module__, _MARK: current}
    try:
        created = type(current.__name__, (current,), members)
        module.__class__ = created
    except TypeError:
        return None
    return created


def has_own_class(module: object, names: "Iterable[str]") -> bool:
    """Tell whether a module still has its own class, with descriptors for these names."""
    watched = [vars(kind) for kind in type(module).__mro__ if _MARK in vars(kind)]
    return all(any(name in members for members in watched) for name in names)


def watch_name(created: type, name: str, descriptor: object) -> None:
    """Put a descriptor for one name on a module's own class."""
    if _READS_PAST_DESCRIPTORS and "__getattr__" not in vars(created):
        created.__getattribute__ = object.__getattribute__  # type: ignore[assignment]
        created.__getattr__ = _missing  # type: ignore[attr-defined]
    setattr(created, name, descriptor)


def _missing(module: ModuleType, name: str) -> object:
    # What a module does for a missing name: its own __getattr__ (PEP 562), its own words.
    return ModuleType.__getattribute__(module, name)


def restore_class(module: object) -> None:
    """Give a module back the class that it had."""
    original = vars(type(module)).get(_MARK)
    if original is not None:
        module.__class__ = original


def restore_all() -> None:
    """Give every loaded module back the class that it had."""
    for module in list(sys.modules.values()):
        restore_class(module)


def original_class(module: object) -> type:
    """Give the class that a module had before it got one of its own."""
    original: type = vars(type(module)).get(_MARK, type(module))
    return original
