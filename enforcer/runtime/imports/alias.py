"""Alias objects: what ``sys.modules`` has for a legacy module.

An alias is an instance of a plain class whose ``__dict__`` *is* the canonical module's: reads,
writes, ``vars()`` and ``import *`` need no forwarding. Its class is one of three, and changes
over time:

- *asking*: has a ``__getattr__`` that looks missing names up elsewhere. Every alias begins so.
- *quick*: has none, so a missing name is missing. ``from old import X`` reads ``__path__`` of
  each module, which most lack; a ``__getattr__`` would run at each such import.
- *forwarding*: forwards every look-up to a canonical object that is more than a dictionary.

These classes are shared. An alias with renamed names, or with children of its own, has a
subclass for itself.

The import system writes on modules (``__spec__``, ``__path__``, children …). An alias ignores
these writes, because the namespace belongs to the canonical module.
"""

import sys
from _thread import get_ident
from types import ModuleType

from enforcer.recording.counter import FREE_THREADED
from enforcer.rules.model import LEGACY_FALLBACK
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.class_change import change_class
from enforcer.runtime.imports.cpython import getframe
from enforcer.runtime.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from enforcer.runtime.imports.alias_link import AliasLink

# A module global is one look-up on the hot path, sys.modules two. The documentation of sys warns
# against replacing that dictionary.
_modules = sys.modules

# What _init_module_attrs (Lib/importlib/_bootstrap.py) and importlib.reload set on a module;
# LazyLoader sets __class__. Written through an alias they would change the canonical module.
_IMPORT_SYSTEM_NAMES = frozenset(
    {
        "__cached__",
        "__class__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
    }
)


def _lacks_module(_alias: object) -> str:
    # A class's __module__ shows through its instances and can't be deleted; a module has none.
    name = "__module__"
    raise AttributeError(name)


_NO_MODULE = property(_lacks_module)


class Alias:
    """Common behaviour of all aliases."""

    # Where "__dict__" is a slot of an ordinary class, any dictionary may be assigned to it; on a
    # ModuleType it is read-only. That one assignment makes both modules share a namespace. The
    # alias's own state can't be in that dictionary, so it is in a slot of its own.
    __slots__ = ("__dict__", "__enforcer_link__", "__weakref__")

    __module__ = _NO_MODULE
    __doc__ = None  # a module's own
    # isinstance(alias, ModuleType) reads __class__ after type(), so it is true.
    __class__ = property(lambda _alias: ModuleType)
    __name__ = property(lambda alias: _link(alias).shown_name())
    __annotations__ = property(lambda alias: _link(alias).annotations())

    @property
    @cpython.as_import_system
    def __spec__(self) -> object:
        """Return the spec to its reader, and count the import that reads it."""
        try:
            # CPython reads __spec__ on every import of a cached module, with the importing frame
            # right above: import_ensure_initialized in C (Python/import.c), _find_and_load in
            # Python, 3.11 to 3.15. sys._getframe raises an audit event, which a hook may refuse;
            # frame_beside needs none.
            frame = getframe(1)
        except Exception:  # noqa: BLE001 - an audit hook refuses
            frame = cpython.frame_beside(1)
        # What follows is the hot path: Sites.find and the check for a replaced canonical module,
        # written out, because a cached import pays for each further call in Python.
        link: AliasLink = self.__enforcer_link__  # type: ignore[attr-defined]
        sites = link.sites
        offset = frame.f_lasti
        try:
            if FREE_THREADED:
                sites = sites.of_thread[get_ident()]
            code, uses = sites.first[offset]
            if code is not frame.f_code:
                uses = sites.others[id(frame.f_code) + offset]
            is_settled = _modules[link.canonical] is link.settled
        except KeyError:
            is_settled = False
        if is_settled:
            next(uses)
            return link.spec
        try:
            return link.read(frame)
        except ImportError as error:
            raise cpython.trimmed(error)  # noqa: B904 - the same error

    def __setattr__(self, name: str, value: object) -> None:
        """Set a name of the canonical module; ignore what the import system sets."""
        if name in _IMPORT_SYSTEM_NAMES:
            return
        link = _link(self)
        child = link_of(value)
        if child is not None and name not in link.apart:
            # The canonical package has its own child. One with another target, or with such
            # modules below it, shows here only.
            if link.keeps(name, child.canonical):
                _own(self, {name: property(lambda _alias: child.module)})
        elif _is_own(self, name):
            object.__setattr__(self, name, value)
        else:
            setattr(link.target(), name, value)

    def __delattr__(self, name: str) -> None:
        if name in _IMPORT_SYSTEM_NAMES:
            return
        if _is_own(self, name):
            object.__delattr__(self, name)
        else:
            delattr(_link(self).target(), name)

    def __dir__(self) -> "list[str]":
        return _link(self).names()

    def __repr__(self) -> str:
        link = _link(self)
        return f"<module {link.legacy!r}, an alias of {link.canonical!r}>"

    def __reduce_ex__(self, _protocol: object) -> tuple[object, tuple[str]]:
        """Copy and pickle as the canonical module."""
        from importlib import import_module

        return import_module, (_link(self).canonical,)


