"""See every import of one legacy module, cached ones too.

CPython reads ``module.__spec__`` on each import of a cached module, with the importing frame
right above. A :class:`Link` owns that property for one legacy path: a site that was seen
before costs one dictionary look-up and one count; a new one is classified by the instruction
that its frame executes:

- ``IMPORT_NAME`` for this very path is a use; for a path below it, the parent is only passed.
- ``_find_and_load`` is ``import_module`` and its like: the use belongs to a frame further out.
- ``something.__spec__`` is somebody who looks.
- Anything else may be C code that imports (pickle, ``__import__``), or ``getattr``. Only the
  import system goes on to read ``_initializing``, so the spec handed out counts there.
"""

import sys
from itertools import repeat
from types import ModuleType

from enforcer.imports import bootstrap, bytecode
from enforcer.imports.bootstrap import getframe
from enforcer.imports.callers import Caller, statement_frame
from enforcer.imports.hooks import plain_spec
from enforcer.imports.lazy import lazy_statement, loads_promised, was_resolved
from enforcer.imports.lockless import look_up
from enforcer.imports.sites import Sites
from enforcer.imports.uses import can_be_remembered
from enforcer.recording.use import IMPORT_STATEMENT, PROBE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType

    from enforcer.imports.bytecode import ImportStatement
    from enforcer.imports.watch import Watch
    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import Rule


_IMPORT_MODULE = 5 if bootstrap.WAITS_APART else 4


class ConfirmingSpec(bootstrap.ModuleSpec):
    """Count when the import system goes on to ask whether the module is initialising.

    It shares the ``__dict__`` of the link's spec: it equals that spec in all else, and what is
    written on it is written there.
    """

    __slots__ = ("_link", "_reader")

    _link: "Link"
    _reader: "tuple[CodeType, int]"

    def __init__(self, link: "Link", frame: "FrameType") -> None:
        """Make the spec for a frame that reads ``__spec__`` of a module."""
        self._link = link
        self._reader = (frame.f_code, frame.f_lasti)
        if link.spec is not None:
            self.__dict__ = link.spec.__dict__

    @property
    @bootstrap.as_import_system
    def _initializing(self) -> bool:
        frame = bootstrap.frame_above(1)
        if self._reader != (frame.f_code, frame.f_lasti):
            return bootstrap.is_initializing_spec(self._link.spec)  # a program that kept the spec
        try:
            return self._link.confirm(frame)
        except ImportError as error:
            raise bootstrap.trimmed(error)  # noqa: B904 - the same error

    @_initializing.setter
    def _initializing(self, value: bool) -> None:
        if self._link.spec is not None:
            setattr(self._link.spec, "_initializing", value)  # noqa: B010 - the import system's own

    def shown(self) -> bootstrap.ModuleSpec | None:
        """Return the spec that it stands for, which a module may be given back."""
        return self._link.spec

    def __reduce_ex__(self, _protocol: object) -> tuple[object, tuple[bootstrap.ModuleSpec]]:
        """Copy and pickle as the link's spec."""
        from copy import copy

        return copy, (plain_spec(bootstrap.ModuleSpec, self),)


class WaitingSpec(ConfirmingSpec):
    """Look initialising, so that the import system asks for the module's lock.

    There a refusal waits, or the load that another thread is about to end.
    """

    __slots__ = ()
    _initializing = property(lambda _spec: True)


ConfirmingSpec.__name__ = WaitingSpec.__name__ = bootstrap.ModuleSpec.__name__


