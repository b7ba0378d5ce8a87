"""Deprecated functions and classes that only lead to another one."""

import ast
from collections.abc import Iterator
from typing import Final

from enforcer.discovery.deprecation import (
    Function,
    deprecating,
    dotted_paths,
    has_warning,
    warning_in,
)
from enforcer.discovery.layout import Layout
from enforcer.discovery.proposal import SHIM, SHIM_CAN_GO, Evidence, Proposal
from enforcer.discovery.targets import Bindings, Target
from enforcer.source.definitions import parameters_of

_MAKERS: Final = frozenset(("__init__", "__new__", "__init_subclass__"))


def find_wrappers(tree: ast.Module, bindings: Bindings, file: str, layout: Layout) -> Evidence:
    """Return a rule for each deprecated function or class of a module whose replacement shows.

    Args:
        tree: the module.
        bindings: its names.
        file: the file, for the evidence.
        layout: the program.

    """
    proposals: list[Proposal] = []
    notes: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            mark = deprecating(node) or _warning_of_class(node)
        elif isinstance(node, Function):
            mark = deprecating(node) or warning_in(node.body)
        else:
            continue
        # A private function that warns is a tool for warning, mostly.
        if mark is None or node.name.startswith("_"):
            continue
        place = f"{file}:{node.lineno}"
        found = _rule(node, mark, bindings, place, layout)
        if found is not None:
            proposals.append(found)
        elif deprecating(node) is not None:
            notes.append(f"{place} {node.name} is deprecated, and names nothing that replaces it")
    return Evidence(tuple(proposals), tuple(notes))


def _rule(
    node: Function | ast.ClassDef, mark: ast.expr, bindings: Bindings, place: str, layout: Layout
) -> Proposal | None:
    legacy = f"{bindings.module}:{node.name}"
    if isinstance(node, ast.ClassDef):
        target = _base_of(node, bindings)
        if target is not None:
            return _name_rule(legacy, target, f"{place}: it warns, and only subclasses that")
        # A warning in __init__ may be about anything; a decorator is about the class.
        target = _named_in(mark, node.name, bindings) if deprecating(node) is not None else None
        return _name_rule(legacy, target, f"{place}: it is deprecated, and its text names that")
    call = _only_call(node)
    target = bindings.inside(node).resolve(call.func) if call is not None else None
    if call is None or target is None or not target.name:
        target = _named_in(mark, node.name, bindings)
        return _name_rule(legacy, target, f"{place}: it is deprecated, and its text names that")
    if _passes_on(node, call) and _has_same_names(call, target, layout):
        return _name_rule(legacy, target, f"{place}: it warns, and only calls that")
    arguments, objection = _arguments(node, call, target, layout)
    evidence = (f"{place}: it warns, and calls that with other arguments", SHIM_CAN_GO)
    return Proposal(
        legacy,
        str(target),
        SHIM,
        evidence,
        is_factory=True,
        arguments=arguments,
        objection=objection,
    )


def _name_rule(legacy: str, target: Target | None, evidence: str) -> Proposal | None:
    # A private name replaces nothing: it keeps the code of a name that will go.
    if target is None or not target.name or str(target) == legacy or target.name.startswith("_"):
        return None
    return Proposal(legacy, str(target), SHIM, (evidence, SHIM_CAN_GO))


def _arguments(
    node: Function, call: ast.Call, target: Target, layout: Layout
) -> tuple[dict[str, str], str]:
    """Return which parameter becomes which, or why a table can't say it."""
    own = parameters_of(node)
    taken = layout.definitions.find(str(target)).parameters
    if taken is None:
        return {}, f"the parameters of {target} are unknown"
    given: dict[str, str] = {}
    pairs = [
        *zip(call.args, taken.by_position, strict=False),
        *((keyword.value, keyword.arg or "**") for keyword in call.keywords),
    ]
    for value, parameter in pairs:
        if not isinstance(value, ast.Name) or value.id not in own.names:
            text = ast.unparse(value)
            return {}, f'it passes {parameter}={text}, for which a factory needs an "adapter"'
        given[value.id] = parameter
    table = {name: given.get(name, "") for name in own.names}
    return {old: new for old, new in table.items() if old != new}, ""


def _only_call(node: Function) -> ast.Call | None:
    """Return the call that is all that a function does, beyond its docstring and the warning."""
    rest = [each for each in node.body if not _is_aside(each)]
    if len(rest) != 1:
        return None
    value = getattr(rest[0], "value", None) if isinstance(rest[0], ast.Return | ast.Expr) else None
    if isinstance(value, ast.Await):
        value = value.value
    return value if isinstance(value, ast.Call) else None


def _is_aside(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or has_warning(node)


def _passes_on(node: Function, call: ast.Call) -> bool:
    """Return whether a call passes all that a function gets, under the same names."""
    given = node.args
    expected = [each.arg for each in (*given.posonlyargs, *given.args)]
    passed: list[str] = []
    for argument in call.args:
        inner = argument.value if isinstance(argument, ast.Starred) else argument
        passed.append(inner.id if isinstance(inner, ast.Name) else "")
    by_keyword = {
        keyword.arg: keyword.value.id
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Name)
    }
    if len(by_keyword) != len(call.keywords):
        return False
    rest = {each.arg for each in given.kwonlyargs}
    if given.vararg:
        expected.append(given.vararg.arg)
    positional = passed == expected[: len(passed)]
    named = {*expected[len(passed) :], *rest}
    kwargs = {given.kwarg.arg} if given.kwarg else set()
    return (
        positional
        and all(name in (None, value) for name, value in by_keyword.items())
        and set(by_keyword.values()) == named | kwargs
    )


def _has_same_names(call: ast.Call, target: Target, layout: Layout) -> bool:
    """Return whether callers may pass by keyword, too, what a function passes by position."""
    taken = layout.definitions.find(str(target)).parameters
    if taken is None:
        return True
    pairs = zip(call.args, taken.by_position, strict=False)
    return all(not isinstance(value, ast.Name) or value.id == name for value, name in pairs)


def _warning_of_class(node: ast.ClassDef) -> ast.Call | None:
    makers = (one for one in node.body if isinstance(one, Function) and one.name in _MAKERS)
    return next(filter(None, (warning_in(one.body) for one in makers)), None)


def _base_of(node: ast.ClassDef, bindings: Bindings) -> Target | None:
    """Return the class that a class adds nothing to."""
    adds = [one for one in node.body if not (_is_aside(one) or _is_maker(one))]
    if adds or len(node.bases) != 1:
        return None
    return bindings.resolve(node.bases[0])


def _is_maker(node: ast.stmt) -> bool:
    return isinstance(node, Function) and node.name in _MAKERS and has_warning(node)


def _named_in(mark: ast.expr, own_name: str, bindings: Bindings) -> Target | None:
    """Return the first thing that a text of a deprecation names, such as "use new_name"."""
    return next(iter(_all_named(mark, own_name, bindings)), None)


def _all_named(mark: ast.expr, own_name: str, bindings: Bindings) -> Iterator[Target]:
    for path in dotted_paths(mark):
        found = bindings.parse(path) if path != own_name else None
        if found is not None and found.name and found != Target(bindings.module, own_name):
            yield found
