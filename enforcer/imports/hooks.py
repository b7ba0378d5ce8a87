"""Learn when the import system begins and ends to load a module.

No loader is wrapped: ``_load_unlocked`` itself sets ``spec._initializing`` before it executes
a module and again afterwards, so a spec whose ``_initializing`` is a property sees both, from
any finder, and leaves no frame below the module's body. When the load is over the spec goes
back to its own class.
"""

from enforcer.imports.bootstrap import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

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


class HookedSpec(ModuleSpec):
    """Tell a hook of the beginning and the end of a load."""

    @property
    def _initializing(self) -> bool:
        return bool(self.__dict__.get("_initializing", False))

    @_initializing.setter
    def _initializing(self, value: bool) -> None:
        state = self.__dict__
        followed: _Followed = state["_initializing"]
        if value:
            # The hook may refuse; then the spec must not look as if somebody executed it.
            followed.loading.starting(self)
            followed.initializing = True
            return
        state["_initializing"] = False
        self.__class__ = followed.own  # type: ignore[assignment]
        followed.loading.finished(self)


def hook(spec: ModuleSpec, loading: "Loading") -> None:
    """Have a load followed.

    Args:
        spec: the spec that is about to be loaded; its class is restored afterwards.
        loading: what to tell.

    """
    own = type(spec)
    spec.__dict__["_initializing"] = _Followed(loading, own)
    if own is ModuleSpec:
        spec.__class__ = HookedSpec
    else:
        spec.__class__ = type(own.__name__, (HookedSpec, own), {})
