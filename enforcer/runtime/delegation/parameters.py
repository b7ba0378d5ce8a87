"""Parameters of a callable, read from code or from source."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from types import CodeType, FunctionType

    # code object, defaults by position, defaults by keyword
    Signed = tuple[CodeType, tuple[object, ...], Mapping[str, object]]

_VARARGS = 0x04
_VARKEYWORDS = 0x08
GENERATOR = 0x20
COROUTINE = 0x80
ITERABLE_COROUTINE = 0x100
ASYNC_GENERATOR = 0x200

# The kind of a call's result: a value, an awaitable, or an asynchronous iterator.
SYNC = "sync"
ASYNC = "async"
ASYNC_ITERATOR = "async generator"


class Parameters:
    """The parameters of a callable, without ``self`` and ``cls``.

    Attributes:
        positional_only: those that are passed by position only.
        positional: those that are passed by position or by keyword.
        keyword_only: those that are passed by keyword only.
        args: the name of ``*args``, or empty.
        kwargs: the name of ``**kwargs``, or empty.
        optional: those that have a default.
        form: ``sync``, ``async`` or ``async generator``.

    """

    __slots__ = (
        "args",
        "form",
        "keyword_only",
        "kwargs",
        "optional",
        "positional",
        "positional_only",
    )

    def __init__(  # noqa: PLR0913 - a record: one parameter for each field
        self,
        positional: tuple[str, ...] = (),
        *,
        positional_only: tuple[str, ...] = (),
        keyword_only: tuple[str, ...] = (),
        args: str = "",
        kwargs: str = "",
        optional: "Container[str]" = frozenset(),
        form: str = SYNC,
    ) -> None:
        self.positional_only = positional_only
        self.positional = positional
        self.keyword_only = keyword_only
        self.args = args
        self.kwargs = kwargs
        self.optional = optional
        self.form = form

    @property
    def by_position(self) -> tuple[str, ...]:
        """Those that can be passed by position, in their order."""
        return (*self.positional_only, *self.positional)

    @property
    def by_keyword(self) -> tuple[str, ...]:
        """Those that can be passed by keyword."""
        return (*self.positional, *self.keyword_only)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them except ``*args`` and ``**kwargs``."""
        return (*self.positional_only, *self.positional, *self.keyword_only)

    def __str__(self) -> str:
        """Format them as in a definition; a default is shown as an ellipsis."""
        parts = [self._shown(name) for name in self.positional_only]
        if parts:
            parts.append("/")
        parts += [self._shown(name) for name in self.positional]
        if self.args:
            parts.append(f"*{self.args}")
        elif self.keyword_only:
            parts.append("*")
        parts += [self._shown(name) for name in self.keyword_only]
        if self.kwargs:
            parts.append(f"**{self.kwargs}")
        return f"({', '.join(parts)})"

    def _shown(self, name: str) -> str:
        return f"{name}=..." if name in self.optional else name

    def without_first(self) -> "Parameters":
        """Return a copy without the first one: ``self`` or ``cls``."""
        only, positional = self.positional_only, self.positional
        return Parameters(
            positional if only else positional[1:],
            positional_only=only[1:],
            keyword_only=self.keyword_only,
            args=self.args,
            kwargs=self.kwargs,
            optional=self.optional,
            form=self.form,
        )


def form_of(flags: int) -> str:
    """Return the kind of a call's result, from the flags of a code object."""
    if flags & (COROUTINE | ITERABLE_COROUTINE):
        return ASYNC
    return ASYNC_ITERATOR if flags & ASYNC_GENERATOR else SYNC


def of_code(
    code: "CodeType", defaults: "tuple[object, ...] | None", keyword: "Mapping[str, object] | None"
) -> Parameters:
    """Read the parameters of a function from its code and its defaults."""
    names = code.co_varnames
    count = code.co_argcount
    end = count + code.co_kwonlyargcount
    only = code.co_posonlyargcount
    has_args = bool(code.co_flags & _VARARGS)
    optional = names[count - len(defaults) : count] if defaults else ()
    return Parameters(
        names[only:count],
        positional_only=names[:only],
        keyword_only=names[count:end],
        args=names[end] if has_args else "",
        kwargs=names[end + has_args] if code.co_flags & _VARKEYWORDS else "",
        optional=frozenset((*optional, *(keyword or ()))),
        form=form_of(code.co_flags),
    )


def of_function(function: "FunctionType") -> Parameters:
    """Read the parameters of a function itself, ignoring ``__wrapped__`` and ``__signature__``."""
    return of_code(function.__code__, function.__defaults__, function.__kwdefaults__)


def defaults_of(function: "FunctionType") -> "dict[str, object]":
    """Return the defaults of a function by the names of its parameters."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    by_position = zip(names[len(names) - len(defaults) :], defaults, strict=True)
    return {**dict(by_position), **(function.__kwdefaults__ or {})}


def declared(function: "FunctionType") -> "FunctionType":
    """Return the function whose parameters a decorated one shows (``functools.wraps``)."""
    seen = {id(function)}
    while True:
        inner = function.__dict__.get("__wrapped__")
        if type(inner) is not type(function) or id(inner) in seen:
            return function
        function = inner
        seen.add(id(function))


def of_object(value: object) -> Parameters | None:
    """Read the parameters of a function or a class without loading anything.

    Returns:
        The parameters; None if only ``inspect`` can read them, at the first call.

    """
    from types import FunctionType, MethodType

    if isinstance(value, MethodType):
        inner = of_object(value.__func__)
        return inner.without_first() if inner is not None else None
    if type(value) is FunctionType:
        if "__wrapped__" in value.__dict__ or "__signature__" in value.__dict__:
            return None
        return of_function(value)
    if type(value) is type:
        return _of_class(value)
    return None


def _of_class(made: type) -> Parameters | None:
    from types import FunctionType

    for base in made.__mro__:
        if base is object:
            return Parameters()
        for name in ("__new__", "__init__"):
            found = vars(base).get(name)
            found = found.__func__ if isinstance(found, staticmethod) else found
            if found is not None:
                is_plain = type(found) is FunctionType
                inner = of_object(found) if is_plain else None
                return inner.without_first() if inner is not None else None
    return None
