"""Keep one instance of a class for each key, whatever code calls the class.

The class keeps its identity and its metaclass. (A metaclass whose ``__call__`` looks instances up
would be faster. But CPython does not allow ``cls.__class__`` to be changed if it is ``type``, which
is immutable, and subclasses could then have no base class with another metaclass, such as ``ABC``.)
Instead the class gets a ``__new__`` that returns the existing instance. Python calls ``__init__``
next, which is replaced too: it does nothing for instances that are kept.

``copy`` and ``pickle`` call ``__new__`` without arguments: they get a new instance.
"""

from types import FunctionType

from enforcer.errors import InstanceError
from enforcer.runtime.delegation.keys import ABSENT, MISSING, Key
from enforcer.runtime.delegation.parameters import (
    Parameters,
    declared,
    defaults_of,
    of_code,
    of_function,
)
from enforcer.runtime.delegation.stand_ins import Replaced, hook_for, stand_in_code
from enforcer.runtime.imports import bytecode
from enforcer.runtime.imports.callers import module_name
from enforcer.runtime.imports.cpython import cut, frame_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType
    from typing import Any

    from enforcer.runtime.delegation.registry import Registry

_MARK = "__enforcer_original__"
_REBUILDING = frozenset({"load", "loads", "__new__", "__newobj__"})

# Source of a __new__ whose look-up is inlined, for a key that is an attribute of the first
# argument. All other cases go to slow().
_DIRECT = """\
def __new__(cls, {first}=MISSING, /, *args, **kwargs):
    if cls is kept:
        try:
            found = table[{reached}]()
            if found is not None:
                return found
        except ABSENT:
            pass
    try:
        if {first} is MISSING:
            return slow(cls, args, kwargs)
        return slow(cls, ({first}, *args), kwargs)
    except Refused as error:
        cut(error)
        raise
"""
_GENERAL = """\
def __new__(cls, /, *args, **kwargs):
    try:
        return slow(cls, args, kwargs)
    except Refused as error:
        cut(error)
        raise
"""
_KNOWN = """\
    __enforcer_id = {identity}
    if __enforcer_id(self) in {known}:
        return None
"""