class _Asking(Alias):
    __slots__ = ()
    __module__ = _NO_MODULE

    @cpython.as_import_system
    def __getattr__(self, name: str) -> object:
        try:
            return _link(self).missing(name, cpython.frame_above(1))
        except (AttributeError, ImportError) as error:
            raise cpython.trimmed(error)  # noqa: B904 - the same error


class _Forwarding(Alias):
    __slots__ = ()
    __module__ = _NO_MODULE

    @cpython.as_import_system
    def __getattribute__(self, name: str) -> object:
        link = _link(self)
        if name == "__spec__":
            return _read_spec(link, cpython.frame_above(1))
        if name in _NAMES or _is_own(self, name):
            return object.__getattribute__(self, name)
        try:
            return getattr(link.target(), name)
        except AttributeError as error:
            lacking = error
        try:
            return link.missing(name, cpython.frame_above(1), lacking)
        except (AttributeError, ImportError) as error:
            raise cpython.trimmed(error)  # noqa: B904 - the same error


class _Quick(Alias):
    __slots__ = ()
    __module__ = _NO_MODULE


# A plain class would show through an alias: its name in messages of AttributeError, and, from 3.13
# on, two attributes that the compiler adds to each class.
for _kind in (Alias, _Asking, _Forwarding, _Quick):
    type.__dict__["__name__"].__set__(_kind, "module")
    for _name in ("__firstlineno__", "__static_attributes__"):
        if _name in vars(_kind):
            delattr(_kind, _name)
_NAMES = frozenset(vars(Alias))


def _link(alias: Alias) -> "AliasLink":
    link: AliasLink = _LINK.__get__(alias)
    return link


# The slot's descriptor reads past __getattribute__ of a forwarding alias.
_LINK = vars(Alias)["__enforcer_link__"]


def link_of(value: object) -> "AliasLink | None":
    """Return the link behind an alias, or None for anything else."""
    return _link(value) if issubclass(type(value), Alias) else None  # type: ignore[arg-type]


def _read_spec(link: "AliasLink", frame: "FrameType") -> object:
    uses = link.sites.find(frame)
    if uses is not None and look_up(sys.modules, link.canonical, None) is link.settled:
        next(uses)
        return link.spec
    return link.read(frame)


def new_alias(link: "AliasLink") -> Alias:
    """Create an alias that is bound to no namespace yet, in the shape *asking*."""
    alias = _Asking()
    _LINK.__set__(alias, link)
    own: dict[str, property] = {}
    if link.renamed or link.made or link.rule.fallback == LEGACY_FALLBACK:
        own["__all__"] = property(lambda _alias: link.public_names(_asker(cpython.frame_above(1))))
    for legacy, canonical in link.renamed.items():
        own[legacy] = _renamed(link, canonical)
    for name in link.apart:
        own[name] = _apart(link, name)
    for name in link.made:
        own[name] = _made(link, name)
    if own:
        _own(alias, own)
    return alias


