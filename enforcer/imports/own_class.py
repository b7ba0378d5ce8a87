"""Give a single module a class of its own, so that one of its names can be watched.

Only a module with a legacy child, a module with a legacy name, and an observed legacy module
whose spec can't be watched get one. It makes attribute access on that module slower.

Up to 3.13 ``LOAD_ATTR`` is specialised for exact modules only. From 3.14 on it is specialised
for any class that looks attributes up as modules do, and then reads the module's dictionary
past the descriptors of the class, if the name is there (``specialize_module_load_attr``,
Python/specialize.c). A class with a descriptor for such a
name looks attributes up in another way: found names cost what they cost up to 3.13, and
missing ones, such as the ``__path__`` that each ``from module import`` asks for, much more.
"""

import sys
from types import ModuleType

from enforcer.imports.bootstrap import frame_above
from enforcer.imports.reclassing import change_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_MARK = "__enforcer_original_class__"
_READS_PAST_DESCRIPTORS = sys.version_info >= (3, 14)
# A module's own class may refuse any write in its __setattr__; this writes past it.
_CLASS = vars(object)["__class__"]


def own_class(module: object) -> type | None:
    """Find or make the class that belongs to one module alone.

    Returns:
        The class, to put descriptors on; None if the module can't change its class.

    """
    current = type(module)
    if _MARK in vars(current):
        return current
    members: dict[str, object] = {
        "__slots__": (),
        "__module__": current.__module__,
        # Who writes on the class of a module means the one that it defined (six does).
        "__class__": property(original_class, _CLASS.__set__),
        _MARK: current,
    }
    try:
        if current.__reduce_ex__ is object.__reduce_ex__:
            members["__reduce_ex__"] = _reduce
        created = type(current.__name__, (current,), members)
        change_class(module, created)
    except Exception:  # noqa: BLE001 - a base class may refuse to be inherited by any exception
        return None
    return created


def has_own_class(module: object, names: "Iterable[str]") -> bool:
    """Tell whether a module still has its own class, with descriptors for these names."""
    watched = [vars(kind) for kind in type(module).__mro__ if _MARK in vars(kind)]
    return all(any(name in members for members in watched) for name in names)


def watch_name(
    created: type, name: str, descriptor: object, namespace: "Mapping[str, object]"
) -> None:
    """Put a descriptor for one name on a module's own class.

    Args:
        created: the class.
        name: the name.
        descriptor: what answers for it.
        namespace: the module's; call :func:`shield` when the name gets into it later.

    """
    setattr(created, name, descriptor)
    if name in namespace:
        shield(created)


def shield(created: "Any") -> None:  # noqa: ANN401 - a type whose methods are changed
    """Keep ``LOAD_ATTR`` from reading a module's namespace past the class's descriptors."""
    if not _READS_PAST_DESCRIPTORS or hasattr(created, "__getattr__"):
        return
    # Only classes that look attributes up as modules do are specialised.
    if created.__getattribute__ is ModuleType.__getattribute__:
        created.__getattribute__ = object.__getattribute__
        # For a missing name: the module's own __getattr__ (PEP 562), and its own words.
        created.__getattr__ = ModuleType.__getattribute__


def _reduce(module: ModuleType, protocol: int) -> object:
    """Pickle a module by the reducer of the class that it had.

    Picklers look reducers up by the exact type: in ``dispatch_table`` (cloudpickle, joblib) or,
    if they are written in Python, in ``dispatch`` (dill). Without a reducer a module refuses.
    """
    from copyreg import dispatch_table

    original = original_class(module)
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
    """Give a module back the class that it had."""
    original = vars(type(module)).get(_MARK)
    if original is not None:
        change_class(module, original)


def original_class(module: object) -> type:
    """Give the class that a module had before it got one of its own."""
    original: type = vars(type(module)).get(_MARK, type(module))
    return original
