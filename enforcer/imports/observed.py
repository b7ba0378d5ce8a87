"""Observe a legacy module whose own code answers: nothing changes for its callers.

The real module is found and executed by the finders that would have done it anyway. When it
is loaded it gets a class of its own whose ``__spec__`` shows the same spec and counts.
"""

import sys
from _thread import get_ident

from enforcer.imports import bootstrap
from enforcer.imports.bootstrap import getframe
from enforcer.imports.link import Link
from enforcer.imports.own_class import own_class
from enforcer.recording.counting import FREE_THREADED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


class ObservedLink(Link):
    """Count the uses of a legacy module that answers for itself."""

    __slots__ = ()

    def starting(self, spec: bootstrap.ModuleSpec) -> None:
        """Wait for the module; one that was loaded before is gone."""
        self.module = self.settled = None
        super().starting(spec)

    def finished(self, spec: bootstrap.ModuleSpec) -> None:
        """Watch the module, now that it was executed."""
        module = sys.modules.get(self.legacy)
        if module is not None and self.spec is spec:
            self.watch_module(module)
        super().finished(spec)
        if module is not None and self.spec is spec:
            self.watch.was_loaded(self.legacy)

    def waits_unseen(self) -> bool:
        """Tell that a thread which waits for the load read a module that nobody watched yet."""
        return True

    def watch_module(self, module: "ModuleType") -> None:
        """Put the counting ``__spec__`` on a loaded legacy module."""
        self.forget()
        namespace = bootstrap.namespace_of(module)
        created = own_class(module)
        if created is None or namespace is None:
            self.watch.notice(
                "blind",
                self.legacy,
                f'"{self.legacy}" can\'t be watched: only the imports that load it are seen.',
            )
            return
        self.module = self.settled = module
        created.__spec__ = _spec_property(self, namespace)  # type: ignore[attr-defined]


def _spec_property(link: ObservedLink, namespace: "dict[str, object]") -> property:
    sites = link.sites
    legacy = link.legacy
    modules = sys.modules

    def read_spec(module: object) -> object:
        frame = getframe(1)
        offset = frame.f_lasti
        try:
            cache = sites.of_thread[get_ident()] if FREE_THREADED else sites
            code, uses = cache.first[offset]
            if code is not frame.f_code:
                uses = cache.others[id(frame.f_code) + offset]
            if modules[legacy] is link.settled is module:
                next(uses)
                return namespace["__spec__"]
        except KeyError:
            pass
        if module is not link.module:
            return namespace["__spec__"]
        link.spec = namespace["__spec__"]  # type: ignore[assignment]
        return link.read(frame)

    def write_spec(_module: object, value: object) -> None:
        namespace["__spec__"] = value

    def delete_spec(_module: object) -> None:
        del namespace["__spec__"]

    return property(read_spec, write_spec, delete_spec)
