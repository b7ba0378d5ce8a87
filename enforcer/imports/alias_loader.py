"""Load an alias, and answer for the canonical module what tools ask a loader for."""

import sys

from enforcer.imports import bootstrap
from enforcer.imports.alias_link import AliasLink, importing
from enforcer.imports.bootstrap import getframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, ModuleType

    from enforcer.imports.alias import Alias


class AliasLoader:
    """Load an alias by importing the canonical module.

    What tools ask a loader for (source, code, data, resources) is the canonical loader's.
    """

    __slots__ = ("_canonical", "_exec", "_link")

    def __init__(self, link: AliasLink, canonical: bootstrap.ModuleSpec) -> None:
        """Serve one legacy module whose canonical spec was located."""
        self._link = link
        self._canonical = canonical
        self._exec: Callable[[object], object] | None = None

    @property
    def exec_module(self) -> "Callable[[object], object]":
        """What loads the alias: by default, it imports the canonical module."""
        return self._exec or importing(self._link.canonical)

    @exec_module.setter
    def exec_module(self, execute: "Callable[[object], object]") -> None:
        self._exec = execute

    def create_module(self, spec: bootstrap.ModuleSpec) -> "Alias":
        """Give the alias; it binds when the canonical module is there."""
        link = self._link
        link.spec = spec
        link.loosen()
        frame = getframe(1)
        if not bootstrap.is_loading(frame):
            # LazyLoader and the like load a module by hand: nobody will tell of it.
            link.watch.guarded(link.legacy, link.record_importer, frame)
        elif link.watch.guarded(link.legacy, link.watch.is_probed, link.legacy, frame):
            self.exec_module = _leave_unbound
        return link.module

    def _ask(self, method: str, *arguments: object) -> object:
        loader = self._canonical.loader
        answer = getattr(loader, method, None)
        if answer is None:
            message = f"the loader of {self._canonical.name!r} has no {method}()"
            raise ImportError(message, name=self._link.legacy)
        return answer(*arguments)

    def is_package(self, _name: str) -> bool:
        """Tell whether the canonical module is a package."""
        return self._canonical.submodule_search_locations is not None

    def get_code(self, _name: str) -> "CodeType | None":
        """Give the canonical module's code, for ``python -m``."""
        return self._ask("get_code", self._canonical.name)  # type: ignore[return-value]

    def get_source(self, _name: str) -> str | None:
        """Give the canonical module's source."""
        return self._ask("get_source", self._canonical.name)  # type: ignore[return-value]

    def get_filename(self, _name: str) -> str:
        """Give the canonical module's file."""
        return self._ask("get_filename", self._canonical.name)  # type: ignore[return-value]

    def get_data(self, path: str) -> bytes:
        """Read a file that belongs to the canonical package."""
        return self._ask("get_data", path)  # type: ignore[return-value]

    def get_resource_reader(self, _name: str) -> object:
        """Give the canonical package's resources."""
        return self._ask("get_resource_reader", self._canonical.name)


def _leave_unbound(_module: object) -> None:
    """Load nothing for somebody who only looks below an alias."""


def reloading(link: AliasLink) -> "Callable[[object], object]":
    """Give what reloads the canonical module in the place of its alias."""

    def reload_canonical(_module: object) -> None:
        from importlib import reload

        target: ModuleType = sys.modules[link.canonical]
        reload(target)
        link.settle()

    return reload_canonical


def alias_spec(link: AliasLink, canonical: bootstrap.ModuleSpec) -> bootstrap.ModuleSpec:
    """Make the spec of an alias: its own name and loader, the canonical module's place."""
    spec = bootstrap.ModuleSpec(link.legacy, AliasLoader(link, canonical), origin=canonical.origin)  # type: ignore[arg-type]
    spec.submodule_search_locations = canonical.submodule_search_locations
    spec.has_location = canonical.has_location
    return spec
