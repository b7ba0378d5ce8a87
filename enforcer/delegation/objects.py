"""Find the object that a path names, and stand in for one that is no plain function."""

from enforcer.imports import bootstrap
from enforcer.imports.bootstrap import frame_above
from enforcer.imports.callers import module_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, ModuleType
    from typing import Any

    from enforcer.delegation.factories import LegacyFactory


def find(module: "ModuleType", path: str) -> "tuple[Any, str, Any]":
    """Find what stands under a dotted name of a loaded module.

    Nothing is asked of a descriptor, and nothing is imported.

    Returns:
        What holds it, its name there and the object as it stands there; None instead of the
        object if there is none.

    """
    first, *rest = path.split(".")
    holder: Any = module
    found = (bootstrap.namespace_of(module) or {}).get(first)
    for name in rest:
        if not isinstance(found, type):
            return holder, name, None
        holder, first = found, name
        found = vars(found).get(name)
    return holder, first, found


def gives_callable(descriptor: object, owner: object) -> bool:
    """Tell whether a class gives a callable for a descriptor: a partial method, no property."""
    get: Any = getattr(type(descriptor), "__get__", None)
    return get is not None and callable(get(descriptor, None, owner))


def is_canonical_frame(frame: "FrameType | None", canonical: str) -> bool:
    """Tell whether a frame runs the code of what a path names, or of a function in it."""
    module, _, name = canonical.partition(":")
    if frame is None or module_name(frame) != module:
        return False
    running = frame.f_code.co_qualname
    return running == name or running.startswith(f"{name}.")


class ObjectStandIn:
    """Stand in for a callable object: a ``partial``, a cached function, one written in C.

    It answers for the object in everything but a call. At the first call wrapt takes over,
    which knows how such an object is bound to an instance or to a class.
    """

    __slots__ = ("__wrapped__", "_factory")
    __wrapped__: "Any"
    _factory: "LegacyFactory"

    # A class has these itself; the object's own are wanted.
    __module__ = property(lambda self: self.__wrapped__.__module__)
    __doc__ = property(lambda self: self.__wrapped__.__doc__)
    __class__ = property(lambda self: type(self.__wrapped__))

    def __init__(self, factory: "LegacyFactory", wrapped: object) -> None:
        """Stand in for one object."""
        object.__setattr__(self, "__wrapped__", wrapped)
        object.__setattr__(self, "_factory", factory)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Answer a call."""
        return self._factory.call(frame_above(1), args, kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> object:
        """Be bound where the object would be."""
        if not hasattr(type(self.__wrapped__), "__get__"):
            return self
        return _Bound(self, instance, owner)

    def __getattr__(self, name: str) -> object:
        """Give an attribute of the object."""
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute of the object."""
        setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute of the object."""
        delattr(self.__wrapped__, name)

    def __dir__(self) -> "list[str]":
        """List the object's attributes."""
        return dir(self.__wrapped__)

    def __repr__(self) -> str:
        """Show the object."""
        return repr(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        """Equal what the object equals."""
        return other is self or bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        """Hash as the object does."""
        return hash(self.__wrapped__)

    def __reduce_ex__(self, protocol: int) -> object:  # type: ignore[override]
        """Pickle as the object does; by name, that finds this again."""
        return self.__wrapped__.__reduce_ex__(protocol)


class _Bound:
    """Hold an object stand-in with what it was taken from."""

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
