"""Record every import of one legacy module, cached ones too.

CPython reads ``module.__spec__`` on each import of a cached module, with the importing frame
right above (``import_ensure_initialized``, Python/import.c; ``_find_and_load``,
Lib/importlib/_bootstrap.py; 3.11 to 3.15). A :class:`Link` answers that read for one legacy path.
An instruction that was seen before costs one dictionary look-up and one count. A new one is
classified:

- ``IMPORT_NAME`` of this very path is a use; of a path below it, an import on the way there.
- ``_find_and_load`` runs for ``import_module`` and similar calls; the use belongs to a frame
  further out.
- ``something.__spec__`` is a look, no import.
- Any other instruction may be C code that imports (pickle, ``__import__``), or ``getattr``. Only
  the import system then reads ``_initializing``, so the use is counted there, by the spec that
  this read returned.
"""

import sys
from itertools import repeat
from types import ModuleType

from enforcer.recording.use import IMPORT_STATEMENT, PROBE
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.callers import Caller, statement_frame
from enforcer.runtime.imports.cpython import getframe
from enforcer.runtime.imports.hooks import plain_spec
from enforcer.runtime.imports.lazy import lazy_statement, loads_promised, was_resolved
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.sites import Sites
from enforcer.runtime.imports.uses import can_be_remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType

    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import Rule
    from enforcer.runtime.imports.bytecode import ImportStatement
    from enforcer.runtime.imports.owner import Owner


# Why an import is not counted, or not here.
_ON_THE_WAY = "not counted: imported on the way to a module below"
_BY_FETCH = "not counted yet: a from-import is counted when it fetches the name from the package"
_OWN_IMPLEMENTATION = "not counted: the canonical module imports its own implementation"

# The depth of import_module's frame, seen from _count_call: see there.
_IMPORT_MODULE = 5 if cpython.WAITS_APART else 4


class ConfirmingSpec(cpython.ModuleSpec):
    """A spec that counts when the import system reads ``_initializing`` from it.

    It shares the ``__dict__`` of the link's spec, so all other attributes are that spec's, and so
    are all that are set on it.
    """

    __slots__ = ("_link", "_reader")

    _link: "Link"
    _reader: "tuple[CodeType, int]"

    def __init__(self, link: "Link", frame: "FrameType") -> None:
        self._link = link
        self._reader = (frame.f_code, frame.f_lasti)
        if link.spec is not None:
            self.__dict__ = link.spec.__dict__

    @property
    @cpython.as_import_system
    def _initializing(self) -> bool:
        frame = cpython.frame_above(1)
        if self._reader != (frame.f_code, frame.f_lasti):
            # Not the import that read __spec__: a program kept the spec and reads it later.
            return cpython.is_initializing_spec(self._link.spec)
        try:
            return self._link.confirm(frame)
        except ImportError as error:
            raise cpython.trimmed(error)  # noqa: B904 - the same error

    @_initializing.setter
    def _initializing(self, value: bool) -> None:
        if self._link.spec is not None:
            setattr(self._link.spec, "_initializing", value)  # noqa: B010 - the import system's own

    def shown(self) -> cpython.ModuleSpec | None:
        """Return the link's spec, which may be set on a module again."""
        return self._link.spec

    def __reduce_ex__(self, _protocol: object) -> tuple[object, tuple[cpython.ModuleSpec]]:
        """Copy and pickle as the link's spec."""
        from copy import copy

        return copy, (plain_spec(cpython.ModuleSpec, self),)


class WaitingSpec(ConfirmingSpec):
    """A spec that looks initialising, so that the import system acquires the module's lock.

    The gate on that lock raises a refusal, or waits for the load that another thread is about to
    end.
    """

    __slots__ = ()
    _initializing = property(lambda _spec: True)


# repr() and messages show the name of a spec's class.
ConfirmingSpec.__name__ = WaitingSpec.__name__ = cpython.ModuleSpec.__name__