def _renamed(link: "AliasLink", name: str) -> property:
    return property(
        lambda _alias: getattr(link.target(), name),
        lambda _alias, value: setattr(link.target(), name, value),
        lambda _alias: delattr(link.target(), name),
    )


def _apart(link: "AliasLink", name: str) -> property:
    path = f"{link.legacy}.{name}"
    return property(
        lambda _alias: link.child_apart(name, _asker(cpython.frame_above(1))),
        lambda _alias, value: sys.modules.__setitem__(path, value),
        lambda _alias: sys.modules.__delitem__(path),
    )


def _made(link: "AliasLink", name: str) -> property:
    patched: dict[str, object] = {}

    @cpython.as_import_system
    def read(_alias: object) -> object:
        return patched[name] if patched else link.made_name(name)

    def delete(_alias: object) -> None:
        if not patched:
            raise AttributeError(name)
        patched.clear()

    return property(read, lambda _alias, value: patched.__setitem__(name, value), delete)


def _asker(frame: "FrameType") -> "FrameType":
    # A property of a forwarding alias is called by __getattribute__ in Python, whose frame is
    # between the property and its reader.
    forwarding = frame.f_code is _Forwarding.__getattribute__.__code__
    return frame.f_back or frame if forwarding else frame


def ask(alias: Alias) -> None:
    """Change an alias's shape to *asking*: missing names are looked up elsewhere."""
    _take(alias, _Asking)


def quicken(alias: Alias) -> None:
    """Change an alias's shape to *quick*: missing names are missing."""
    _take(alias, _Quick)


def forward(alias: Alias) -> None:
    """Change an alias's shape to *forwarding*: the canonical object is asked for everything.

    Needed for a module with a class of its own, an object that is no module, and lazy imports
    of 3.15: their namespace does not show what their attributes are.
    """
    _take(alias, _Forwarding)


def _take(alias: Alias, shape: type[Alias]) -> None:
    link = _link(alias)
    kind = shape
    # A message of AttributeError has the name of the class. Where the program has the alias
    # itself, the class is its own and its name shows both paths. Aliases from which only names
    # are imported share one class: a class for each would be most of their memory.
    if link.own_names or (link.is_held and shape is _Quick):
        kind = link.own_classes.get(shape) or _own_class(link, shape)
    if not issubclass(type(alias), shape):
        link.watch.uses.explain(link.legacy, _REASONS[shape])
    try:
        # Assigning __class__ raises an audit event (object.__setattr__), which a hook may refuse.
        change_class(alias, kind)
    except Exception:  # noqa: BLE001 - the shape stays as it was: slower, and as exact
        return


def _own_class(link: "AliasLink", shape: type[Alias]) -> type[Alias]:
    name = link.label() if link.is_held and shape is _Quick else "module"
    own = type(name, (shape,), {"__slots__": (), "__module__": _NO_MODULE, **link.own_names})
    return link.own_classes.setdefault(shape, own)


def _own(alias: Alias, names: "dict[str, property]") -> None:
    """Make an alias answer for some names itself."""
    link = _link(alias)
    link.own_names = {**link.own_names, **names}
    link.own_classes = {}
    _take(alias, next(kind for kind in type(alias).__mro__ if kind in _SHAPES))


def keep_apart(alias: Alias, name: str) -> None:
    """Make an alias show a child that the canonical package lacks."""
    _own(alias, {name: _apart(_link(alias), name)})


def _is_own(alias: Alias, name: str) -> bool:
    return name in _link(alias).own_names


# The shapes, with the reasons to take them.
_REASONS = {
    _Asking: "missing names are looked up elsewhere: not all names are in the namespace",
    _Quick: "missing names are missing: all names are in the canonical module's namespace",
    _Forwarding: "forwards to the canonical object: it is more than its namespace",
}
_SHAPES = tuple(_REASONS)


def bind(alias: Alias, namespace: "dict[str, object]") -> None:
    """Bind an alias to a namespace."""
    # Past Alias.__setattr__, which writes to the canonical module.
    object.__setattr__(alias, "__dict__", namespace)
