"""See legacy modules that are reached through their package.

``from a import old`` and ``a.old`` never touch a cached ``a.old``: they read an attribute of
``a``. The package gets a class of its own with a descriptor for each legacy child.
"""

import sys

from enforcer.imports.bootstrap import namespace_of
from enforcer.imports.fetches import fetch
from enforcer.imports.own_class import own_class, watch_name
from enforcer.imports.uses import can_be_remembered
from enforcer.recording.use import PROBE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from enforcer.imports.link import Link
    from enforcer.imports.watch import Watch

_getframe = sys._getframe
_MISSING = object()


class LegacyChild:
    """Watch the attribute of a package that holds a legacy module."""

    __slots__ = ("link", "name", "namespace")

    def __init__(self, link: "Link", name: str, namespace: "dict[str, object]") -> None:
        """Watch one name in one package's namespace for one link."""
        self.link = link
        self.name = name
        self.namespace = namespace

    def __get__(self, package: "ModuleType | None", owner: type | None = None) -> object:
        """Give what the package holds, and count it if it is the legacy module."""
        if package is None:
            return self
        try:
            value = self.namespace[self.name]
        except KeyError:
            raise AttributeError(self.name) from None
        link = self.link
        if value is link.module:
            frame = _getframe(1)
            count = link.counts.get(id(frame.f_code) + frame.f_lasti)
            if count is not None and sys.modules.get(link.canonical) is link.settled:
                count()
            else:
                self._look(frame)
        return value

    def _look(self, frame: "FrameType") -> None:
        link = self.link
        if not link.watch.enabled:
            return
        caller = fetch(frame, self.name, self.namespace.get("__all__"))
        if caller is None or link.owns(frame):
            return
        if caller.mechanism == PROBE:
            link.watch.uses.probe(link.rule, link.legacy, caller)
            return
        settled = link.settle()
        tally = link.record(caller)
        if settled and tally is not None and can_be_remembered(tally):
            link.remember(frame, tally.count)

    def __set__(self, package: "ModuleType", value: object) -> None:
        """Set the attribute as a module would, and keep ``sys.modules`` in step.

        The import system sets the alias here; it must not hide a public attribute of the
        package that has the same name.
        """
        present = self.namespace.get(self.name, _MISSING)
        restoring = value is self.link.module
        standing = sys.modules.get(self.link.legacy)
        if restoring and present is not _MISSING and not hasattr(present, "__spec__"):
            if standing is not present:
                return
        if standing is present or (standing is self.link.module and not restoring):
            sys.modules[self.link.legacy] = value  # type: ignore[assignment]
        self.namespace[self.name] = value

    def __delete__(self, package: "ModuleType") -> None:
        """Delete the attribute as a module would."""
        try:
            del self.namespace[self.name]
        except KeyError:
            raise AttributeError(self.name) from None


class Parents:
    """Put the descriptors on packages."""

    __slots__ = ("_watch",)

    def __init__(self, watch: "Watch") -> None:
        """Serve one watch."""
        self._watch = watch

    def attach(self, link: "Link") -> None:
        """Watch a legacy module's attribute on its package, if nothing else does.

        A package that is itself legacy is left alone: its own link sees which names a
        from-import asks for.
        """
        parent, _, name = link.legacy.rpartition(".")
        package = sys.modules.get(parent)
        if package is None or self._watch.is_linked(parent, package):
            return
        created = own_class(package)
        if created is None:
            self._watch.notice(
                "blind",
                link.legacy,
                f'"{parent}" can\'t be watched: "from {parent} import {name}" is only seen '
                "when it loads the module.",
            )
        elif not isinstance(created.__dict__.get(name), LegacyChild):
            watch_name(created, name, LegacyChild(link, name, namespace_of(package)))

    def counts(self, link: "Link") -> bool:
        """Tell whether a from-import of a legacy module is seen on its package."""
        parent, _, name = link.legacy.rpartition(".")
        package = sys.modules.get(parent)
        if package is None:
            return False
        if self._watch.is_linked(parent, package):
            return True
        return isinstance(type(package).__dict__.get(name), LegacyChild)
