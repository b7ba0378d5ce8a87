"""Record fetches of legacy modules from their package.

``from a import old`` and ``a.old`` never touch a cached ``a.old``: they read an attribute of
``a``. The package gets a class of its own with a descriptor for each legacy child.
"""

import sys
from _thread import get_ident

from enforcer.recording.counter import FREE_THREADED
from enforcer.recording.use import PROBE
from enforcer.runtime.imports.cpython import (
    as_import_system,
    frame_beside,
    getframe,
    namespace_of,
    trimmed,
)
from enforcer.runtime.imports.fetches import fetch, fetching, times_listed
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.own_class import own_class, shield, watch_name
from enforcer.runtime.imports.uses import can_be_remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from enforcer.runtime.imports.owner import LegacyLink, Owner

_MISSING = object()
_STEP = "not counted: the fetch is a step of an import, which is decided by itself"
_modules = sys.modules  # one look-up less on the hot path


class LegacyChild(property):  # noqa: D101 - watches a package's attribute; see its __slots__
    # A subclass of property, whose getter C calls without a frame for __get__. Up to 3.12
    # property.__init__ of a subclass sets __doc__ on the instance, which needs a slot for it.
    __slots__ = ("__doc__", "_link", "_name", "_namespace")

    def __init__(self, link: "LegacyLink", name: str, namespace: "dict[str, object]") -> None:
        """Create the descriptor of one legacy module.

        Args:
            link: the legacy module's.
            name: its name in the package.
            namespace: the package's.

        """
        super().__init__(_reader(link, name, namespace))
        self._link = link
        self._name = name
        self._namespace = namespace

    def __set__(self, package: object, value: object) -> None:
        """Set the attribute as a module would, and keep ``sys.modules`` in step.

        The import system sets the alias here. That must not replace a public attribute of the
        package with the same name. An observed module replaces it, as it would without the
        enforcer.
        """
        link, name, namespace = self._link, self._name, self._namespace
        present = namespace.get(name, _MISSING)
        standing = _modules.get(link.legacy)
        restoring = value is link.module
        taken = present is not _MISSING and not hasattr(present, "__spec__")
        if restoring and taken and standing is not present and not link.in_place:
            return
        if standing is present:
            _modules[link.legacy] = value  # type: ignore[assignment]
        namespace[name] = value
        shield(type(package))

    def __delete__(self, _package: object) -> None:
        if self._name not in self._namespace:
            raise AttributeError(self._name)
        del self._namespace[self._name]


def _reader(
    link: "LegacyLink", name: str, namespace: "dict[str, object]"
) -> "Callable[[object], object]":
    sites = link.fetches

    @as_import_system
    def read(_package: object) -> object:
        try:
            value = namespace[name]
        except KeyError:
            raise AttributeError(name) from None
        # The hot path is written out, as in Alias.__spec__; _getframe(1) is the frame that reads
        # the attribute, because C calls this function for the property.
        if value is link.module:
            try:
                frame = getframe(1)
            except Exception:  # noqa: BLE001 - an audit hook refuses
                frame = frame_beside(1)
            offset = frame.f_lasti
            try:
                cache = sites.of_thread[get_ident()] if FREE_THREADED else sites
                code, uses = cache.first[offset]
                if code is not frame.f_code:
                    uses = cache.others[id(frame.f_code) + offset]
                if _modules[link.canonical] is link.settled:
                    next(uses)
                    return value
            except KeyError:
                pass
            if link.watch.enabled:
                try:
                    _look(link, fetching(frame), name, namespace)
                except ImportError as error:
                    raise trimmed(error)  # noqa: B904 - the same error
        return value

    return read


@as_import_system
def _look(
    link: "LegacyLink", frame: "FrameType", name: str, namespace: "dict[str, object]"
) -> None:
    """Record a fetch by an instruction that was not seen before."""
    watch = link.watch
    if watch.leaves.is_of_load(link.legacy, frame, "fetch"):
        return
    package = link.legacy.rpartition(".")[0]
    exported, ownership = namespace.get("__all__"), watch.uses.ownership
    caller = watch.guarded(link.legacy, fetch, frame, package, name, exported, ownership)
    if caller is None:
        watch.uses.explain(link.legacy, _STEP, frame)
        if link.settled is not None and look_up(sys.modules, link.canonical, None) is link.settled:
            link.fetches.remember(frame, ())
    elif caller.mechanism == PROBE:
        watch.guarded(link.legacy, watch.uses.probe, link.rule, link.legacy, caller)
    else:
        times = times_listed(caller, name, exported)
        if times > 1 and watch.stars.is_repeated(frame, link.legacy, times):
            return
        settled = link.settle()
        tally = watch.guarded(link.legacy, link.record, caller)
        lasting = settled and times == 1 and caller.frame is frame
        if lasting and tally is not None and can_be_remembered(tally):
            link.fetches.remember(frame, (tally,))


class Parents:
    """Puts the descriptors on packages."""

    __slots__ = ("_watch",)

    def __init__(self, watch: "Owner") -> None:
        self._watch = watch

    def attach(self, link: "LegacyLink") -> None:
        """Watch a legacy module's attribute on its package, unless another part does.

        A package that is itself legacy is not changed: its link sees which names a from-import
        fetches.
        """
        parent, _, name = link.legacy.rpartition(".")
        package = sys.modules.get(parent)
        if package is None or self._watch.is_linked(parent, package):
            return
        created = own_class(package)
        namespace = namespace_of(package)
        if created is None or namespace is None:
            self._watch.notice(
                "blind",
                link.legacy,
                f'"{parent}" can\'t be watched: "from {parent} import {name}" is only seen '
                "when it loads the module.",
            )
        elif not isinstance(created.__dict__.get(name), LegacyChild):
            self._watch.uses.explain(
                link.legacy, f'its attribute on "{parent}" is watched by a class of that package'
            )
            watch_name(created, name, LegacyChild(link, name, namespace), namespace)

    def attach_children(self, package: str) -> None:
        """Watch the legacy modules of a package whose body was just executed.

        It may have imported them, and have given itself another class or another module.
        """
        for link in list(self._watch.links.values()):
            if link.legacy.rpartition(".")[0] == package and link.legacy in sys.modules:
                self.attach(link)

    def counts(self, link: "LegacyLink") -> bool:
        """Return whether a from-import of a legacy module is recorded at its package."""
        parent = link.legacy.rpartition(".")[0]
        package = sys.modules.get(parent)
        if package is None:
            return False
        return self._watch.is_linked(parent, package) or self.watches(link)

    def watches(self, link: "LegacyLink") -> bool:
        """Return whether a legacy module's attribute on its package is watched."""
        parent, _, name = link.legacy.rpartition(".")
        return isinstance(vars(type(sys.modules.get(parent))).get(name), LegacyChild)
