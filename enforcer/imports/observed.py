"""Observe a legacy module whose own code answers: nothing changes for its callers.

The real module is found and executed by the finders that would have done it anyway. When it
is loaded, it is made to tell who imports it (``watched``).

One module may stand in ``sys.modules`` under several paths, because it put another one in its
place, and one spec may belong to several modules. So the path that was *asked for* decides what
is counted, never the object. The path is in the importing instruction, or in the import
system's own frame. Where C code imports, C is told that the module is being executed: then it
asks for the module's lock, by the path.
"""

import sys

from enforcer.imports import bootstrap, bytecode
from enforcer.imports.link import Link
from enforcer.imports.lockless import look_up
from enforcer.imports.watched import watch
from enforcer.recording.use import PROBE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from enforcer.imports.sites import Sites
    from enforcer.imports.watch import Watch


_ANY = "observed modules"
"""The subject of a notice that is about no single path."""
_LOOKING = frozenset({"getattr", "hasattr"})


class ObservedLink(Link):
    """Count the uses of a legacy module that answers for itself."""

    __slots__ = ()

    def starting(self, spec: bootstrap.ModuleSpec) -> None:
        """Wait for the module; one that was loaded before is gone."""
        self.module = self.settled = None
        super().starting(spec)

    def finished(self, spec: bootstrap.ModuleSpec) -> None:
        """Watch the module, now that it was executed."""
        module = look_up(sys.modules, self.legacy, None)
        if module is not None and self.spec is spec:
            self.watch.guarded(self.legacy, self.watch_module, module)
        super().finished(spec)
        if module is not None and self.spec is spec:
            self.watch.was_loaded(self.legacy)

    def waits_unseen(self) -> bool:
        """Tell that a thread which waits for the load read a module that nobody watched yet."""
        return True

    def watch_module(self, module: "ModuleType") -> None:
        """Have a loaded legacy module tell who imports it."""
        self.forget()
        spec = look_up(bootstrap.namespace_of(module) or {}, "__spec__", None)
        # Set first: from the change of a class on, other threads count by it.
        self.module = self.settled = module
        if not watch(module, spec, self.watch.observing.asked, self.sites):
            self.module = self.settled = None
            self.watch.notice(
                "blind",
                self.legacy,
                f'"{self.legacy}" can\'t be watched: only the imports that load it are seen.',
            )

    def reloading(self, spec: bootstrap.ModuleSpec) -> None:
        """Watch the spec that the module is about to get."""
        watch(self.module, spec, self.watch.observing.asked, self.sites)  # type: ignore[arg-type]

    def answer(self, frame: "FrameType", sites: "Sites", spec: bootstrap.ModuleSpec) -> bool:
        """Count an import by a frame that names this path; tell whether it waits to be refused."""
        self.sites = sites
        self.spec = spec
        return self.classify(frame) is not None

    def _count_call(self, _: None) -> None:
        """Count a call of ``import_module`` by the path that it names; see :class:`Link`."""
        reader = bootstrap.frame_above(2)
        loading = bootstrap.look_of(reader)
        if loading is None:
            return  # the import system reads it for its own use
        path: str = loading.f_locals["name"]
        calling = bootstrap.import_module_call(loading)
        if path == self.legacy and calling is not None:
            uses = self._calls.find(calling)
            if uses is not None:
                next(uses)
                return
        link = look_up(self.watch.links, path, None)
        if isinstance(link, ObservedLink):
            link._read_by_call(loading, reader)  # noqa: SLF001 - one of us

    def confirm_at_lock(self, frame: "FrameType") -> bool:
        """Count an import by C code, which asks for this path's lock; tell whether it waits."""
        module = look_up(sys.modules, self.legacy, None)
        self.spec = look_up(bootstrap.namespace_of(module) or {}, "__spec__", None)  # type: ignore[assignment]
        return super().confirm_at_lock(frame)


class Observing:
    """Find out which observed path is asked for, and by whom."""

    __slots__ = ("_watch",)

    def __init__(self, watch: "Watch") -> None:
        """Serve one watch."""
        self._watch = watch

    def asked(self, sites: "Sites", frame: "FrameType", watched: object, spec: object) -> bool:
        """Count who imports an observed module.

        Args:
            sites: instructions that are only counted, or for nothing.
            frame: the frame that asks, from an instruction not seen before.
            watched: the spec that is asked, or the module.
            spec: the spec.

        Returns:
            Whether C has to ask for the module's lock, and is told that it is being executed.

        """
        watch = self._watch
        if not watch.enabled or bootstrap.is_own_read(frame):
            return False
        loading = bootstrap.look_of(frame)
        by_call = loading is not None
        if loading is not None:
            path = loading.f_locals["name"]
        else:
            path = watch.guarded(_ANY, _path, frame)
        if path is None:
            is_look = watch.guarded(_ANY, self._is_look, frame, watched)
            if is_look is False:
                watch.locks.expect(frame)
            elif is_look and watched is spec and bytecode.loads(frame):
                self._pass(frame, sites, spec)
            return is_look is False
        link = look_up(watch.links, path, None)
        if isinstance(link, ObservedLink) and _stands_at(path, watched):
            return link.answer(frame, sites, spec)  # type: ignore[arg-type]
        if not by_call and _is_passed(path, link, watched):
            self._pass(frame, sites, spec)
        return False

    def _pass(self, frame: "FrameType", sites: "Sites", spec: object) -> None:
        """Have an instruction ask for nothing from now on."""
        if not bootstrap.is_initializing_spec(spec):
            sites.remember(frame, ())

    def _is_look(self, frame: "FrameType", watched: object) -> bool:
        """Tell whether a frame looks at a module, or misses a name in it, and imports nothing."""
        if bytecode.from_import(frame) is not None:
            return True
        if bytecode.calls(frame) and bytecode.called_name(frame) in _LOOKING:
            return True
        if issubclass(type(watched), bootstrap.ModuleSpec):
            return bytecode.loads(frame)
        if not bytecode.loads_attribute(frame, "__spec__"):
            return False
        path = frame.f_locals.get("fullname") if frame.f_code.co_name == "find_spec" else None
        link = look_up(self._watch.links, path, None) if path is not None else None
        if link is not None and _stands_at(link.legacy, watched):
            caller = self._watch.uses.ownership.asking(frame, link.legacy)
            if caller.mechanism == PROBE:
                self._watch.uses.probe(link.rule, link.legacy, caller)
        return True


def _path(frame: "FrameType") -> str | None:
    """Give the path that a statement imports, or looks for as its package lacks the name."""
    statement = bytecode.import_statement(frame)
    if statement is not None:
        return statement.absolute(frame.f_globals)
    fetched = bytecode.fetched_name(frame)
    statement = bytecode.from_import(frame) if fetched else None
    return f"{statement.absolute(frame.f_globals)}.{fetched}" if statement is not None else None


def _stands_at(path: str, watched: object) -> bool:
    """Tell whether a module, or one with that spec, is what an import of a path gets."""
    module = look_up(sys.modules, path, None)
    return (
        module is watched
        or look_up(bootstrap.namespace_of(module) or {}, "__spec__", None) is watched
    )


def _is_passed(path: str, link: "Link | None", watched: object) -> bool:
    """Tell whether an instruction asks for another path for good."""
    return link is None or _stands_at(path.partition(".")[0], watched)
