"""Give a single module a class of its own, so that one of its names can be watched.

Only a module with a legacy child, a module with a legacy name and an observed legacy module
get one. It makes attribute access on that module slower up to 3.13, where ``LOAD_ATTR`` is
specialised for exact modules only.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_MARK = "__enforcer_original_class__"


def own_class(module: "ModuleType") -> type | None:
    """Find or make the class that belongs to one module alone.

    Returns:
        The class, to put descriptors on; None if the module can't change its class.

    """
    current = type(module)
    if _MARK in current.__dict__:
        return current
    members = {"__slots__": (), "__module__": current.__module__, _MARK: current}
    try:
        created = type(current.__name__, (current,), members)
        module.__class__ = created
    except TypeError:
        return None
    return created


def restore_class(module: object) -> None:
    """Give a module back the class that it had."""
    original = type(module).__dict__.get(_MARK)
    if original is not None:
        module.__class__ = original  # type: ignore[assignment]


def restore_all() -> None:
    """Give every loaded module back the class that it had."""
    for module in list(sys.modules.values()):
        restore_class(module)


def original_class(module: object) -> type:
    """Give the class that a module had before it got one of its own."""
    original: type = type(module).__dict__.get(_MARK, type(module))
    return original