class KeyedClass:
    """Keeps one instance of a class for each key.

    Attributes:
        registry: the registry of the instances.

    """

    def __init__(self, registry: "Registry", kept: type) -> None:
        """Replace ``__new__`` and ``__init__`` of a class.

        Raises:
            InstanceError: if they can't be replaced, or have no parameter for the key.

        """
        self.registry = registry
        self._kept = kept
        self._new = _unmarked(kept.__new__)
        self._has_new = "__new__" in vars(kept)
        parameters, defaults = _parameters(kept)
        self._key = Key(registry.rule, parameters, defaults)
        self._rebuilds = any(
            hasattr(kept, name) for name in ("__getnewargs__", "__getnewargs_ex__")
        )
        self._init = _init_of(self._kept)
        self._making: dict[int, object] = {}
        self._restore: list[Callable[[], object]] = []
        try:
            self._replace_init()
            # Past a __setattr__ of the metaclass, which may refuse or do more.
            type.__setattr__(kept, "__new__", self._made_new())
        except (TypeError, ValueError) as error:
            self.remove()
            message = (
                f'"{registry.rule.canonical}" can\'t be kept by key: {error}. '
                "Write a rule for a factory function of it (not-keyed)"
            )
            raise InstanceError(message) from error

    def _made_new(self) -> object:
        key = self._key
        is_direct = key.index == 0 and key.is_direct and not self.registry.orders
        if is_direct and not self._rebuilds and key.first not in _TAKEN:
            reached = ".".join((key.first, *key.rest))
            source = _DIRECT.format(first=key.first, reached=reached)
        else:
            source = _GENERAL
        namespace: dict[str, Any] = {
            "ABSENT": ABSENT,
            "MISSING": MISSING,
            "Refused": InstanceError,
            "cut": cut,
            "kept": self._kept,
            "slow": self._slow,
            "table": self.registry.table,
        }
        exec(source, namespace)  # noqa: S102 - made of the names of a valid key
        made = namespace["__new__"]
        made.__module__ = self._kept.__module__
        made.__qualname__ = f"{self._kept.__qualname__}.__new__"
        self._show(made)
        setattr(made, _MARK, self._new)
        return made

    def _show(self, made: "Callable[..., object]") -> None:
        """Make ``inspect`` and editors show the parameters of the class's own code."""
        shown: object = self._new
        if type(shown) is not FunctionType:
            shown = vars(self._kept).get("__init__") or _init_of(self._kept)
        made.__dict__["__wrapped__"] = shown

    # Making instances.

    def _slow(self, cls: type, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        if cls is not self._kept:
            return self._raw(cls, args, kwargs)
        if self._rebuilds and _is_rebuilding(frame_above(2)):
            return self._raw(cls, args, kwargs)
        key = self._key.find(args, kwargs)
        if key is MISSING:
            # copy and pickle get here. For other callers Python calls __init__ next, which
            # refuses a call without a key unless the map says missing = "own".
            return self._raw(cls, args, kwargs)
        return self.registry.obtain(key, lambda: self._make(key, args, kwargs))

    def _raw(self, cls: type, args: tuple[object, ...], kwargs: "Mapping[str, object]") -> object:
        if self._new is _OBJECT_NEW:
            return object.__new__(cls)
        return self._new(cls, *args, **kwargs)

    def _make(self, key: object, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        made = self._raw(self._kept, args, kwargs)
        if type(made) is self._kept and _init_of(self._kept) is not _OBJECT_INIT:
            self._making[id(made)] = key
            try:
                self._init(made, *args, **kwargs)
            finally:
                del self._making[id(made)]
        return made

    # Skipping __init__.

    def _replace_init(self) -> None:
        own = vars(self._kept).get("__init__")
        if type(own) is FunctionType:
            replaced = Replaced(own, self._init_code)
            self._init = replaced.original
            self._restore.append(replaced.restore)
            if declared(own) is not own:
                self._check_what_reaches(declared(own))
        elif _init_of(self._kept) is not _OBJECT_INIT:
            wrapper = self._init_wrapper(own)
            type.__setattr__(self._kept, "__init__", wrapper)
            self._restore.append(lambda: self._put_init_back(wrapper, own))

    def _init_code(self, code: "CodeType") -> "CodeType":
        hook = hook_for(code, self._run_init)
        first = (of_code(code, None, None).by_position or ("",))[0]
        if not first:
            return stand_in_code(code, hook)
        before = _KNOWN.replace("(self)", f"({first})")
        return stand_in_code(code, hook, before, {"identity": id, "known": self.registry.known})

    def _check_what_reaches(self, inner: FunctionType) -> None:
        """Check that the decorator of ``__init__`` passes on the key that its callers gave."""

        def check(args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
            instance, *rest = args
            wanted = self._making.get(id(instance), MISSING)
            if wanted is not MISSING and wanted != self._key.find(tuple(rest), kwargs):
                message = (
                    f'"{self.registry.rule.canonical}" can\'t be kept by key: its __init__ is '
                    "decorated, and takes other arguments than its callers give. "
                    "Write a rule for a factory function of it (not-keyed)"
                )
                raise InstanceError(message)
            return replaced.original(*args, **kwargs)

        replaced = Replaced(inner, lambda code: stand_in_code(code, hook_for(code, check)))
        self._restore.append(replaced.restore)

    def _init_wrapper(self, own: object) -> "Callable[..., object]":
        known, inherited = self.registry.known, self._init
        kept: Any = self._kept

        def __init__(self: object, /, *args: object, **kwargs: object) -> None:  # noqa: N807 - it is one
            if id(self) not in known:
                wrapper.run((self, *args), kwargs)

        def original(self: object, *args: object, **kwargs: object) -> object:
            if own is None:
                parent: Any = super(kept, self)
                return parent.__init__(*args, **kwargs)
            return own.__get__(self, kept)(*args, **kwargs)  # type: ignore[attr-defined]

        self._init = original
        wrapper: Any = __init__
        wrapper.run = self._run_init
        wrapper.__wrapped__ = inherited
        wrapper.__qualname__ = f"{kept.__qualname__}.__init__"
        wrapper.__module__ = kept.__module__
        return wrapper  # type: ignore[no-any-return]

    def _put_init_back(self, wrapper: object, own: object) -> None:
        if vars(self._kept).get("__init__") is not wrapper:
            return
        if own is None:
            type.__delattr__(self._kept, "__init__")
        else:
            type.__setattr__(self._kept, "__init__", own)

    def _run_init(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        instance, *rest = args
        if id(instance) in self.registry.known:
            return None  # a decorated __init__ may have no named first parameter
        key = self._key
        is_whole = type(instance) is self._kept and key.is_required
        if is_whole and key.find(tuple(rest), kwargs) is MISSING:
            raise key.not_given()
        return self._init(instance, *rest, **kwargs)

    def remove(self) -> None:
        """Restore the class's methods."""
        while self._restore:
            self._restore.pop()()
        now = vars(self._kept).get("__new__")
        if getattr(getattr(now, "__func__", now), _MARK, None) is None:
            return
        # Once a class had a __new__, tp_new stays slot_tp_new after its removal. object.__new__
        # then raises TypeError for arguments, because tp_new is not its own (object_new,
        # Objects/typeobject.c, 3.11 to 3.15). So a __new__ that drops the arguments remains.
        new = self._new if self._has_new else self._plain_new()
        type.__setattr__(self._kept, "__new__", staticmethod(new))

    def _plain_new(self) -> "Callable[..., object]":
        own = self._new

        def __new__(cls: type, /, *args: object, **kwargs: object) -> object:  # noqa: N807 - it is one
            return object.__new__(cls) if own is _OBJECT_NEW else own(cls, *args, **kwargs)

        self._show(__new__)
        setattr(__new__, _MARK, own)
        return __new__


_OBJECT_INIT: object = object.__init__
_OBJECT_NEW: object = object.__new__
_TAKEN = frozenset(
    {
        "ABSENT",
        "MISSING",
        "Refused",
        "args",
        "cls",
        "cut",
        "error",
        "found",
        "kept",
        "kwargs",
        "slow",
        "table",
    }
)


def _init_of(kept: type) -> "Callable[..., object]":
    found: Any = kept
    init: Callable[..., object] = found.__init__
    return init


def _unmarked(new: "Callable[..., Any]") -> "Callable[..., Any]":
    """Return the ``__new__`` that a class had before it was replaced."""
    return getattr(new, _MARK, new)


def _is_rebuilding(frame: "FrameType") -> bool:
    """Return whether copy or pickle creates an instance, to set its state afterwards."""
    return module_name(frame) in ("copyreg", "copy", "pickle") or (
        bytecode.calls(frame) and bytecode.called_name(frame) in _REBUILDING
    )


def _parameters(kept: type) -> "tuple[Parameters, Mapping[str, object]]":
    """Read the parameters of a class from its ``__init__`` or its ``__new__``."""
    for name in ("__init__", "__new__"):
        found = _unmarked(getattr(kept, name))
        if type(found) is not FunctionType:
            continue
        shown = declared(found)
        parameters = of_function(shown).without_first()
        if parameters.names or name == "__new__" or kept.__new__ is _OBJECT_NEW:
            return parameters, defaults_of(shown)
    if _init_of(kept) is _OBJECT_INIT and kept.__new__ is _OBJECT_NEW:
        return Parameters(), {}
    return Parameters(args="args", kwargs="kwargs"), {}
