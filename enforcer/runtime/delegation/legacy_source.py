"""Create a function with the signature of a legacy factory, from source that never runs.

Only the interpreter's built-in parser is used (the module ``ast`` is heavy). Defaults are known if
they are constants; other defaults are left to the canonical factory.
"""

from _ast import AsyncFunctionDef, ClassDef, Constant, FunctionDef, Module, UnaryOp, USub
from types import FunctionType

from enforcer.record import Record
from enforcer.runtime.delegation.parameters import Parameters, of_function
from enforcer.runtime.delegation.stand_ins import stand_in_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _ast import expr
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from enforcer.rules.factory_model import Factory
    from enforcer.runtime.imports.watch import Watch

_ONLY_AST = 0x400  # PyCF_ONLY_AST


class Omitted:
    """A default that is unknown, because the code that computes it never runs."""

    def __repr__(self) -> str:
        return "..."


OMITTED = Omitted()


class Made(Record):
    """A function created from source, with its parameters."""

    function: FunctionType
    parameters: Parameters


def function_from_source(
    watch: "Watch", rule: "Factory", hook: "Callable[[CodeType], Callable[..., object]]"
) -> Made | None:
    """Create a function with the signature of a legacy factory that calls a hook.

    Without source, it accepts any keyword, and no positional argument, because it is unknown
    which parameter that would be.

    Args:
        watch: locates the legacy module's own code.
        rule: the factory.
        hook: creates the hook for a code object.

    Returns:
        The function; None if the source says that it is a class.

    """
    node = _definition(watch, rule)
    if isinstance(node, ClassDef):
        return None
    name = rule.name.rpartition(".")[2]
    like = _like(node, name)
    made = FunctionType(stand_in_code(like.__code__, hook(like.__code__)), {}, name)
    made.__defaults__ = like.__defaults__
    made.__kwdefaults__ = like.__kwdefaults__
    made.__module__ = rule.module
    made.__qualname__ = rule.name
    made.__doc__ = like.__doc__
    return Made(made, of_function(like))


def _definition(watch: "Watch", rule: "Factory") -> object:
    spec = watch.locate_legacy(rule.module)
    read = getattr(spec and spec.loader, "get_data", None)
    if spec is None or read is None or not (spec.origin or "").endswith(".py"):
        return None
    try:
        source = read(spec.origin)
        found: object = compile(source, str(spec.origin), "exec", _ONLY_AST, dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
    for name in rule.name.split("."):
        inside = found.body if isinstance(found, Module | ClassDef) else []
        found = next((node for node in inside if getattr(node, "name", "") == name), None)
    return found


def _like(node: object, name: str) -> FunctionType:
    """Create a function with the parameters of a definition and an empty body."""
    namespace: dict[str, Any] = {}
    if not isinstance(node, FunctionDef | AsyncFunctionDef):
        exec(f"def {name}(**kwargs): pass", namespace)  # noqa: S102 - the name is an identifier
        return namespace[name]  # type: ignore[no-any-return]
    given = node.args
    parameters = Parameters(
        tuple(each.arg for each in given.args),
        positional_only=tuple(each.arg for each in given.posonlyargs),
        keyword_only=tuple(each.arg for each in given.kwonlyargs),
        args=given.vararg.arg if given.vararg else "",
        kwargs=given.kwarg.arg if given.kwarg else "",
    )
    head = "async def" if isinstance(node, AsyncFunctionDef) else "def"
    exec(f"{head} {name}{parameters}: pass", namespace)  # noqa: S102 - parameters of a definition
    made: FunctionType = namespace[name]
    made.__defaults__ = tuple(map(_default, given.defaults)) or None
    keyword = zip(parameters.keyword_only, given.kw_defaults, strict=True)
    made.__kwdefaults__ = {
        name: _default(each) for name, each in keyword if each is not None
    } or None
    return made


def _default(node: "expr") -> object:
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, UnaryOp) and isinstance(node.op, USub):
        inner = node.operand
        if isinstance(inner, Constant) and isinstance(inner.value, int | float):
            return -inner.value
    return OMITTED
