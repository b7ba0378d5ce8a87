"""Base class of records: classes with slots whose fields are their annotations.

Watched programs load records when they start. ``dataclasses`` would load ``inspect`` and ``re``
there, and compile an ``__init__`` for each class, which takes 0.1 ms.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, dataclass_transform
else:

    def dataclass_transform(**_options: object) -> object:
        """Return a decorator that returns a class unchanged, in the place of the one of typing."""
        return lambda cls: cls


_FEW = 64
"""After how many objects of a class compiling its ``__init__`` saves more time than it takes."""

_made: "dict[type, int]" = {}
_VALUE = 1  # annotationlib.Format.VALUE


class _Fields(type):
    """Metaclass that turns annotations into slots before the class exists.

    A decorator could only create the class a second time, and would leave the first one as garbage
    that ``object.__subclasses__()`` returns.
    """

    __slots__: tuple[str, ...]  # of the class, not of the metaclass
    defaults: "dict[str, object]"

    def __new__(
        cls, name: str, bases: "tuple[type, ...]", namespace: "dict[str, Any]"
    ) -> "_Fields":
        # PEP 649: from 3.14 on the body of a class leaves a function that returns its annotations,
        # unless the module has the __future__ import. annotationlib would be much to load.
        annotate = namespace.get("__annotate_func__")
        fields = annotate(_VALUE) if annotate else namespace.get("__annotations__", {})
        namespace["__slots__"] = tuple(fields)
        # A slot and a class attribute can't have one name.
        namespace["defaults"] = {name: namespace.pop(name) for name in fields if name in namespace}
        return type.__new__(cls, name, bases, namespace)


@dataclass_transform(eq_default=False)
class Record(metaclass=_Fields):
    """A class with one slot, and one parameter of ``__init__``, for each annotation.

    Fields with a default follow those without one. Equality is identity, unless a record defines
    ``__eq__``. A record that computes a field defines ``__init__``. Records have no subclasses with
    further fields.
    """

    def __init__(self, *values: object, **named: object) -> None:
        cls = type(self)
        # Another thread may do the same: it compiles the same function, or miscounts by one.
        made = _made[cls] = _made.get(cls, 0) + 1
        fields = cls.__slots__
        content = cls.defaults | dict(zip(fields, values)) | named  # noqa: B905 - see below
        if made >= _FEW or len(content) != len(fields) or _is_doubtful(fields, values, named):
            init = _compiled(cls)
            init(self, *values, **named)  # or raises Python's own TypeError
            cls.__init__ = init  # type: ignore[method-assign]
            return
        for name, value in content.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).__slots__)
        return f"{type(self).__qualname__}({fields})"


def _is_doubtful(
    fields: "tuple[str, ...]", values: "tuple[object, ...]", named: "dict[str, object]"
) -> bool:
    """Return whether there are too many values, two for one field, or a name of no field."""
    return len(values) > len(fields) or not set(named).issubset(fields[len(values) :])


def _compiled(cls: _Fields) -> "Callable[..., None]":
    """Compile the ``__init__`` that a person would write, which is five times as fast."""
    parameters = [
        f"{name}=defaults[{name!r}]" if name in cls.defaults else name for name in cls.__slots__
    ]
    lines = [f"def __init__(self, {', '.join(parameters)}):"]
    lines += [f" self.{name} = {name}" for name in cls.__slots__]
    namespace: dict[str, Callable[..., None]] = {}
    # Of this file and module, as what inspects frames passes over those of the enforcer.
    code = compile("\n".join(lines), _compiled.__code__.co_filename, "exec")
    names = {"__name__": __name__, "defaults": cls.defaults}
    exec(code, names, namespace)  # noqa: S102 - made of the names of fields
    init = namespace["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init
