"""Learn when the import system begins and ends to load a module.

No loader is wrapped: ``_load_unlocked`` itself sets ``spec._initializing`` before it executes
a module and again afterwards, so a spec whose ``_initializing`` has a descriptor sees both, from
any finder, and leaves no frame below the module's body. When the load is over the spec goes
back to its own class.
"""

from enforcer.imports.bootstrap import ModuleSpec, as_import_system, trimmed
from enforcer.imports.reclassing import change_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from enforcer.imports.watch import Watch

    class Loading(Protocol):
        """Follow the loading of one module."""

        def starting(self, _spec: ModuleSpec, /) -> None:
            """Go along before the module is executed; may refuse by raising."""

        def finished(self, _spec: ModuleSpec, /) -> None:
            """Go along after the module was executed, or failed."""


class _Followed:
    """Stand for ``_initializing`` in the dictionary of a spec whose load is followed.

    Another key there would cost each spec the dictionary that it shares with all others.
    """

    __slots__ = ("initializing", "loading", "own")

    def __init__(self, loading: "Loading", own: type[ModuleSpec]) -> None:
        self.loading = loading
        self.own = own
        self.initializing = False

    def __bool__(self) -> bool:
        return self.initializing


class _Initializing:
    """Hear of each write; reads find what stands in the spec's dictionary.

    A property would run code between the read of ``__spec__`` and the answer, and another
    thread could end the load there: that import would be seen by nobody.
    """

    __slots__ = ()

    @as_import_system
    def __set__(self, spec: ModuleSpec, value: bool) -> None:  # noqa: FBT001 - a descriptor's
        followed: _Followed = spec.__dict__["_initializing"]
        if value:
            # The hook may refuse; then the spec must not look as if somebody executed it.
            try:
                followed.loading.starting(spec)
            except ImportError as error:
                raise trimmed(error)  # noqa: B904 - the same error
            followed.initializing = True
            return
        try:
            # Other threads wait until it is done, and meet a module that is watched.
            followed.loading.finished(spec)
        finally:
            if issubclass(type(spec), HookedSpec):  # it did not become a watched one
                change_class(spec, followed.own)
            spec.__dict__["_initializing"] = False


class HookedSpec(ModuleSpec):
    """Tell a hook of the beginning and the end of a load."""

    _initializing = _Initializing()

    def __reduce_ex__(self, _protocol: object) -> tuple[object, tuple[ModuleSpec]]:
        """Copy and pickle as a spec whose load nobody follows."""
        from copy import copy

        followed: _Followed = self.__dict__["_initializing"]
        return copy, (plain_spec(followed.own, self, initializing=followed.initializing),)


HookedSpec.__name__ = ModuleSpec.__name__  # a spec shows the name of its class


def plain_spec(
    kind: type[ModuleSpec], shown: ModuleSpec, *, initializing: bool = False
) -> ModuleSpec:
    """Return a spec of the import system's own kind with what another one shows."""
    spec = kind.__new__(kind)
    spec.__dict__.update(shown.__dict__, _initializing=initializing)
    return spec


def own_class_of(spec: ModuleSpec) -> type[ModuleSpec]:
    """Give the class that a spec has, or had before its load was followed."""
    followed = spec.__dict__.get("_initializing")
    return followed.own if isinstance(followed, _Followed) else type(spec)


def hook(spec: ModuleSpec, loading: "Loading") -> None:
    """Have a load followed.

    Args:
        spec: the spec that is about to be loaded; its class is restored afterwards.
        loading: what to tell.

    """
    own = type(spec)
    spec.__dict__["_initializing"] = _Followed(loading, own)
    kind = HookedSpec if own is ModuleSpec else type(own.__name__, (HookedSpec, own), {})
    try:
        change_class(spec, kind)
    except Exception:  # noqa: BLE001 - an audit hook refuses: the load is not followed
        spec.__dict__["_initializing"] = False


def after_reload(spec: ModuleSpec, watch: "Watch") -> None:
    """Have a module followed that ``importlib.reload`` is about to execute again.

    It sets no ``_initializing``, so the loader is asked, this once.
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
        return  # a loader that takes nothing: the module is no longer followed
