"""Look up objects by path, and stand-ins for callables that are no plain functions."""

from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.callers import module_name
from enforcer.runtime.imports.cpython import frame_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, ModuleType
    from typing import Any

    from enforcer.runtime.delegation.factories import LegacyFactory


def find(module: "ModuleType", path: str) -> "tuple[Any, str, Any]":
    """Return the object under a dotted name of a loaded module.

    No descriptor is called, and nothing is imported.

    Returns:
        The object's holder, its name there and the raw object; None instead of the object if there
        is none.

    """
    first, *rest = path.split(".")
    holder: Any = module
    found = (cpython.namespace_of(module) or {}).get(first)
    for name in rest:
        if not isinstance(found, type):
            return holder, name, None
        holder, first = found, name
        found = vars(found).get(name)
    return holder, first, found


def gives_callable(descriptor: object, owner: object) -> bool:
    """Return whether a descriptor is a callable on its class: a partial method, no property."""
    get: Any = getattr(type(descriptor), "__get__", None)
    return get is not None and callable(get(descriptor, None, owner))


def is_canonical_frame(frame: "FrameType | None", canonical: str) -> bool:
    """Return whether a frame runs code of the object that a path names."""
    module, _, name = canonical.partition(":")
    if frame is None or module_name(frame) != module:
        return False
    running = frame.f_code.co_qualname
    return running == name or running.startswith(f"{name}.")


class ObjectStandIn:
    """Replaces a callable object: a ``partial``, a cached function, one written in C.

    Everything but a call is the object's own. At the first call wrapt takes over, which binds such
    an object to an instance or to a class.
    """

    __slots__ = ("__wrapped__", "_factory")
    __wrapped__: "Any"
    _factory: "LegacyFactory"

    # These exist on every class, so __getattr__ is not called for them.
    __module__ = property(lambda self: self.__wrapped__.__module__)
    __doc__ = property(lambda self: self.__wrapped__.__doc__)
    # isinstance() reads __class__ after type().
    __class__ = property(lambda self: type(self.__wrapped__))

    def __init__(self, factory: "LegacyFactory", wrapped: object) -> None:
        object.__setattr__(self, "__wrapped__", wrapped)
        object.__setattr__(self, "_factory", factory)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Delegate the call."""
        return self._factory.call(frame_above(1), args, kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> object:
        if not hasattr(type(self.__wrapped__), "__get__"):
            return self
        return _Bound(self, instance, owner)

    def __getattr__(self, name: str) -> object:
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__wrapped__, name)

    def __dir__(self) -> "list[str]":
        return dir(self.__wrapped__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        return other is self or bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __reduce_ex__(self, protocol: int) -> object:  # type: ignore[override]
        """Pickle as the object does; a pickle by name finds this stand-in again."""
        return self.__wrapped__.__reduce_ex__(protocol)


class _Bound:
    """An object stand-in together with the instance or class that it was read from."""

    __slots__ = ("_owner", "_receiver", "_stand_in")

    def __init__(self, stand_in: ObjectStandIn, instance: object, owner: type | None) -> None:
        self._stand_in = stand_in
        self._receiver = owner if instance is None else instance
        self._owner = owner

    def __call__(self, *args: object, **kwargs: object) -> object:
        call = self._stand_in._factory.call  # noqa: SLF001 - its other half
        return call(frame_above(1), (self._receiver, *args), kwargs)

    def __getattr__(self, name: str) -> object:
        instance = None if self._receiver is self._owner else self._receiver
        return getattr(self._stand_in.__wrapped__.__get__(instance, self._owner), name)
