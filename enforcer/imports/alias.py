"""Stand in ``sys.modules`` for a legacy module, over the canonical module's namespace.

An alias is an instance of a plain class whose ``__dict__`` *is* the canonical module's: reads,
writes, ``vars()`` and ``import *`` need no forwarding. Each alias has a class of its own, for
its ``__spec__``, its renamed names and its children.

The import system writes on modules (``__spec__``, ``__path__``, children …). On an alias these
writes go nowhere: the namespace belongs to the canonical module.
"""

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from enforcer.imports.alias_link import AliasLink

_getframe = sys._getframe

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
    raise AttributeError("__module__")


def link_of(value: object) -> "AliasLink | None":
    """Give the link behind an alias, or None for anything else."""
    kind = type(value)
    return kind.__dict__.get("__enforcer_link__") if issubclass(kind, Alias) else None


def _spec_property(link: "AliasLink") -> property:
    counts = link.counts
    canonical = link.canonical
    modules = sys.modules

    def read_spec(_alias: object) -> object:
        frame = _getframe(1)
        count = counts.get(id(frame.f_code) + frame.f_lasti)
        if count is not None and modules.get(canonical) is link.settled:
            count()
            return link.spec
        return link.read(frame)

    return property(read_spec)


def _read_spec(link: "AliasLink", frame: "FrameType") -> object:
    count = link.counts.get(id(frame.f_code) + frame.f_lasti)
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


def _members(link: "AliasLink") -> "dict[str, object]":
    def set_attribute(alias: object, name: str, value: object) -> None:
        if name in _IMPORT_SYSTEM_NAMES:
            return
        child = link_of(value)
        if child is not None:
            # The canonical package has its own child; one with another target shows here only.
            if child.canonical != f"{link.canonical}.{name}":
                setattr(type(alias), name, property(lambda _alias: child.module))
        elif isinstance(type(alias).__dict__.get(name), property):
            object.__setattr__(alias, name, value)
        else:
            setattr(link.target(), name, value)

    def delete_attribute(alias: object, name: str) -> None:
        if name in _IMPORT_SYSTEM_NAMES:
            return
        if isinstance(type(alias).__dict__.get(name), property):
            object.__delattr__(alias, name)
        else:
            delattr(link.target(), name)

    members: dict[str, object] = {
        "__enforcer_link__": link,
        "__spec__": _spec_property(link),
        "__class__": property(lambda _alias: ModuleType),
        "__name__": property(lambda _alias: link.shown_name()),
        "__getattr__": lambda _alias, name: link.missing(name, _getframe(1)),
        "__setattr__": set_attribute,
        "__delattr__": delete_attribute,
        "__dir__": lambda _alias: link.names(),
        "__repr__": lambda _alias: f"<module {link.legacy!r}, an alias of {link.canonical!r}>",
        "__reduce_ex__": lambda _alias, _protocol: _reduce(link.canonical),
        "__doc__": None,
        "__module__": property(_lacks_module),
    }
    if link.renamed:
        members["__all__"] = property(lambda _alias: link.public_names())
    for legacy, canonical in link.renamed.items():
        members[legacy] = _renamed(link, canonical)
    return members


def make_alias(link: "AliasLink") -> Alias:
    """Make the alias of a legacy module; it is bound to no namespace yet."""
    alias: Alias = type("module", (Alias,), _members(link))()
    return alias


def forward(alias: Alias) -> None:
    """Make an alias look up everything on the canonical object itself.

    A canonical object that is more than a dictionary (a module with a class of its own, an
    object that is no module, lazy imports of 3.15) does not show all in its namespace.
    """
    plain = type(alias)
    link: AliasLink = plain.__dict__["__enforcer_link__"]
    own = dict(plain.__dict__)
    own.pop("__getattr__")

    def get_attribute(alias: object, name: str) -> object:
        if name == "__spec__":
            return _read_spec(link, _getframe(1))
        if name in own:
            return object.__getattribute__(alias, name)
        try:
            return getattr(link.target(), name)
        except AttributeError:
            return link.missing(name, _getframe(1))

    own["__getattribute__"] = get_attribute
    created = type("module", (Alias,), own)
    # The alias's own __class__ is a property that says ModuleType.
    object.__dict__["__class__"].__set__(alias, created)


def bind(alias: Alias, namespace: "dict[str, object]") -> None:
    """Let an alias show a namespace."""
    object.__setattr__(alias, "__dict__", namespace)


def _reduce(canonical: str) -> tuple[object, tuple[str]]:
    from importlib import import_module  # noqa: PLC0415 - only where a module is copied

    return import_module, (canonical,)
