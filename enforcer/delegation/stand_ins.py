"""Let something else answer for a function, without anybody noticing a difference.

A function's code is replaced, not the function: whoever holds it already, by whatever name,
calls the new code, and everything that is asked of it (its name, its signature, its place in a
class, what pickle says of it) is as it was. The new code has the same parameters, so Python
binds the arguments and fills in the defaults by itself.

The new code calls a hook that is one of its constants, and returns what that gives. It keeps the
flags that say "coroutine" or "generator", which ``inspect`` reads, though it makes none itself:
the instruction ``RETURN_GENERATOR`` would make it, not the flag (CPython 3.11 to 3.15).
"""

from types import CodeType, FunctionType

from enforcer.delegation.parameters import (
    ASYNC_GENERATOR,
    COROUTINE,
    GENERATOR,
    ITERABLE_COROUTINE,
    of_code,
)
from enforcer.errors import InstanceError, LegacyCallError
from enforcer.imports.bootstrap import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Hook = Callable[..., object]

_PLACE = "\0enforcer:"


def stand_in_code(
    code: CodeType, hook: "Hook", before: str = "", constants: "Mapping[str, object] | None" = None
) -> CodeType:
    """Make code with the same parameters that calls a hook.

    The hook gets the values of all named parameters in their order, the tuple of ``*args``,
    and the dictionary of ``**kwargs``, or None without such a parameter.

    Args:
        code: the code whose place it takes.
        hook: what to call.
        before: statements that come before the call, indented by four spaces.
        constants: what ``{name}`` in them stands for.

    Raises:
        ValueError: if no code can be made with these parameters.

    """
    parameters = of_code(code, None, None)
    names = parameters.names
    source = (
        f"def made{parameters}:\n{before}"
        f"    __enforcer_hook = {_PLACE + 'hook'!r}\n"
        f"    return __enforcer_hook(({''.join(f'{name}, ' for name in names)}), "
        f"{parameters.args or '()'}, {parameters.kwargs or None})\n"
    )
    for name in constants or ():
        source = source.replace(f"{{{name}}}", repr(_PLACE + name))
    namespace: dict[str, FunctionType] = {}
    try:
        exec(compile(source, "<enforcer>", "exec"), namespace)  # noqa: S102 - made of parameter names
    except SyntaxError as error:
        raise ValueError(str(error)) from error
    known: dict[object, object] = {_PLACE + "hook": hook}
    known |= {_PLACE + name: value for name, value in (constants or {}).items()}
    made = namespace["made"].__code__
    return made.replace(
        co_consts=tuple(
            known.get(value, value) if type(value) is str else value for value in made.co_consts
        ),
        co_flags=made.co_flags | (code.co_flags & _KINDS),
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_filename=code.co_filename,
        co_firstlineno=code.co_firstlineno,
        co_freevars=code.co_freevars,  # a function's closure can't change its size
    )


def hook_for(
    code: CodeType, call: "Callable[[tuple[object, ...], dict[str, object]], object]"
) -> "Hook":
    """Make a hook that passes on what it gets as arguments by position and by keyword.

    Args:
        code: the code whose parameters they are.
        call: what is called, with a tuple and a dictionary.

    """
    count = code.co_argcount
    keyword = code.co_varnames[count : count + code.co_kwonlyargcount]

    def hook(
        values: tuple[object, ...], args: tuple[object, ...], kwargs: "dict[str, object] | None"
    ) -> object:
        named = dict(zip(keyword, values[count:], strict=True))
        if kwargs:
            named.update(kwargs)
        try:
            return call((*values[:count], *args), named)
        except (InstanceError, LegacyCallError) as error:
            cut(error)
            raise

    return hook


def _runs_plainly() -> bool:
    """Tell whether code that says "coroutine" without making one runs as any other."""

    def probe() -> str:
        return "ran"

    code = probe.__code__.replace(co_flags=probe.__code__.co_flags | COROUTINE)
    return FunctionType(code, {})() == "ran"  # type: ignore[no-any-return]


_KINDS = (GENERATOR | COROUTINE | ITERABLE_COROUTINE | ASYNC_GENERATOR) if _runs_plainly() else 0


def copy_of(function: FunctionType, code: CodeType | None = None) -> FunctionType:
    """Make a function of its own with the same closure and defaults.

    Args:
        function: the function.
        code: code for it, by default the function's own.

    """
    made = FunctionType(
        code or function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__ and dict(function.__kwdefaults__)
    made.__dict__.update(function.__dict__)
    made.__qualname__ = function.__qualname__
    made.__module__ = function.__module__
    made.__doc__ = function.__doc__
    annotate = getattr(function, "__annotate__", None)  # 3.14: annotations are made when asked for
    if annotate is not None:
        made.__annotate__ = annotate  # type: ignore[attr-defined]
    else:
        made.__annotations__ = function.__annotations__
    return made


class Replaced:
    """Put other code into a function, and take it out again.

    Attributes:
        original: a function that does what this one did.

    """

    __slots__ = ("_code", "_function", "_made", "_own", "original")

    def __init__(self, function: FunctionType, code: "Callable[[CodeType], CodeType]") -> None:
        """Replace the code of a function.

        Args:
            function: whose code it is.
            code: makes the new code from the old one.

        """
        self._function = function
        self._own = function.__code__
        self.original = copy_of(function)
        self._code = code
        self._made = function.__code__ = code(self._own)

    def renew(self) -> None:
        """Make the new code once more, unless others have put theirs in meanwhile."""
        if self._function.__code__ is self._made:
            self._made = self._function.__code__ = self._code(self._own)

    def restore(self) -> None:
        """Put the function's own code back, unless others have put theirs in meanwhile."""
        if self._function.__code__ is self._made:
            self._function.__code__ = self._own
