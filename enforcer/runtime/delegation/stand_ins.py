"""Replace the code of a function, so that no caller can notice a difference.

The code is replaced (``__code__`` is writable), not the function: code that refers to it already,
by any name, calls the new code, and its name, its signature, its place in a class and its pickles
are unchanged. The new code has the same parameters, so Python binds the arguments and fills in the
defaults.

The new code calls a hook that is one of its constants, and returns its result. It keeps the flags
for coroutines and generators, which ``inspect`` reads, although it is a plain function: CPython
creates a generator by the instruction ``RETURN_GENERATOR``, not by the flag (3.11 to 3.15).
"""

from types import CodeType, FunctionType

from enforcer.errors import InstanceError
from enforcer.runtime.delegation.parameters import (
    ASYNC_GENERATOR,
    COROUTINE,
    GENERATOR,
    ITERABLE_COROUTINE,
    of_code,
)
from enforcer.runtime.imports.cpython import cut
from enforcer.runtime.refusals import LegacyCallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Hook = Callable[..., object]

# The source has strings in place of the hook and other objects; they are replaced in co_consts. The
# prefix can't occur in a parameter's name.
_PLACE = "\0enforcer:"


def stand_in_code(
    code: CodeType, hook: "Hook", before: str = "", constants: "Mapping[str, object] | None" = None
) -> CodeType:
    """Return code with the same parameters that calls a hook.

    The hook gets the values of all named parameters in their order, the tuple of ``*args``, and the
    dictionary of ``**kwargs``, or None without such a parameter.

    Args:
        code: the code to replace.
        hook: the function to call.
        before: statements before the call, indented by four spaces.
        constants: the objects for ``{name}`` in these statements.

    Raises:
        ValueError: if no code with these parameters can be compiled.

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
        # func_set_code refuses code with another number of free variables than the closure has.
        co_freevars=code.co_freevars,
    )


def hook_for(
    code: CodeType, call: "Callable[[tuple[object, ...], dict[str, object]], object]"
) -> "Hook":
    """Return a hook that passes its values on as arguments by position and by keyword.

    Args:
        code: the code with the parameters.
        call: the function to call, with a tuple and a dictionary.

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
    """Return whether code with the flag for coroutines runs as a plain function here."""

    def probe() -> str:
        return "ran"

    code = probe.__code__.replace(co_flags=probe.__code__.co_flags | COROUTINE)
    return FunctionType(code, {})() == "ran"  # type: ignore[no-any-return]


_KINDS = (GENERATOR | COROUTINE | ITERABLE_COROUTINE | ASYNC_GENERATOR) if _runs_plainly() else 0


def copy_of(function: FunctionType, code: CodeType | None = None) -> FunctionType:
    """Return a new function with the same closure and defaults.

    Args:
        function: the function.
        code: its code, by default the function's own.

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
    # From 3.14 on annotations are evaluated when they are read (PEP 649).
    annotate = getattr(function, "__annotate__", None)
    if annotate is not None:
        made.__annotate__ = annotate  # type: ignore[attr-defined]
    else:
        made.__annotations__ = function.__annotations__
    return made


class Replaced:
    """A function whose code is replaced.

    Attributes:
        original: a function that does what this one did.

    """

    __slots__ = ("_code", "_function", "_made", "_own", "original")

    def __init__(self, function: FunctionType, code: "Callable[[CodeType], CodeType]") -> None:
        """Replace the code of a function.

        Args:
            function: the function.
            code: returns the new code for the old one.

        """
        self._function = function
        self._own = function.__code__
        self.original = copy_of(function)
        self._code = code
        self._made = function.__code__ = code(self._own)

    def renew(self) -> None:
        """Create the new code again, unless other code was set meanwhile."""
        if self._function.__code__ is self._made:
            self._made = self._function.__code__ = self._code(self._own)

    def restore(self) -> None:
        """Restore the function's own code, unless other code was set meanwhile."""
        if self._function.__code__ is self._made:
            self._function.__code__ = self._own