class Link:
    """Tie one legacy path to its rule and record its uses.

    Attributes:
        legacy: the legacy path.
        rule: the rule that covers it.
        sites: instructions whose imports are only counted.
        fetches: the same for those that fetch it from its package, which read the spec
            as well where the package lacks it (``import_from``, Python/ceval.c).
        in_place: whether the legacy module's own code answers.
        canonical: the path of the module that answers: itself, unless it is aliased.
        settled: that module once it was executed; compared with ``sys.modules`` at each use.
        module: what stands in ``sys.modules`` for the legacy path, or None.
        spec: the spec that callers are shown.

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

    def __init__(self, watch: "Watch", rule: "Rule", legacy: str) -> None:
        """Start with nothing seen."""
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
        self.spec: bootstrap.ModuleSpec | None = None

    # What an alias and an observed module do differently.

    def settle(self) -> bool:
        """Bring what callers get up to date; tell whether it will stay as it is."""
        return not bootstrap.is_initializing_spec(self.spec)

    def is_submodule(self, name: str) -> bool:
        """Tell whether a from-import of a name means a submodule."""
        below = f"{self.legacy}.{name}"
        namespace = bootstrap.namespace_of(self.module) or {}
        if name in namespace:
            return self.is_module(namespace[name], below)
        package = self.spec is not None and self.spec.submodule_search_locations is not None
        return package and self.watch.locate(below) is not None

    def is_module(self, value: object, path: str) -> bool:
        """Return whether a value is the module of a path, which may be gone from sys.modules."""
        if value is None or value is look_up(sys.modules, path, None):
            return value is not None
        link = look_up(self.watch.links, path, None)
        if link is not None and link.module is value:
            return True
        plain = issubclass(type(value), ModuleType)
        return plain and look_up(bootstrap.namespace_of(value) or {}, "__name__", None) == path

    def has_submodule(self, name: str) -> bool:
        """Make sure that a submodule named in a from-import is seen from now on."""
        return f"{self.legacy}.{name}" in sys.modules

    def waits_unseen(self) -> bool:
        """Tell whether a thread that waits for the load may have read no watched ``__spec__``."""
        return False

    def owns(self, frame: "FrameType") -> bool:
        """Tell whether a frame runs code whose uses of this path don't count."""
        return self.rule.implementation and self.watch.is_canonical_code(self.rule, frame)

    # Reading __spec__.

    @bootstrap.as_import_system
    def read(self, frame: "FrameType") -> bootstrap.ModuleSpec | None:
        """Classify a read of ``__spec__`` from an instruction not seen before.

        Args:
            frame: the frame that reads.

        Returns:
            The spec to show to it.

        """
        if not self.watch.enabled or bootstrap.is_own_read(frame):
            return self.spec
        kind = self.classify(frame)
        return self.spec if kind is None else kind(self, frame)

    @bootstrap.as_import_system
    def classify(self, frame: "FrameType") -> type[ConfirmingSpec] | None:
        """Count an import; give the class of another spec to show, if one has to be shown."""
        loading = bootstrap.look_of(frame)
        if loading is not None:
            return self._read_by_call(loading, frame)
        if self.watch.leaves.is_of_load(self.legacy, frame, "read"):
            return None
        return self._classify_by_c(frame)

    @bootstrap.as_import_system
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
            return None
        return ConfirmingSpec

    def record_waiting(self, frame: "FrameType | None") -> None:
        """Count an import by C code that finds the module being executed, once for each."""
        if frame is None:
            self.record_importer(None)
        elif lazy_statement(frame, self.legacy) is not None:
            self.record_importer(frame)
        elif bytecode.from_import(frame) is not None:
            # The package lacks the name: C looks into sys.modules (import_from, Python/ceval.c).
            if self._is_missed_on_package(frame):
                self.record(Caller(frame, IMPORT_STATEMENT))
        elif not self.watch.leaves.is_parent_read(self.legacy, frame):
            self.record_importer(frame)
            self.watch.note_leaf(self.legacy, frame)

    def _is_missed_on_package(self, frame: "FrameType") -> bool:
        """Tell whether a from-import looks into ``sys.modules``, as its package lacks the name."""
        statement = bytecode.from_import(frame)
        package, _, name = self.legacy.rpartition(".")
        if statement is None or name not in (statement.names or ()):
            return False
        return statement.absolute(frame.f_globals) == package and self.watch.parents.watches(self)

    def _is_look(self, frame: "FrameType") -> bool:
        """Tell whether a frame looks at the spec and imports nothing."""
        if bytecode.from_import(frame) is not None:
            return True
        if not bytecode.loads_attribute(frame, "__spec__"):
            return False
        caller = self.watch.uses.ownership.asking(frame, self.legacy)
        if caller.mechanism == PROBE:
            self.watch.uses.probe(self.rule, self.legacy, caller)
        return True

    @bootstrap.as_import_system
    def confirm(self, frame: "FrameType") -> bool:
        """Count an import by C code; tell it whether to wait for the module.

        Args:
            frame: the innermost Python frame above the import.

        """
        try:
            settled = self._count_confirmed(frame)
        except BaseException as error:
            if not bootstrap.SWALLOWS_ERRORS:
                raise
            self.watch.locks.refuse(self, error)
            return True
        if not settled:
            self.watch.locks.note_seen(self, frame)
        return not settled

    def confirm_at_lock(self, frame: "FrameType") -> bool:
        """Count an import by C code that asks for the lock; tell whether it has to wait."""
        settled = self._count_confirmed(frame)
        if not settled:
            self.watch.locks.note_seen(self, frame)
        return not settled

    def _count_confirmed(self, frame: "FrameType") -> bool:
        caller = self.watch.guarded(self.legacy, self._importing, frame)
        if caller is None:
            return not bootstrap.is_initializing_spec(self.spec)
        settled = self.settle()
        self.watch.guarded(self.legacy, self._record_call, frame, caller)
        self.watch.note_leaf(self.legacy, frame)
        return settled

    def _importing(self, frame: "FrameType") -> Caller | None:
        """Give who imports this path by C code; None for its parents and for a look."""
        if bootstrap.is_import_system(frame) and bootstrap.from_list_import(frame) != self.legacy:
            return None
        caller = self.watch.uses.ownership.asking(frame, self.legacy)
        if caller.looks() or self.watch.leaves.is_parent_read(self.legacy, frame):
            return None
        return None if self.counts_later(frame) else caller

    def counts_later(self, frame: "FrameType | None") -> bool:
        """Tell whether a frame imports for a from-import, which is counted by what it fetches."""
        fetched = bootstrap.from_list_import(frame) is not None
        return fetched and self._is_fetched(frame.f_back)  # type: ignore[union-attr]

    def _is_fetched(self, importer: "FrameType | None") -> bool:
        if not bootstrap.is_from_list(importer) or not self.watch.parents.counts(self):
            return False
        caller = self.watch.uses.ownership.asking(importer, self.legacy)
        return not self.watch.uses.refuses(self.rule, self.legacy, caller)

    def _record_call(self, frame: "FrameType", caller: Caller) -> None:
        importer = statement_frame(frame, self.legacy)
        if importer is frame:
            self.record(caller)
        else:
            self.record_importer(importer)

    @bootstrap.as_import_system
    def _read_by_call(self, frame: "FrameType", reader: "FrameType") -> type[ConfirmingSpec] | None:
        calling = bootstrap.import_module_call(frame)
        if not self.settle():
            self.watch.locks.install(self)
            if self.watch.locks.passes(frame, waits=True):
                self.watch.guarded(self.legacy, self._record_waiting_call, frame)
            return WaitingSpec
        tally = self.watch.guarded(self.legacy, self._record_import, frame)
        if tally is None or calling is None or not can_be_remembered(tally):
            return None
        if self.watch.uses.ownership.is_own(calling):
            # For a framework the nearest own frame is further out, and not always the same.
            self._calls.remember(calling, (tally,))
            self.sites.remember_call(reader, map(self._count_call, repeat(None)))
        return None

    def _count_call(self, _: None) -> None:
        """Count a call of ``import_module`` for a module that is settled.

        The frames above are those of the read of ``__spec__``, ``_find_and_load`` (from 3.15 on
        with a function that it calls before), ``_gcd_import``, ``import_module`` and its caller.
        To ask for two of them by number is cheaper than to make all.
        """
        try:
            if bootstrap.is_import_module(getframe(_IMPORT_MODULE)):
                uses = self._calls.find(getframe(_IMPORT_MODULE + 1))
                if uses is not None:
                    next(uses)
                    return
        except Exception:  # noqa: BLE001, S110 - an audit hook refuses; or there are fewer frames
            pass  # then it is classified anew, or it is somebody else's look
        reader = bootstrap.frame_above(2)
        loading = bootstrap.look_of(reader)
        if loading is not None:
            self._read_by_call(loading, reader)

    def _record_waiting_call(self, loading: "FrameType") -> None:
        try:
            self._record_import(loading)
        except BaseException:
            self.watch.locks.fails(loading)  # and asks for no lock
            raise

    @bootstrap.as_import_system
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
            if not bootstrap.SWALLOWS_ERRORS:
                raise
            self.watch.locks.refuse(self, error)
            return WaitingSpec
        if not settled:
            self.watch.locks.note_seen(self, frame)
            return WaitingSpec
        if counted is not None and not bootstrap.is_initializing_spec(self.spec):
            self.sites.remember(frame, counted)
        return None

    def _count_statement(
        self, frame: "FrameType", statement: "ImportStatement"
    ) -> "Sequence[Tally] | None":
        if statement.absolute(frame.f_globals) != self.legacy or self.owns(frame):
            return ()  # on the way to a module below, or not counted: nothing to do
        return self.record_statement(frame, statement)

    def _count_lazily(self, lazy: "FrameType") -> None:
        """Count the import of a name that was bound lazily, which its use makes."""
        package, _, name = self.legacy.rpartition(".")
        statement = bytecode.import_statement(lazy)
        if statement is None or self.owns(lazy):
            return
        if statement.absolute(lazy.f_globals) == self.legacy:
            self.record_statement(lazy, statement)
        elif statement.name == package and statement.names == (name,):
            # The package lacks the name: C looks into sys.modules.
            self.record(Caller(lazy, IMPORT_STATEMENT))

    def _count_fetch(self, frame: "FrameType") -> "Sequence[Tally] | None":
        tally = self.record(Caller(frame, IMPORT_STATEMENT))
        return (tally,) if tally is not None and can_be_remembered(tally) else None

    # Recording.

    def record(self, caller: Caller) -> "Tally | None":
        """Count one use of this path itself."""
        if caller.frame is not None and self.owns(caller.frame):
            return None
        return self.watch.uses.record(self.rule, self.legacy, caller, in_place=self.in_place)

    def record_statement(
        self, frame: "FrameType", statement: "ImportStatement"
    ) -> "Sequence[Tally] | None":
        """Count one execution of an import statement, once for each rule that it reaches.

        ``from old import sub`` never reads the spec of a cached ``old.sub``, so a name that
        is a submodule is counted here, under its own path.

        Returns:
            The tallies that count the next execution of the same statement; None if each
            has to be looked at.

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
        """Look at every instruction anew."""
        for sites in (self.sites, self.fetches, self._calls):
            sites.forget()

    # Following the import system's own load of the module.

    def starting(self, spec: bootstrap.ModuleSpec) -> None:
        """Count the import that loads the module, unless it is counted elsewhere."""
        self.spec = spec
        self.watch.locks.install(self)
        self.watch.parents.attach(self)
        frame = bootstrap.frame_above(2)
        self.watch.guarded(self.legacy, self._record_start, frame)

    def _record_start(self, frame: "FrameType") -> None:
        loading = next(bootstrap.imports_in_progress(frame, self.legacy), None)
        if loading is None:
            self.record(self.watch.uses.ownership.asking(frame, self.legacy))
        else:
            self.record_load(loading)

    def record_load(self, loading: "FrameType") -> None:
        """Count an import that runs through ``_find_and_load`` and locks the module there."""
        if self.watch.locks.passes(loading, waits=False):
            self._record_import(loading)

    def _record_import(self, loading: "FrameType") -> "Tally | None":
        """Count an import, unless it is counted elsewhere.

        Not counted are the import of a package for the sake of its child, and the import
        of a submodule for a from-import: that one is counted when its name is fetched.

        Returns:
            The tally of an import call; None if nothing was counted, or a statement was.

        """
        if self.watch.locks.is_repeated(self, loading):
            return None
        importer = bootstrap.importer(loading, self.legacy)
        if bootstrap.is_for_child(importer, self.legacy) or self._is_fetched(importer):
            return None
        named = bootstrap.from_list_import(loading.f_back)
        if named is not None and named != self.legacy:
            return None  # the top package of a submodule that a from-import names
        by_c = importer if importer is loading.f_back else None
        if by_c is not None and self.watch.leaves.is_parent_read(self.legacy, by_c):
            return None  # C loads the top package anew, to give it
        tally = self.record_importer(importer)
        if importer is not None and loads_promised(importer, self.legacy):
            self.watch.leaves.note_promised(self.legacy, importer)
        if by_c is not None:
            self.watch.note_leaf(self.legacy, by_c)
        return tally

    def record_importer(self, importer: "FrameType | None") -> "Tally | None":
        """Count one use by the frame that an import belongs to."""
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

    def finished(self, spec: bootstrap.ModuleSpec) -> None:
        """Remember a load by C code, which may read the spec of this module's package next."""
        if self.legacy not in sys.modules or self.spec is not spec:
            return
        loading = next(bootstrap.imports_in_progress(bootstrap.frame_above(2), self.legacy), None)
        importer = loading.f_back if loading is not None else None
        if importer is not None and not bootstrap.is_import_system(importer):
            self.watch.note_leaf(self.legacy, importer)