class Link:
    """The tie between one legacy path and its rule; records the path's uses.

    Attributes:
        legacy: the legacy path.
        rule: the rule that covers it.
        sites: instructions that import it and need no further classification.
        fetches: the same for instructions that fetch it from its package. If the package lacks
            the name, they read the spec as well (``import_from``, Python/ceval.c).
        in_place: whether the legacy module's own code answers.
        canonical: the path of the module that answers: the legacy path unless it is aliased.
        settled: that module once it was executed; compared with ``sys.modules`` at each use.
        module: the object in ``sys.modules`` for the legacy path, or None.
        spec: the spec that the module shows.

    """

    __slots__ = (
        "_calls",
        "canonical",
        "fetches",
        "in_place",
        "legacy",
        "module",
        "rule",
        "settled",
        "sites",
        "spec",
        "watch",
    )

    def __init__(self, watch: "Owner", rule: "Rule", legacy: str) -> None:
        self.watch = watch
        self.rule = rule
        self.legacy = legacy
        self.sites = Sites()
        self.fetches = Sites()
        self._calls = Sites()
        self.in_place = True
        self.canonical = legacy
        self.module: object = None
        self.settled: object = None
        self.spec: cpython.ModuleSpec | None = None

    # What an alias and an observed module do differently.

    def settle(self) -> bool:
        """Bring the module up to date; return whether it will stay as it is."""
        return not cpython.is_initializing_spec(self.spec)

    def is_submodule(self, name: str) -> bool:
        """Return whether a name in a from-import is a submodule."""
        below = f"{self.legacy}.{name}"
        namespace = cpython.namespace_of(self.module) or {}
        if name in namespace:
            return self.is_module(namespace[name], below)
        package = self.spec is not None and self.spec.submodule_search_locations is not None
        return package and self.watch.locate(below) is not None

    def is_module(self, value: object, path: str) -> bool:
        """Return whether a value is the module of a path, even if it left ``sys.modules``."""
        if value is None or value is look_up(sys.modules, path, None):
            return value is not None
        link = look_up(self.watch.links, path, None)
        if link is not None and link.module is value:
            return True
        plain = issubclass(type(value), ModuleType)
        return plain and look_up(cpython.namespace_of(value) or {}, "__name__", None) == path

    def has_submodule(self, name: str) -> bool:
        """Return whether a submodule named in a from-import is watched, or watch it now."""
        return f"{self.legacy}.{name}" in sys.modules

    def waits_unseen(self) -> bool:
        """Return whether a waiting thread may not have read a watched ``__spec__``."""
        return False

    def owns(self, frame: "FrameType") -> bool:
        """Return whether a frame runs code whose uses of this path don't count."""
        return self.rule.implementation and self.watch.is_canonical_code(self.rule, frame)

    # Reading __spec__.

    @cpython.as_import_system
    def read(self, frame: "FrameType") -> cpython.ModuleSpec | None:
        """Classify a read of ``__spec__`` by an instruction that was not seen before.

        Args:
            frame: the frame that reads.

        Returns:
            The spec to return to the reader.

        """
        if not self.watch.enabled or cpython.is_own_read(frame):
            return self.spec
        kind = self.classify(frame)
        return self.spec if kind is None else kind(self, frame)

    @cpython.as_import_system
    def classify(self, frame: "FrameType") -> type[ConfirmingSpec] | None:
        """Count an import; return the class of the spec to show if it is another one."""
        loading = cpython.look_of(frame)
        if loading is not None:
            return self._read_by_call(loading, frame)
        if self.watch.leaves.is_of_load(self.legacy, frame, "read"):
            self._explain("not counted: this instruction loaded it, which was counted", frame)
            return None
        return self._classify_by_c(frame)

    @cpython.as_import_system
    def _classify_by_c(self, frame: "FrameType") -> type[ConfirmingSpec] | None:
        guarded = self.watch.guarded
        statement = guarded(self.legacy, bytecode.import_statement, frame)
        if statement is not None:
            return self._read_counting(frame, self._count_statement, frame, statement)
        lazy = guarded(self.legacy, lazy_statement, frame, self.legacy)
        if lazy is not None:
            return self._read_counting(frame, self._count_lazily, lazy)
        if guarded(self.legacy, self._is_missed_on_package, frame):
            return self._read_counting(frame, self._count_fetch, frame)
        if guarded(self.legacy, self._is_look, frame):
            self._explain("not counted: the frame only looks at the spec", frame)
            return None
        self._explain("undecided: counted if C code imports, and reads _initializing", frame)
        return ConfirmingSpec

    def _explain(self, decision: str, at: "FrameType | None") -> None:
        self.watch.uses.explain(self.legacy, decision, at)

    def record_waiting(self, frame: "FrameType | None") -> None:
        """Count an import by C code that found the module being executed."""
        if frame is None:
            self.record_importer(None)
        elif lazy_statement(frame, self.legacy) is not None:
            self.record_importer(frame)
        elif bytecode.from_import(frame) is not None:
            # The package lacks the name, so C falls back on sys.modules (import_from,
            # Python/ceval.c).
            if self._is_missed_on_package(frame):
                self.record(Caller(frame, IMPORT_STATEMENT))
        elif not self.watch.leaves.is_parent_read(self.legacy, frame):
            self.record_importer(frame)
            self.watch.note_leaf(self.legacy, frame)

    def _is_missed_on_package(self, frame: "FrameType") -> bool:
        """Return whether a from-import's package lacks the name, and C reads ``sys.modules``."""
        statement = bytecode.from_import(frame)
        package, _, name = self.legacy.rpartition(".")
        if statement is None or name not in (statement.names or ()):
            return False
        return statement.absolute(frame.f_globals) == package and self.watch.parents.watches(self)

    def _is_look(self, frame: "FrameType") -> bool:
        """Return whether a frame looks at the spec and imports nothing."""
        if bytecode.from_import(frame) is not None:
            return True
        if not bytecode.loads_attribute(frame, "__spec__"):
            return False
        caller = self.watch.uses.ownership.asking(frame, self.legacy)
        if caller.mechanism == PROBE:
            self.watch.uses.probe(self.rule, self.legacy, caller)
        return True

    @cpython.as_import_system
    def confirm(self, frame: "FrameType") -> bool:
        """Count an import by C code; return whether it has to wait for the module.

        Args:
            frame: the innermost Python frame above the import.

        """
        try:
            settled = self._count_confirmed(frame)
        except BaseException as error:
            # Up to 3.12 C discards an exception that a read of spec._initializing raises. So the
            # error is kept for this thread, and the answer True makes C ask for the module's lock,
            # where the gate raises it (Locks.refuse).
            if not cpython.SWALLOWS_ERRORS:
                raise
            self.watch.locks.refuse(self, error)
            return True
        if not settled:
            self.watch.locks.note_seen(self, frame)
        return not settled

    def confirm_at_lock(self, frame: "FrameType") -> bool:
        """Count an import by C code that asks for the lock; return whether it has to wait."""
        settled = self._count_confirmed(frame)
        if not settled:
            self.watch.locks.note_seen(self, frame)
        return not settled

    def _count_confirmed(self, frame: "FrameType") -> bool:
        caller = self.watch.guarded(self.legacy, self._importing, frame)
        if caller is None:
            return not cpython.is_initializing_spec(self.spec)
        settled = self.settle()
        self.watch.guarded(self.legacy, self._record_call, frame, caller)
        self.watch.note_leaf(self.legacy, frame)
        return settled

    def _importing(self, frame: "FrameType") -> Caller | None:
        """Return the caller of an import of this path by C code; None for other reads."""
        if cpython.is_import_system(frame) and cpython.from_list_import(frame) != self.legacy:
            self._explain(_ON_THE_WAY, frame)
            return None
        caller = self.watch.uses.ownership.asking(frame, self.legacy)
        if caller.looks():
            self._explain("not counted: the caller only looks for it", frame)
            return None
        if self.watch.leaves.is_parent_read(self.legacy, frame):
            self._explain(
                "not counted: C code reads it after a module below, for its result", frame
            )
            return None
        if self.counts_later(frame):
            self._explain(_BY_FETCH, frame)
            return None
        return caller

    def counts_later(self, frame: "FrameType | None") -> bool:
        """Return whether a frame imports for a from-import that is counted by its fetch."""
        fetched = cpython.from_list_import(frame) is not None
        return fetched and self._is_fetched(frame.f_back)  # type: ignore[union-attr]

    def _is_fetched(self, importer: "FrameType | None") -> bool:
        if not cpython.is_from_list(importer) or not self.watch.parents.counts(self):
            return False
        caller = self.watch.uses.ownership.asking(importer, self.legacy)
        return not self.watch.uses.refuses(self.rule, self.legacy, caller)

    def _record_call(self, frame: "FrameType", caller: Caller) -> None:
        importer = statement_frame(frame, self.legacy)
        if importer is frame:
            self.record(caller)
        else:
            self.record_importer(importer)

    @cpython.as_import_system
    def _read_by_call(self, frame: "FrameType", reader: "FrameType") -> type[ConfirmingSpec] | None:
        calling = cpython.import_module_call(frame)
        if not self.settle():
            self.watch.locks.install(self)
            if self.watch.locks.passes(frame, waits=True):
                self.watch.guarded(self.legacy, self._record_waiting_call, frame)
            return WaitingSpec
        tally = self.watch.guarded(self.legacy, self._record_import, frame)
        if tally is None or calling is None or not can_be_remembered(tally):
            return None
        if self.watch.uses.ownership.is_own(calling):
            # Not cached for a framework's call: its nearest own frame may differ each time.
            self._calls.remember(calling, (tally,))
            self.sites.remember_call(reader, map(self._count_call, repeat(None)))
        return None

    def _count_call(self, _: None) -> None:
        """Count a call of ``import_module`` for a module that is settled.

        The frames above are those of the read of ``__spec__``, ``_find_and_load`` (from 3.15 on
        ``_is_initializing`` before it), ``_gcd_import``, ``import_module`` and its caller.
        ``sys._getframe(n)`` creates one frame object; walking ``f_back`` creates each on the way.
        """
        try:
            if cpython.is_import_module(getframe(_IMPORT_MODULE)):
                uses = self._calls.find(getframe(_IMPORT_MODULE + 1))
                if uses is not None:
                    next(uses)
                    return
        except Exception:  # noqa: BLE001, S110 - an audit hook refuses; or there are fewer frames
            pass  # the read is classified below
        reader = cpython.frame_above(2)
        loading = cpython.look_of(reader)
        if loading is not None:
            self._read_by_call(loading, reader)

    def _record_waiting_call(self, loading: "FrameType") -> None:
        try:
            self._record_import(loading)
        except BaseException:
            self.watch.locks.fails(loading)  # it ends here, without asking for the lock
            raise

    @cpython.as_import_system
    def _read_counting(
        self,
        frame: "FrameType",
        count: "Callable[..., Sequence[Tally] | None]",
        *asked: object,
    ) -> type[ConfirmingSpec] | None:
        try:
            settled = self.settle()
            counted = self.watch.guarded(self.legacy, count, *asked)
        except BaseException as error:
            # Up to 3.12 C discards an exception raised while it reads __spec__; see confirm().
            if not cpython.SWALLOWS_ERRORS:
                raise
            self.watch.locks.refuse(self, error)
            return WaitingSpec
        if not settled:
            self.watch.locks.note_seen(self, frame)
            return WaitingSpec
        if counted is not None and not cpython.is_initializing_spec(self.spec):
            self.sites.remember(frame, counted)
        return None

    def _count_statement(
        self, frame: "FrameType", statement: "ImportStatement"
    ) -> "Sequence[Tally] | None":
        if statement.absolute(frame.f_globals) != self.legacy or self.owns(frame):
            is_passed = statement.absolute(frame.f_globals) != self.legacy
            self._explain(_ON_THE_WAY if is_passed else _OWN_IMPLEMENTATION, frame)
            return ()
        return self.record_statement(frame, statement)

    def _count_lazily(self, lazy: "FrameType") -> None:
        """Count the import of a name that was bound lazily, made when the name is used."""
        package, _, name = self.legacy.rpartition(".")
        statement = bytecode.import_statement(lazy)
        if statement is None or self.owns(lazy):
            return
        if statement.absolute(lazy.f_globals) == self.legacy:
            self.record_statement(lazy, statement)
        elif statement.name == package and statement.names == (name,):
            # The package lacks the name, so C falls back on sys.modules.
            self.record(Caller(lazy, IMPORT_STATEMENT))

    def _count_fetch(self, frame: "FrameType") -> "Sequence[Tally] | None":
        tally = self.record(Caller(frame, IMPORT_STATEMENT))
        return (tally,) if tally is not None and can_be_remembered(tally) else None

    # Recording.

    def record(self, caller: Caller) -> "Tally | None":
        """Record one use of this path itself."""
        if caller.frame is not None and self.owns(caller.frame):
            self._explain(_OWN_IMPLEMENTATION, caller.frame)
            return None
        return self.watch.uses.record(self.rule, self.legacy, caller, in_place=self.in_place)

    def record_statement(
        self, frame: "FrameType", statement: "ImportStatement"
    ) -> "Sequence[Tally] | None":
        """Record one execution of an import statement, once for each rule that it reaches.

        ``from old import sub`` does not read the spec of a cached ``old.sub``, so a name that is a
        submodule is recorded here, under its own path.

        Returns:
            The tallies to advance at the next execution of the statement; None if that has to be
            classified again.

        """
        tallies = []
        lasting = True
        asked = statement.names or ()
        for rule, path, names in self._reached(asked):
            caller = Caller(frame, IMPORT_STATEMENT, names)
            in_place = self.in_place if rule is self.rule else not rule.aliases()
            tallies.append(self.watch.uses.record(rule, path, caller, in_place=in_place))
        for name in asked:
            if name != "*" and self.is_submodule(name) and not self.has_submodule(name):
                lasting = False
        if not lasting or not all(map(can_be_remembered, tallies)):
            return None
        return tallies

    def _reached(self, names: tuple[str, ...]) -> "list[tuple[Rule, str, tuple[str, ...]]]":
        by_rule: dict[Rule, list[str]] = {}
        submodules = set()
        for name in names:
            rule = self.rule
            if name != "*" and self.is_submodule(name):
                covering = self.watch.match(f"{self.legacy}.{name}")
                if covering is not None:
                    rule = covering
                    submodules.add(name)
            by_rule.setdefault(rule, []).append(name)
        if not by_rule:
            return [(self.rule, self.legacy, ())]
        return [
            (rule, f"{self.legacy}.{asked[0]}", ())
            if len(asked) == 1 and asked[0] in submodules
            else (rule, self.legacy, names if len(asked) == len(names) else tuple(asked))
            for rule, asked in by_rule.items()
        ]

    def forget(self) -> None:
        """Clear the caches: every instruction is classified again."""
        for sites in (self.sites, self.fetches, self._calls):
            sites.forget()

    # Following the import system's own load of the module.

    def starting(self, spec: cpython.ModuleSpec) -> None:
        """Record the import that loads the module, unless it is recorded elsewhere."""
        self.spec = spec
        self.watch.locks.install(self)
        self.watch.parents.attach(self)
        frame = cpython.frame_above(2)
        self.watch.guarded(self.legacy, self._record_start, frame)

    def _record_start(self, frame: "FrameType") -> None:
        loading = next(cpython.imports_in_progress(frame, self.legacy), None)
        if loading is None:
            self.record(self.watch.uses.ownership.asking(frame, self.legacy))
        else:
            self.record_load(loading)

    def record_load(self, loading: "FrameType") -> None:
        """Record an import that runs through ``_find_and_load`` and locks the module there."""
        if self.watch.locks.passes(loading, waits=False):
            self._record_import(loading)

    def _record_import(self, loading: "FrameType") -> "Tally | None":
        """Record an import, unless it is recorded elsewhere.

        Not recorded are the import of a package on the way to a module below it, and the import of
        a submodule for a from-import, which is recorded when its name is fetched.

        Returns:
            The tally of an import call; None if nothing was recorded, or a statement was.

        """
        if self.watch.locks.is_repeated(self, loading):
            self._explain("not counted: a retry of an import that was counted", loading)
            return None
        importer = cpython.importer(loading, self.legacy)
        if cpython.is_for_child(importer, self.legacy):
            self._explain(_ON_THE_WAY, importer)
            return None
        if self._is_fetched(importer):
            self._explain(_BY_FETCH, importer)
            return None
        named = cpython.from_list_import(loading.f_back)
        if named is not None and named != self.legacy:
            return None  # the top package of a submodule that a from-import names
        by_c = importer if importer is loading.f_back else None
        if by_c is not None and self.watch.leaves.is_parent_read(self.legacy, by_c):
            return None  # C loads the top package again, because it returns that
        tally = self.record_importer(importer)
        if importer is not None and loads_promised(importer, self.legacy):
            self.watch.leaves.note_promised(self.legacy, importer)
        if by_c is not None:
            self.watch.note_leaf(self.legacy, by_c)
        return tally

    def record_importer(self, importer: "FrameType | None") -> "Tally | None":
        """Record one use by the frame that an import belongs to."""
        importer = importer and statement_frame(importer, self.legacy)
        statement = bytecode.import_statement(importer) if importer is not None else None
        if importer is None or statement is None:
            if importer is not None and was_resolved(importer):
                return None
            caller = self.watch.uses.ownership.asking(importer, self.legacy)
            return None if caller.looks() else self.record(caller)
        wanted = statement.absolute(importer.f_globals)
        if not self.owns(importer) and not wanted.startswith(f"{self.legacy}."):
            if wanted != self.legacy:
                statement = bytecode.ImportStatement(self.legacy, None, 0)
            self.record_statement(importer, statement)
        return None

    def finished(self, spec: cpython.ModuleSpec) -> None:
        """Remember a load by C code, which may read the spec of this module's package next."""
        if self.legacy not in sys.modules or self.spec is not spec:
            return
        loading = next(cpython.imports_in_progress(cpython.frame_above(2), self.legacy), None)
        importer = loading.f_back if loading is not None else None
        if importer is not None and not cpython.is_import_system(importer):
            self.watch.note_leaf(self.legacy, importer)
