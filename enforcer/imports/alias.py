"""Stand in ``sys.modules`` for a legacy module, over the canonical module's namespace.

An alias is an instance of a plain class whose ``__dict__`` *is* the canonical module's: reads,
writes, ``vars()`` and ``import *`` need no forwarding. Each alias has classes of its own, for
its ``__spec__``, its renamed names and its children, and takes one of three shapes:

- *asking*: a missing name is looked for elsewhere. Every alias begins so.
- *quick*: a missing name is missing. ``from old import X`` asks each module for ``__path__``,
  which most have not, and a ``__getattr__`` would make each such import pay for that.
- *forwarding*: every look-up goes to a canonical object that is more than a dictionary.

The import system writes on modules (``__spec__``, ``__path__``, children …). On an alias these
writes go nowhere: the namespace belongs to the canonical module.
"""

import sys
from types import ModuleType

from enforcer.imports.bootstrap import getframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from enforcer.imports.alias_link import AliasLink

# What _init_module_attrs and others set on a module that they load (Lib/importlib/_bootstrap.py).
_IMPORT_SYSTEM_NAMES = frozenset(
    {
        "__cached__",
        "__class__",
        "__dict__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
    }
)


class Alias:
    """Mark a class as standing for a legacy module."""


for _name in ("__firstlineno__", "__static_attributes__"):
    if _name in Alias.__dict__:
        delattr(Alias, _name)  # a module has none, and would show its class's


def _lacks_module(_alias: object) -> str:
    # A class's __module__ can't be deleted, and a module has none.
    name = "__module__"
    raise AttributeError(name)


def link_of(value: object) -> "AliasLink | None":
    """Give the link behind an alias, or None for anything else."""
    kind = type(value)
    return getattr(kind, "__enforcer_link__", None) if issubclass(kind, Alias) else None


def _spec_property(link: "AliasLink") -> property:
    first, others = link.sites.first, link.sites.others
    canonical = link.canonical
    modules = sys.modules

    def read_spec(_alias: object) -> object:
        frame = getframe(1)
        try:
            code, count = first[frame.f_lasti]
            if code is not frame.f_code:
                count = others[id(frame.f_code) + frame.f_lasti]
            if modules[canonical] is link.settled:
                count()
                return link.spec
        except KeyError:
            pass
        return link.read(frame)

    return property(read_spec)


def _read_spec(link: "AliasLink", frame: "FrameType") -> object:
    count = link.sites.find(frame)
    if count is not None and sys.modules.get(link.canonical) is link.settled:
        count()
        return link.spec
    return link.read(frame)


def _renamed(link: "AliasLink", name: str) -> property:
    return property(
        lambda _alias: getattr(link.target(), name),
        lambda _alias, value: setattr(link.target(), name, value),
        lambda _alias: delattr(link.target(), name),
    )


def _staying(link: "AliasLink", name: str) -> property:
    path = f"{link.legacy}.{name}"
    return property(
        lambda _alias: link.staying_child(name, getframe(1)),
        lambda _alias, value: sys.modules.__setitem__(path, value),
        lambda _alias: sys.modules.__delitem__(path),
    )


def _members(link: "AliasLink", shapes: "Shapes") -> "dict[str, object]":
    def set_attribute(alias: object, name: str, value: object) -> None:
        if name in _IMPORT_SYSTEM_NAMES:
            return
        child = link_of(value)
        if child is not None:
            # The canonical package has its own child; one with another target shows here only.
            if child.canonical != f"{link.canonical}.{name}":
                setattr(shapes.quick, name, property(lambda _alias: child.module))
        elif isinstance(shapes.quick.__dict__.get(name), property):
            object.__setattr__(alias, name, value)
        else:
            setattr(link.target(), name, value)

    def delete_attribute(alias: object, name: str) -> None:
        if name in _IMPORT_SYSTEM_NAMES:
            return
        if isinstance(shapes.quick.__dict__.get(name), property):
            object.__delattr__(alias, name)
        else:
            delattr(link.target(), name)

    members: dict[str, object] = {
        "__enforcer_link__": link,
        "__spec__": _spec_property(link),
        "__class__": property(lambda _alias: ModuleType),
        "__name__": property(lambda _alias: link.shown_name()),
        "__setattr__": set_attribute,
        "__delattr__": delete_attribute,
        "__dir__": lambda _alias: link.names(),
        "__repr__": lambda _alias: f"<module {link.legacy!r}, an alias of {link.canonical!r}>",
        "__reduce_ex__": lambda _alias, _protocol: _reduce(link.canonical),
        "__annotations__": property(lambda _alias: link.annotations()),
        "__doc__": None,
        "__module__": property(_lacks_module),
    }
    if link.renamed:
        members["__all__"] = property(lambda _alias: link.public_names())
    for legacy, canonical in link.renamed.items():
        members[legacy] = _renamed(link, canonical)
    for name in link.staying:
        members[name] = _staying(link, name)
    return members


def _forwarding(link: "AliasLink", quick: type) -> "dict[str, object]":
    own = vars(quick)

    def get_attribute(alias: object, name: str) -> object:
        if name == "__spec__":
            return _read_spec(link, getframe(1))
        if name in own:
            return object.__getattribute__(alias, name)
        try:
            return getattr(link.target(), name)
        except AttributeError:
            return link.missing(name, getframe(1))

    return {"__getattribute__": get_attribute, "__module__": property(_lacks_module)}


class Shapes:
    """Make an alias and the classes that it may have.

    Attributes:
        alias: the alias, bound to no namespace yet and asking.
        quick: the class of a quick alias; its properties are those of the others too.

    """

    __slots__ = ("_asking", "_forwarding", "alias", "quick")

    def __init__(self, link: "AliasLink") -> None:
        """Make the alias of a legacy module."""
        # Python names the class where an attribute is missing: let it say what moved where.
        name = f"{link.legacy} (now {link.canonical})"
        self.quick = type(name, (Alias,), _members(link, self))
        asking = {
            "__getattr__": lambda _alias, name: link.missing(name, getframe(1)),
            "__module__": property(_lacks_module),
        }
        self._asking = type("module", (self.quick,), asking)
        self._forwarding = type("module", (self.quick,), _forwarding(link, self.quick))
        self.alias: Alias = self._asking()

    def ask(self) -> None:
        """Look for missing names elsewhere."""
        self._take(self._asking)

    def quicken(self) -> None:
        """Let missing names be missing."""
        self._take(self.quick)

    def forward(self) -> None:
        """Look up everything on the canonical object itself.

        A module with a class of its own, an object that is no module and lazy imports of
        3.15 do not show in a namespace what they give.
        """
        self._take(self._forwarding)

    def _take(self, shape: type) -> None:
        # The alias's own __class__ is a property that says ModuleType.
        object.__dict__["__class__"].__set__(self.alias, shape)


def bind(alias: Alias, namespace: "dict[str, object]") -> None:
    """Let an alias show a namespace."""
    object.__setattr__(alias, "__dict__", namespace)


def _reduce(canonical: str) -> tuple[object, tuple[str]]:
    from importlib import import_module

    return import_module, (canonical,)
