"""Follow the load of a module by the class of its spec: no loader is wrapped.

No loader is wrapped. ``_load_unlocked`` sets ``spec._initializing`` to true before it executes a
module and to false afterwards (Lib/importlib/_bootstrap.py, 3.11 to 3.15). A spec whose class has
a descriptor of that name sees both writes, whatever finder and loader are used, and no frame of
the enforcer is below the module's body. After the load the spec gets its own class back.
"""

from enforcer.runtime.imports.class_change import change_class
from enforcer.runtime.imports.cpython import ModuleSpec, as_import_system, trimmed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from enforcer.runtime.imports.owner import Owner

    class Loading(Protocol):
        """An object that follows the load of one module."""

        def starting(self, _spec: ModuleSpec, /) -> None:
            """React before the module is executed; may refuse by raising."""

        def finished(self, _spec: ModuleSpec, /) -> None:
            """React after the module was executed, even if it failed."""


class _Followed:
    """The value of ``_initializing`` in the dictionary of a spec whose load is followed.

    The state is kept under this key because a new key would convert the spec's dictionary from a
    key-sharing one (PEP 412) to one of its own, for the life of the spec.
    """

    __slots__ = ("initializing", "loading", "own")

    def __init__(self, loading: "Loading", own: type[ModuleSpec]) -> None:
        self.loading = loading
        self.own = own
        self.initializing = False

    def __bool__(self) -> bool:
        return self.initializing


class _Initializing:
    """A descriptor that reacts to writes only; reads find the value in the spec's dictionary.

    It has no ``__get__``, so a read stays in C. A property would run Python code between the reads
    of ``__spec__`` and of ``_initializing``, and another thread could end the load in that moment:
    the import that was waiting would not be counted.
    """

    __slots__ = ()

    @as_import_system
    def __set__(self, spec: ModuleSpec, value: bool) -> None:  # noqa: FBT001 - a descriptor's
        followed: _Followed = spec.__dict__["_initializing"]
        if value:
            # May raise a refusal. The value is set after it, or the spec would look as if some
            # thread was executing the module for ever.
            try:
                followed.loading.starting(spec)
            except ImportError as error:
                raise trimmed(error)  # noqa: B904 - the same error
            followed.initializing = True
            return
        try:
            # Other threads wait until _initializing is false, so they only meet a module that is
            # watched already.
            followed.loading.finished(spec)
        finally:
            if issubclass(type(spec), HookedSpec):  # else watched.py changed it to another class
                change_class(spec, followed.own)
            spec.__dict__["_initializing"] = False


class HookedSpec(ModuleSpec):
    """A spec that reports the beginning and the end of its load."""

    _initializing = _Initializing()

    def __reduce_ex__(self, _protocol: object) -> tuple[object, tuple[ModuleSpec]]:
        """Copy and pickle as a spec whose load is not followed."""
        from copy import copy

        followed: _Followed = self.__dict__["_initializing"]
        return copy, (plain_spec(followed.own, self, initializing=followed.initializing),)


HookedSpec.__name__ = ModuleSpec.__name__  # a spec shows the name of its class


def plain_spec(
    kind: type[ModuleSpec], shown: ModuleSpec, *, initializing: bool = False
) -> ModuleSpec:
    """Return a spec of the import system's own class with the attributes of another one."""
    spec = kind.__new__(kind)
    spec.__dict__.update(shown.__dict__, _initializing=initializing)
    return spec


def own_class_of(spec: ModuleSpec) -> type[ModuleSpec]:
    """Return the class that a spec has, or had before its load was followed."""
    followed = spec.__dict__.get("_initializing")
    return followed.own if isinstance(followed, _Followed) else type(spec)


def hook(spec: ModuleSpec, loading: "Loading") -> None:
    """Follow a load.

    Args:
        spec: the spec that is about to be loaded; its class is restored afterwards.
        loading: the object that follows the load.

    """
    own = type(spec)
    spec.__dict__["_initializing"] = _Followed(loading, own)
    kind = HookedSpec if own is ModuleSpec else type(own.__name__, (HookedSpec, own), {})
    try:
        change_class(spec, kind)
    except Exception:  # noqa: BLE001 - an audit hook refuses: the load is not followed
        spec.__dict__["_initializing"] = False


def after_reload(spec: ModuleSpec, watch: "Owner") -> None:
    """Follow the reload of a module, which ``importlib.reload`` executes again.

    ``reload`` calls ``_exec``, which does not set ``_initializing``. So the loader gets an
    ``exec_module`` of its own for this one call.
    """
    loader: Any = spec.loader
    execute = loader.exec_module

    def exec_module(module: object) -> None:
        del loader.exec_module
        execute(module)
        watch.was_loaded(spec.name)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        return  # a loader without a __dict__: the reload is not followed
