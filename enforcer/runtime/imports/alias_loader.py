"""The loader of an alias, which answers as the canonical module's loader does.

Tools ask a loader for source, code, data and resources, look at its class, and set attributes
on it. An alias's loader has what the canonical one has at that moment; attributes that are set
on it stay its own.
"""

import sys
from _frozen_importlib_external import NamespaceLoader

from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.alias_link import AliasLink, importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from enforcer.runtime.imports.alias import Alias


class _Loading:
    """Descriptor for ``exec_module``: a partial of ``__import__``.

    It is no data descriptor, so a tool may set an ``exec_module`` of its own on the loader.
    """

    __slots__ = ()

    def __get__(
        self, loader: "AliasLoader", _owner: type | None = None
    ) -> "Callable[[object], object]":
        return importing(loader._link.canonical)  # noqa: SLF001 - its own loader's


class AliasLoader:
    """The loader that loads an alias by importing the canonical module.

    All other attributes are the canonical loader's. Methods are called with translated names: this
    loader is asked for ``old.sub``, the canonical one loads ``new.sub``. ``isinstance()`` sees an
    instance of the canonical loader's class.
    """

    __slots__ = ("__dict__", "__weakref__", "_canonical", "_class", "_link")

    _canonical: cpython.ModuleSpec
    _class: type | None
    _link: AliasLink

    __module__ = property(lambda loader: loader.__class__.__module__)
    exec_module = _Loading()

    def __init__(self, link: AliasLink, canonical: cpython.ModuleSpec) -> None:
        _set(self, "_link", link)
        _set(self, "_canonical", canonical)
        _set(self, "_class", None)

    def create_module(self, spec: cpython.ModuleSpec) -> "Alias":
        """Return the alias, which binds when the canonical module is loaded."""
        link = self._link
        link.spec = spec
        link.loosen()
        frame = cpython.frame_above(1)
        if next(cpython.imports_in_progress(frame, link.legacy), None) is None:
            # importlib.util.LazyLoader and tools that load by hand call no _load_unlocked, so
            # the hook on the spec never runs: the use is recorded here.
            link.watch.guarded(link.legacy, link.record_importer, frame)
        elif link.watch.guarded(link.legacy, link.watch.is_probed, link.legacy, frame):
            self.exec_module = _leave_unbound
        return link.module

    def __getattr__(self, name: str) -> object:
        if name == "load_module":
            getattr(self._loader(), name)
            return self._load_module
        value = getattr(self._loader(), name)
        link = self._link
        if name == "name" and value == link.canonical:
            return link.legacy  # loaders compare it with the name that they are asked for
        # Dunder methods and classes take no module names.
        if not callable(value) or isinstance(value, type) or name.startswith("__"):
            return value
        return _translated(link, value)

    def _loader(self) -> object:
        """Return the canonical module's loader: its spec's now, or the one that was located."""
        link = self._link
        module = sys.modules.get(link.canonical)
        spec = (cpython.namespace_of(module) or {}).get("__spec__", self._canonical)
        loader = getattr(spec, "loader", None) or self._canonical.loader
        if loader is None:
            # A namespace package has one as soon as it is loaded (_init_module_attrs).
            loader = NamespaceLoader.__new__(NamespaceLoader)
            vars(loader)["_path"] = self._canonical.submodule_search_locations
        return loader

    def _load_module(self, _name: str | None = None) -> object:
        # The canonical loader's would execute the canonical module once more.
        cpython.import_module(self._link.legacy)
        return sys.modules[self._link.legacy]

    @property
    def __class__(self) -> type:
        """Class of the canonical loader, for ``isinstance()``."""
        kind = self._class or type(self._loader())
        return type(self) if issubclass(kind, type) else kind  # a loader may be a class itself

    @__class__.setter
    def __class__(self, kind: type) -> None:
        # Only shown: assigning the real __class__ would fail where the layouts differ.
        _set(self, "_class", kind)

    def __eq__(self, other: object) -> bool:
        if not issubclass(type(other), AliasLoader):
            return NotImplemented
        return self._link is other._link and vars(self) == vars(other)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._link)

    def __repr__(self) -> str:
        return f"<loader of {self._link.legacy!r}, an alias of {self._link.canonical!r}>"

    def __copy__(self) -> "AliasLoader":
        return self._twin(dict.copy)

    def __deepcopy__(self, memo: "dict[int, object]") -> "AliasLoader":
        from copy import deepcopy

        return self._twin(lambda written: deepcopy(written, memo))

    def _twin(self, copied: "Callable[[dict[str, object]], dict[str, object]]") -> "AliasLoader":
        twin = AliasLoader(self._link, self._canonical)
        _set(twin, "_class", self._class)
        vars(twin).update(copied(vars(self)))
        return twin

    def __reduce_ex__(self, protocol: object) -> "str | tuple[Any, ...]":
        """Pickle as the canonical loader: another process may have no alias."""
        loader: Any = self._loader()
        if not isinstance(loader, type):
            return loader.__reduce_ex__(protocol)  # type: ignore[no-any-return]
        from copy import copy

        return copy, (loader,)


_set = object.__setattr__


def _translated(link: AliasLink, method: "Callable[..., object]") -> "Callable[..., object]":
    """Wrap a method of the canonical loader: legacy names in its arguments become canonical."""

    def canonical(argument: object) -> object:
        if argument is link.module:
            return sys.modules.get(link.canonical, argument)
        return link.canonical if argument == link.legacy else argument

    def ask(*arguments: object, **options: object) -> object:
        named = {name: canonical(value) for name, value in options.items()}
        return method(*map(canonical, arguments), **named)

    return ask


def _leave_unbound(_module: object) -> None:
    """Load nothing: the caller only looks for a module below the alias."""


def reloading(link: AliasLink) -> "Callable[[object], object]":
    """Return an ``exec_module`` that reloads the canonical module in place of its alias."""

    def reload_canonical(_module: object) -> None:
        from importlib import reload

        target: ModuleType = sys.modules[link.canonical]
        reload(target)
        link.settle()

    return reload_canonical


def alias_spec(link: AliasLink, canonical: cpython.ModuleSpec) -> cpython.ModuleSpec:
    """Return the spec of an alias: its own name and loader, the canonical module's location."""
    spec = cpython.ModuleSpec(link.legacy, AliasLoader(link, canonical), origin=canonical.origin)  # type: ignore[arg-type]
    spec.submodule_search_locations = canonical.submodule_search_locations
    spec.has_location = canonical.has_location
    # As after a load. If it were missing, C would create an AttributeError with its message at
    # each import on 3.11 (_PyModuleSpec_IsInitializing, Objects/moduleobject.c).
    spec.__dict__["_initializing"] = False
    return spec
