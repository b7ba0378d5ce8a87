"""A class for one module alone, so that a single name of it can be watched.

CPython lets a module's ``__class__`` be assigned (3.5 and later), and a data descriptor on the
class comes before the module's dictionary. Only a module with a legacy child, a module with a
legacy name, and an observed legacy module whose spec can't be watched get such a class. It makes
attribute access on that module slower.

Up to 3.13 ``LOAD_ATTR`` is specialised for exact modules only. From 3.14 on it is specialised for
every class that uses the look-up of modules, and then reads the module's dictionary past the
descriptors of the class, if the name is there (``specialize_module_load_attr``,
Python/specialize.c). So a class with a descriptor for a name in the dictionary gets another
look-up: names that exist cost what they cost up to 3.13. Missing ones cost much more, such as the
``__path__`` that each ``from module import`` reads.
"""

import sys
from types import ModuleType

from enforcer.runtime.imports.class_change import change_class
from enforcer.runtime.imports.cpython import frame_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_MARK = "__enforcer_original_class__"
_READS_PAST_DESCRIPTORS = sys.version_info >= (3, 14)
# The slot of object writes past a __setattr__ of the module's own class, which may refuse.
_CLASS = vars(object)["__class__"]


def own_class(module: object) -> type | None:
    """Return the class that belongs to one module alone; create it at the first call.

    Returns:
        The class, to put descriptors on; None if the module can't change its class.

    """
    current = type(module)
    if _MARK in vars(current):
        return current
    members: dict[str, object] = {
        "__slots__": (),
        "__module__": current.__module__,
        # module.__class__ is the class that the module had: programs compare it, and six sets
        # attributes on it.
        "__class__": property(original_class, _CLASS.__set__),
        _MARK: current,
    }
    try:
        # copyreg and picklers know reducers by the exact type, which is a new one now.
        if current.__reduce_ex__ is object.__reduce_ex__:
            members["__reduce_ex__"] = _reduce
        created = type(current.__name__, (current,), members)
        change_class(module, created)
    except Exception:  # noqa: BLE001 - __init_subclass__ of a base may raise anything
        return None
    return created


def has_own_class(module: object, names: "Iterable[str]") -> bool:
    """Return whether a module still has its own class, with descriptors for these names."""
    watched = [vars(kind) for kind in type(module).__mro__ if _MARK in vars(kind)]
    return all(any(name in members for members in watched) for name in names)


def watch_name(
    created: type, name: str, descriptor: object, namespace: "Mapping[str, object]"
) -> None:
    """Put a descriptor for one name on a module's own class.

    Args:
        created: the class.
        name: the name.
        descriptor: the descriptor.
        namespace: the module's dictionary; call :func:`shield` if the name is added to it later.

    """
    setattr(created, name, descriptor)
    if name in namespace:
        shield(created)


def shield(created: "Any") -> None:  # noqa: ANN401 - a type whose methods are changed
    """Keep ``LOAD_ATTR`` from reading a module's dictionary past the class's descriptors."""
    if not _READS_PAST_DESCRIPTORS or hasattr(created, "__getattr__"):
        return
    # LOAD_ATTR is specialised if tp_getattro is that of modules. Any other __getattribute__
    # prevents it, and object's finds data descriptors, then the dictionary.
    if created.__getattribute__ is ModuleType.__getattribute__:
        created.__getattribute__ = object.__getattribute__
        # Runs for missing names only: the module's __getattr__ (PEP 562), else its message.
        created.__getattr__ = ModuleType.__getattribute__


def _reduce(module: ModuleType, protocol: int) -> object:
    """Pickle a module by the reducer of the class that it had.

    Picklers look reducers up by the exact type: in ``dispatch_table`` (cloudpickle, joblib) or, if
    they are written in Python, in ``dispatch`` (dill). Without a reducer a module can't be pickled.
    """
    from copyreg import dispatch_table

    original = original_class(module)
    # The pickler is not passed to __reduce_ex__. One that runs in Python is `self` of the frame
    # above.
    pickler = frame_above(1).f_locals.get("self")
    for table in (getattr(pickler, "dispatch_table", None), dispatch_table):
        reducer = table.get(original) if table is not None else None
        if reducer is not None:
            return reducer(module)
    if original in getattr(pickler, "dispatch", ()):
        from importlib import import_module

        return import_module, (module.__name__,)
    return object.__reduce_ex__(module, protocol)


def restore_class(module: object) -> None:
    """Restore the class that a module had."""
    original = vars(type(module)).get(_MARK)
    if original is not None:
        change_class(module, original)


def original_class(module: object) -> type:
    """Return the class that a module had before it got one of its own."""
    original: type = vars(type(module)).get(_MARK, type(module))
    return original
