"""Observe a legacy module whose own code answers: nothing changes for its callers.

The real module is found and executed by the finders that would have done so anyway. Once it is
loaded, its spec (up to 3.11 the module itself) reports its imports (``spec_class``).

One module may be in ``sys.modules`` under several paths, because it replaced itself there, and
one spec may belong to several modules. So the path that was *asked for* decides what is counted,
never the object. The path is in the importing instruction, or in the import system's own frame. If
C code imports, it is told that the module is being executed: then it acquires the module's lock,
by the path.
"""

import sys

from enforcer.recording.use import PROBE
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.link import Link
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.spec_class import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from enforcer.runtime.imports.owner import Owner
    from enforcer.runtime.imports.sites import Sites


_ANY = "observed modules"
"""The subject of a notice that concerns no single path."""
_LOOK = "not counted: the frame looks at a module, or at a name that it lacks"
_UNDECIDED = "undecided: counted if C code imports, and acquires the module's lock"
_LOOKING = frozenset({"getattr", "hasattr"})


class ObservedLink(Link):
    """The link of a legacy module whose own code answers."""

    __slots__ = ()

    def starting(self, spec: cpython.ModuleSpec) -> None:
        """Forget a module that was loaded before, and record the import that loads it."""
        self.module = self.settled = None
        super().starting(spec)

    def finished(self, spec: cpython.ModuleSpec) -> None:
        """Watch the module, now that it was executed."""
        module = look_up(sys.modules, self.legacy, None)
        if module is not None and self.spec is spec:
            self.watch.guarded(self.legacy, self.watch_module, module)
        super().finished(spec)
        if module is not None and self.spec is spec:
            self.watch.was_loaded(self.legacy)

    def waits_unseen(self) -> bool:
        """Return True: a thread that waits for the load read a module that was not watched yet."""
        return True

    def watch_module(self, module: "ModuleType") -> None:
        """Make a loaded legacy module report its imports."""
        self.forget()
        spec = look_up(cpython.namespace_of(module) or {}, "__spec__", None)
        # Set before watch(): as soon as that changes a class, other threads count by this link.
        self.module = self.settled = module
        if not watch(module, spec, self.watch.observing.asked, self.sites):
            self.module = self.settled = None
            self.watch.notice(
                "blind",
                self.legacy,
                f'"{self.legacy}" can\'t be watched: only the imports that load it are seen.',
            )

    def reloading(self, spec: cpython.ModuleSpec) -> None:
        """Watch the spec that the module is about to get."""
        watch(self.module, spec, self.watch.observing.asked, self.sites)  # type: ignore[arg-type]

    def answer(self, frame: "FrameType", sites: "Sites", spec: cpython.ModuleSpec) -> bool:
        """Count an import by a frame that names this path; return whether to refuse it later."""
        self.sites = sites
        self.spec = spec
        return self.classify(frame) is not None

    def _count_call(self, _: None) -> None:
        """Count a call of ``import_module`` by the path that it names; see :class:`Link`."""
        reader = cpython.frame_above(2)
        loading = cpython.look_of(reader)
        if loading is None:
            return  # the import system reads the spec for its own purposes
        path: str = loading.f_locals["name"]
        calling = cpython.import_module_call(loading)
        if path == self.legacy and calling is not None:
            uses = self._calls.find(calling)
            if uses is not None:
                next(uses)
                return
        link = look_up(self.watch.links, path, None)
        if isinstance(link, ObservedLink):
            link._read_by_call(loading, reader)  # noqa: SLF001 - one of us

    def confirm_at_lock(self, frame: "FrameType") -> bool:
        """Count an import by C code that acquires this path's lock; return whether it waits."""
        module = look_up(sys.modules, self.legacy, None)
        self.spec = look_up(cpython.namespace_of(module) or {}, "__spec__", None)  # type: ignore[assignment]
        return super().confirm_at_lock(frame)


class Observing:
    """Determines which observed path is imported, and by which code."""

    __slots__ = ("_watch",)

    def __init__(self, watch: "Owner") -> None:
        self._watch = watch

    def asked(self, sites: "Sites", frame: "FrameType", watched: object, spec: object) -> bool:
        """Count an import of an observed module.

        Args:
            sites: the cache of classified instructions.
            frame: the frame that reads, at an instruction that was not seen before.
            watched: the spec whose ``_initializing`` is read, or the module whose spec is read.
            spec: the spec.

        Returns:
            Whether to report that the module is being executed, so that C acquires its lock.

        """
        watch = self._watch
        if not watch.enabled or cpython.is_own_read(frame):
            return False
        loading = cpython.look_of(frame)
        by_call = loading is not None
        if loading is not None:
            path = loading.f_locals["name"]
        else:
            path = watch.guarded(_ANY, _path, frame)
        if path is None:
            is_look = watch.guarded(_ANY, self._is_look, frame, watched)
            watch.uses.explain(_ANY, _UNDECIDED if is_look is False else _LOOK, frame)
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
        """Cache an instruction as one that counts nothing."""
        if not cpython.is_initializing_spec(spec):
            sites.remember(frame, ())

    def _is_look(self, frame: "FrameType", watched: object) -> bool:
        """Return whether a frame reads a module, or a name that it lacks, without importing."""
        if bytecode.from_import(frame) is not None:
            return True
        if bytecode.calls(frame) and bytecode.called_name(frame) in _LOOKING:
            return True
        if issubclass(type(watched), cpython.ModuleSpec):
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
    """Return the path that a statement imports, or reads from ``sys.modules``; else None."""
    statement = bytecode.import_statement(frame)
    if statement is not None:
        return statement.absolute(frame.f_globals)
    fetched = bytecode.fetched_name(frame)
    statement = bytecode.from_import(frame) if fetched else None
    return f"{statement.absolute(frame.f_globals)}.{fetched}" if statement is not None else None


def _stands_at(path: str, watched: object) -> bool:
    """Return whether an import of a path gets this module, or the module with this spec."""
    module = look_up(sys.modules, path, None)
    return (
        module is watched
        or look_up(cpython.namespace_of(module) or {}, "__spec__", None) is watched
    )


def _is_passed(path: str, link: "object", watched: object) -> bool:
    """Return whether an instruction imports another path, now and in future."""
    return link is None or _stands_at(path.partition(".")[0], watched)
