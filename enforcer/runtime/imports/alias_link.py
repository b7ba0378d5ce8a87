"""Bind an alias to its canonical module, and rebind it when that module changes.

The canonical module may be executing in another thread, be replaced in ``sys.modules``, import
the legacy path itself, or lack a name that callers ask for.
"""

import sys
from _functools import partial
from types import ModuleType

from enforcer.rules.model import LEGACY_FALLBACK, TREE
from enforcer.rules.stages import STRICT
from enforcer.runtime.imports import alias as aliases
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.callers import module_name
from enforcer.runtime.imports.link import Link
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.own_class import original_class
from enforcer.runtime.imports.similar_names import nearest_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import Rule
    from enforcer.runtime.imports.bytecode import ImportStatement
    from enforcer.runtime.imports.callers import Caller
    from enforcer.runtime.imports.owner import Owner


class AliasLink(Link):
    """The link of a legacy path whose rule aliases it.

    Attributes:
        own_names: the names that the alias answers itself, whatever the canonical module has.
        own_classes: shape → the alias's own class of that shape.
        renamed: legacy name → canonical name.
        is_held: whether the program got the alias itself, not only names from it.
        apart: the names of children that differ from those of the canonical package.
        made: name of a legacy factory → function that makes it.

    """

    __slots__ = (
        "_asked",
        "_bound",
        "_legacy_code",
        "apart",
        "is_held",
        "made",
        "own_classes",
        "own_names",
        "renamed",
    )

    def __init__(self, watch: "Owner", rule: "Rule", legacy: str) -> None:
        super().__init__(watch, rule, legacy)
        self.in_place = False
        self.canonical = rule.canonical_of(legacy)
        self.is_held = False
        self.renamed = rule.names if legacy == rule.module else {}
        self.apart = watch.apart(legacy)
        self.made = watch.delegation.names_of(legacy) if watch.delegation is not None else {}
        self._bound: object = None
        self._asked: tuple[str, ...] = ()  # no set: to look at one locks it
        self._legacy_code: ModuleType | None = None
        self.own_names: dict[str, property] = {}
        self.own_classes: dict[type[aliases.Alias], type[aliases.Alias]] = {}
        self.module: aliases.Alias = aliases.new_alias(self)

    # Binding.

    @cpython.as_import_system
    def settle(self) -> bool:
        """Import, await and bind the canonical module as the import system would."""
        module = look_up(sys.modules, self.canonical, None)
        if module is None:
            cpython.import_module(self.canonical)
            module = look_up(sys.modules, self.canonical, None)
        # The built-in __import__ waits for a module that another thread executes, by the module's
        # own lock, and detects deadlocks there. A lock of the enforcer could complete a circle of
        # waiting threads that CPython does not see.
        if cpython.is_initializing(module):
            cpython.import_by_c(self.canonical)
            module = look_up(sys.modules, self.canonical, None)
        self._bind(module)
        if cpython.is_initializing(module) or cpython.is_initializing_spec(self.spec):
            return False
        self.settled = module
        self._take_shape(module)
        # If the load that was awaited failed, the import system removed this alias from
        # sys.modules.
        standing: object = sys.modules.get(self.legacy)
        return module is not None and standing is self.module

    def _bind(self, module: object) -> None:
        if module is None or module is self._bound or self.in_place:
            return
        self._bound = module
        namespace = cpython.namespace_of(module)
        if namespace is not None:
            aliases.bind(self.module, namespace)
        self._take_shape(module)

    def loosen(self) -> None:
        """Unbind the alias before a canonical module that is gone is loaded again."""
        if self._bound is not None and self.canonical not in sys.modules and not self.in_place:
            self._bound = self.settled = None
            aliases.ask(self.module)
            aliases.bind(self.module, {})

    def _take_shape(self, module: object) -> None:
        """Choose the alias's shape (see ``alias``)."""
        if self.in_place:
            return
        namespace = cpython.namespace_of(module)
        if (
            namespace is None
            or original_class(module) is not ModuleType
            or cpython.has_lazy_imports(namespace)
        ):
            aliases.forward(self.module)
        elif module is self.settled and self._has_all(namespace):
            aliases.quicken(self.module)
        else:
            aliases.ask(self.module)

    def _has_all(self, namespace: "dict[str, object]") -> bool:
        """Return whether a name that the namespace lacks can be found nowhere else."""
        return (
            all(name in namespace for name in self._asked)
            and not self.apart
            and self.rule.fallback != LEGACY_FALLBACK
            and "__path__" not in namespace
            and "__getattr__" not in namespace
        )

    @cpython.as_import_system
    def target(self) -> object:
        """Return the object that answers for the legacy module; import it if necessary."""
        if self.in_place:
            return self._legacy_code
        module = look_up(sys.modules, self.canonical, None)
        if module is None:
            cpython.import_module(self.canonical)
            module = sys.modules[self.canonical]
        self._bind(module)
        return module

    def shown_name(self) -> str:
        """Return the canonical module's name; while the alias loads, the legacy one.

        Post-import hooks (wrapt and tools built on it) look a module up by its name when it was
        loaded, and they were registered for the legacy name.
        """
        if self._bound is None or cpython.is_initializing_spec(self.spec):
            return self.legacy
        return str(
            getattr(self._legacy_code if self.in_place else self._bound, "__name__", self.canonical)
        )

    def annotations(self) -> object:
        """Return the canonical module's annotations; a module creates them on demand."""
        answering = self._legacy_code if self.in_place else self._bound
        return getattr(answering, "__annotations__", {})

    def names(self) -> list[str]:
        """Return the names of the canonical module and the renamed ones; import nothing."""
        module = self._legacy_code if self.in_place else look_up(sys.modules, self.canonical, None)
        return [] if module is None else sorted({*dir(module), *self.renamed, *self.made})

    def public_names(self, frame: "FrameType") -> list[str]:
        """Return the names that ``from legacy import *`` binds; renamed ones under both names.

        With a fallback they include the legacy code's own names, and that code has to run to know
        them. Only a star import runs it: code that merely reads ``__all__``, such as a walk over
        all modules, runs nothing.

        Args:
            frame: the frame that asks.

        Raises:
            AttributeError: if the names are those that a module without ``__all__`` exports anyway.

        """
        target = self.target()
        public = _public(target)
        renamed = (old for old, new in self.renamed.items() if hasattr(target, new))
        added = dict.fromkeys((*renamed, *self.made))
        fetched = bytecode.from_import(frame)
        is_star = fetched is not None and fetched.names == ("*",)
        if is_star and self.rule.fallback == LEGACY_FALLBACK and self.watch.enabled:
            code = self._executed_legacy_code()
            added.update(dict.fromkeys(_public(code) if code is not None else ()))
        if not added and not hasattr(target, "__all__"):
            name = "__all__"
            raise AttributeError(name)
        return [*public, *(name for name in added if name not in public)]

    def owns(self, frame: "FrameType") -> bool:
        """Return whether the canonical module imports the implementation that it is built on."""
        if not self.watch.is_canonical_code(self.rule, frame):
            return False
        if self.in_place:
            return True
        # In a tree only the module that moved, not other modules of the new package.
        itself = self.rule.kind != TREE or module_name(frame) == self.canonical
        strict = self.rule.stage == STRICT
        return itself and strict and self.watch.locate_legacy(self.legacy) is not None

    # Submodules.

    def is_submodule(self, name: str) -> bool:
        """Return whether a name in a from-import is a submodule of the canonical package."""
        if self.in_place:
            return super().is_submodule(name)
        below = self._canonical_below(name)
        namespace = cpython.namespace_of(self._bound) or {}
        if namespace:
            package = "__path__" in namespace
        else:
            package = self.spec is not None and self.spec.submodule_search_locations is not None
        if name in self.apart:
            path = f"{self.legacy}.{name}"
            find = self.watch.locate_legacy if below == path else self.watch.locate
            return package and find(below) is not None
        if name in namespace:
            return self.is_module(namespace[name], below)
        if not package:
            return False
        return self.watch.locate(below) is not None or self._leave_unmoved(name)

    def _leave_unmoved(self, name: str) -> bool:
        """Observe a submodule that only the legacy package has; return whether there is one."""
        path = f"{self.legacy}.{name}"
        is_bound = self._bound is not None
        if is_bound and _has_own_words(self._bound):
            self.watch.unmoved.pop(path, None)
            return False  # the canonical package computes such names itself (PEP 562)
        if self.watch.locate_legacy(path) is None:
            return False
        self.watch.leave_unmoved(self.rule, path, self.rule.canonical_of(path))
        if is_bound:
            self.keep_apart(name)
        return True

    def keep_apart(self, name: str) -> None:
        """Show a child that the canonical package lacks on this alias alone."""
        if name not in self.apart:
            self.apart = frozenset((*self.apart, name))
            aliases.keep_apart(self.module, name)

    def _canonical_below(self, name: str) -> str:
        below = f"{self.legacy}.{name}"
        rule = self.watch.match(below)
        if rule is not None and not rule.aliases():
            return below
        return (rule or self.rule).canonical_of(below)

    def has_submodule(self, name: str) -> bool:
        """Bind the alias of a submodule as soon as its canonical module is loaded."""
        if self.in_place or name in self.apart:
            return super().has_submodule(name)
        return self._alias_submodule(name) is not None and super().has_submodule(name)

    @cpython.as_import_system
    def child_apart(self, name: str, frame: "FrameType") -> object:
        """Return a child that the canonical package lacks; a from-import loads it."""
        path = f"{self.legacy}.{name}"
        # Read from the dictionary: module.__spec__ would run the counting property.
        module = sys.modules.get(path)
        namespace = cpython.namespace_of(module) or {}
        link = aliases.link_of(module)
        spec = namespace.get("__spec__") if link is None else link.spec
        loading = cpython.is_initializing_spec(spec)
        fetched = bytecode.from_import(frame)
        if cpython.is_from_list(frame):
            if loading or not namespace:
                self._import_child(path, name)
        elif cpython.is_pending(path):
            if loading or not namespace:
                cpython.import_module(path)
        elif loading and fetched is None:
            raise AttributeError(name)  # a package has a module once that was executed
        try:
            return sys.modules[path]
        except KeyError:
            public = cpython.namespace_of(self._bound) or {}
            if fetched is not None and fetched.names == ("*",) and name in public:
                return public[name]  # a star goes by the namespace, and must not fail
            raise AttributeError(name) from None

    @cpython.as_import_system
    def _import_child(self, path: str, name: str) -> None:
        """Import a submodule for ``_handle_fromlist``, which asks by ``hasattr()``."""
        try:
            cpython.import_module(path)
        except AttributeError as error:
            # hasattr() would take an AttributeError of the submodule's body for "no such name", and
            # _handle_fromlist would import the submodule again: its body would run twice.
            self.watch.locks.fail_once(f"{self.shown_name()}.{name}", error)
            raise

    def _alias_submodule(self, name: str) -> object:
        canonical = self._canonical_below(name)
        module = sys.modules.get(canonical)
        if module is not None:
            self.watch.answers.stand_in(f"{self.legacy}.{name}")
            below = sys.modules.get(f"{self.legacy}.{name}")
            if below is not None and self.keeps(name, canonical):
                setattr(self.module, name, below)
        return module

    def keeps(self, name: str, canonical: str) -> bool:
        """Return whether the alias itself has to show a child, not the canonical package.

        Args:
            name: the child's name.
            canonical: the path of the child's canonical module.

        """
        elsewhere = canonical != f"{self.canonical}.{name}"
        return elsewhere or f"{self.legacy}.{name}" in self.watch.branches

    # Names that the namespace does not have.

    @cpython.as_import_system
    def missing(self, name: str, frame: "FrameType", error: AttributeError | None = None) -> object:
        """Look up a name that is not in the alias's namespace.

        Args:
            name: the name asked for.
            frame: the frame that asks.
            error: the error of the canonical module, if it was asked already.

        Raises:
            AttributeError: if the name is nowhere.
            ImportError: the same, if a from-import asks.

        """
        module: object = look_up(sys.modules, self.canonical, None)
        if self.in_place:
            return getattr(self._legacy_code, name)
        if name in self.apart:
            if bytecode.from_import(frame) is not None:
                raise self._cannot_import(name, self._bound)
            message = f"module {self.legacy!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self.module)
        if module is None and self._may_import(name, frame):
            module = self.target()
        if module is None:
            return self._unbound(name)
        if module is not self._bound:
            self._bind(module)
            error = None
        try:
            if error is None:
                return getattr(module, name)
        except AttributeError as raised:
            error = raised
        if not self.watch.enabled or _is_dunder(name):
            raise error
        return self._lacking(name, frame, module, error)

    def _may_import(self, name: str, frame: "FrameType") -> bool:
        if _is_dunder(name) or not self.watch.enabled:
            return False
        return not bytecode.calls(frame) or name in frame.f_code.co_consts

    def _unbound(self, name: str) -> object:
        spec = self.watch.locate(self.canonical) if name == "__path__" else None
        if spec is None or spec.submodule_search_locations is None:
            message = f"module {self.legacy!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self.module)
        return spec.submodule_search_locations

    @cpython.as_import_system
    def _lacking(
        self, name: str, frame: "FrameType", module: object, error: AttributeError
    ) -> object:
        # _handle_fromlist asks hasattr(package, name) before it imports "package.name". __name__ of
        # the alias is the canonical one, so it would import the canonical submodule, and no finder
        # would see the legacy one (3.11 to 3.15).
        is_asked = cpython.is_from_list(frame) or cpython.is_pending(f"{self.legacy}.{name}")
        if is_asked and self.is_submodule(name):
            return self._load_submodule(name, frame)
        if self._is_implementation(frame, module):
            self._answer_in_place()
            return getattr(self._legacy_code, name)
        if self.rule.fallback == LEGACY_FALLBACK:
            return self._fall_back(name, module)
        fetched = bytecode.from_import(frame)
        below = f"{getattr(module, '__name__', self.canonical)}.{name}"
        standing = aliases.link_of(sys.modules.get(f"{self.legacy}.{name}"))
        if standing is not None and fetched is not None and self.keeps(name, standing.canonical):
            # import_from (Python/ceval.c) falls back on sys.modules[f"{package.__name__}.{name}"],
            # and this package's __name__ is the canonical one.
            return standing.module
        has_own_words = _has_own_words(module)
        if fetched is None or below in sys.modules:
            if has_own_words:
                raise error
            message = f"module {self.legacy!r} (now {self.canonical!r}) has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self.module)
        raise self._cannot_import(name, module) from (error if has_own_words else None)

    @cpython.as_import_system
    def _load_submodule(self, name: str, frame: "FrameType") -> object:
        if name in self.apart:
            return self.child_apart(name, frame)
        if cpython.is_from_list(frame):
            self._import_child(self._canonical_below(name), name)
        else:
            cpython.import_module(f"{self.legacy}.{name}")
        return self._alias_submodule(name)

    def _cannot_import(self, name: str, module: object) -> ImportError:
        file = getattr(module, "__file__", None)
        near = nearest_names(name, self.names())
        hint = f". Nearest there: {', '.join(near)}" if near else ""
        if cpython.is_initializing(module):
            hint = ". It is only partially initialized, most likely due to a circular import"
        message = (
            f"cannot import name {name!r} from {self.legacy!r}, which is now "
            f"{self.canonical!r} ({file or 'unknown location'}){hint}"
        )
        return ImportError(message, name=self.legacy, path=file)

    # The legacy module's own code, where the implementation or a name still lives there.

    def _is_implementation(self, frame: "FrameType", module: object) -> bool:
        asking = frame.f_globals is cpython.namespace_of(module)
        return asking and self.watch.locate_legacy(self.legacy) is not None

    @cpython.as_import_system
    def _answer_in_place(self) -> None:
        """Switch to the legacy module's own code: the canonical module imports from it."""
        self.watch.notice(
            "implementation",
            self.legacy,
            f'"{self.canonical}" imports its implementation from "{self.legacy}", which is '
            "therefore observed in place. Write implementation = true in its rule.",
        )
        self._load_legacy_code(bind=True)

    @cpython.as_import_system
    def made_name(self, name: str) -> object:
        """Return a legacy factory: that of the legacy module's own code, if that code runs."""
        code = self._legacy_code
        if code is not None or self.rule.fallback == LEGACY_FALLBACK:
            code = self._executed_legacy_code()
        found = getattr(code, name, None)
        return self.made[name]() if found is None else found

    @cpython.as_import_system
    def _fall_back(self, name: str, module: object) -> object:
        code = self._executed_legacy_code()
        if code is None or not hasattr(code, name):
            message = f"neither {self.canonical!r} nor {self.legacy!r} has a name {name!r}"
            raise AttributeError(message, name=name, obj=module)
        self.watch.notice(
            "fallback",
            f"{self.legacy}:{name}",
            f'"{self.canonical}" has no "{name}"; it is served by the code of "{self.legacy}".',
        )
        return getattr(code, name)

    @cpython.as_import_system
    def _executed_legacy_code(self) -> ModuleType | None:
        """Return the legacy module's own code, after another thread that executes it."""
        code = self._legacy_code
        if code is None or cpython.is_initializing(code):
            code = self._load_legacy_code(bind=False)
        return code

    @cpython.as_import_system
    def _load_legacy_code(self, *, bind: bool) -> ModuleType | None:
        spec = self.watch.locate_legacy(self.legacy)
        if spec is None or spec.loader is None:
            return None
        # The lock under which the import system would load this module, so that the deadlock
        # detection of importlib._bootstrap._ModuleLock sees this wait too.
        lock = cpython.module_lock(self.legacy)
        try:
            lock.acquire()
        except RuntimeError:
            if self._legacy_code is None:
                raise
            # _DeadlockError: threads wait for each other in a circle. As in an import, the
            # partially executed code is used.
            return self._legacy_code
        try:
            if self._legacy_code is not None:
                return self._legacy_code
            code: ModuleType = cpython.module_from_spec(spec)
            self._execute(code, spec, bind=bind)
        finally:
            lock.release()
        self.watch.own_code_loaded(self.legacy, code)
        return code

    @cpython.as_import_system
    def _execute(self, code: ModuleType, spec: cpython.ModuleSpec, *, bind: bool) -> None:
        # Other threads that import the legacy path wait while this is set, as for any load.
        spec._initializing = True  # type: ignore[attr-defined]  # noqa: SLF001 - as _load_unlocked
        self._legacy_code = code
        if bind:
            self.in_place = True
            self.settled = None
            aliases.bind(self.module, vars(code))
        try:
            spec.loader.exec_module(code)  # type: ignore[union-attr]
        except BaseException:
            self._legacy_code = None
            self.in_place = False
            self._bound = None
            raise
        finally:
            spec._initializing = False  # type: ignore[attr-defined]  # noqa: SLF001

    # What people hold of it.

    def label(self) -> str:
        """Return both paths, for messages."""
        return f"{self.legacy} (now {self.canonical})"

    def hold(self) -> None:
        """Name both paths in messages from now on: the program gets the alias itself."""
        if not self.is_held:
            self.is_held = True
            self.own_classes = {}
            if self._bound is not None:
                self._take_shape(self._bound)

    def record(self, caller: "Caller") -> "Tally | None":
        """Record one use of this path itself, which gives the program the alias."""
        self.hold()
        return super().record(caller)

    # Following the load of the alias.

    def finished(self, spec: cpython.ModuleSpec) -> None:
        """Bind the alias now that the canonical module was executed."""
        module = look_up(sys.modules, self.canonical, None)
        if module is not None and self.spec is spec:
            self._bind(module)
            self._take_shape(module)
        super().finished(spec)

    def record_statement(
        self, frame: "FrameType", statement: "ImportStatement"
    ) -> "Sequence[Tally] | None":
        """Record a statement; bind first, because only a bound package knows its submodules."""
        if statement.names is None:
            self.hold()
        self._bind(look_up(sys.modules, self.canonical, None))
        namespace = cpython.namespace_of(self._bound) or {}
        asked = {self.renamed.get(name, name) for name in statement.names or ()} - {"*"}
        if not asked.issubset({*namespace, *self.made} if self.made else namespace):
            # A quick alias would raise a plain AttributeError for a name that is missing. The
            # alias goes back to *asking*, whose ImportError names both paths and near names.
            self._asked = (*{*self._asked, *asked},)
            if self._bound is not None:
                self._take_shape(self._bound)
        return super().record_statement(frame, statement)


def _public(module: object) -> "list[str]":
    """Return the names that ``from module import *`` binds."""
    public = getattr(module, "__all__", None)
    if public is None:
        return [name for name in dir(module) if not name.startswith("_")]
    return list(public)


def _has_own_words(module: object) -> bool:
    """Return whether a module answers for missing names itself (PEP 562, or a class)."""
    namespace = cpython.namespace_of(module) or {}
    return original_class(module) is not ModuleType or "__getattr__" in namespace


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def importing(canonical: str) -> "Callable[[object], object]":
    """Return an ``exec_module`` that imports the canonical module.

    It is a partial of a C function, so it leaves no frame below the canonical module's body.
    """
    load: Callable[[object], object] = partial(cpython.import_by_c, canonical)
    return load
