"""Reader of a module's ``__getattr__`` (PEP 562) that leads deprecated names to others.

A ``__getattr__`` that only loads lazily is no deprecation: one that warns is, and so is one whose
table says in its name that the entries are old.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from enforcer.discovery.deprecation import has_warning
from enforcer.discovery.proposal import SHIM, SHIM_CAN_GO, Proposal
from enforcer.discovery.targets import Bindings, Target

_SPEAKS_OF_OLD: Final = re.compile("deprecat|moved|renamed|legacy|old", re.IGNORECASE)


def read_table(tree: ast.Module, bindings: Bindings, file: str) -> Iterator[Proposal]:
    """Yield a rule for each deprecated name that a module's ``__getattr__`` answers.

    Args:
        tree: the module.
        bindings: its names.
        file: the file, for the evidence.

    """
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    getter = next((node for node in found if node.name == "__getattr__"), None)
    if getter is None:
        return
    inside = bindings.inside(getter)
    warns = has_warning(getter)
    for table, entries in _tables(tree, getter):
        if warns or _SPEAKS_OF_OLD.search(table):
            for name, value in entries:
                yield from _rule(name, _entry(value, inside), bindings.module, file)
    if warns:
        for name, value in _branches(getter):
            yield from _rule(name, inside.resolve(value), bindings.module, file)


def _rule(name: str, target: Target | None, module: str, file: str) -> Iterator[Proposal]:
    if target is None or not name.isidentifier():
        return
    # A module by the name of an attribute has no rule for a name, and a private name replaces
    # nothing: it keeps the code of a name that will go.
    if not target.name or target.name.startswith("_"):
        return
    evidence = (f"{file}: __getattr__ leads to it", SHIM_CAN_GO)
    yield Proposal(f"{module}:{name}", str(target), SHIM, evidence)


def _tables(
    tree: ast.Module, getter: ast.FunctionDef
) -> Iterator[tuple[str, list[tuple[str, ast.expr]]]]:
    """Yield the name and the entries of each dictionary of the module that the getter reads."""
    read = {node.id for node in ast.walk(getter) if isinstance(node, ast.Name)}
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as table)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as table)
            ) if name in read:
                yield (
                    name,
                    [
                        (key.value, value)
                        for key, value in zip(table.keys, table.values, strict=True)
                        if isinstance(key, ast.Constant) and isinstance(key.value, str)
                    ],
                )


def _entry(value: ast.expr, bindings: Bindings) -> Target | None:
    """Return what an entry stands for: a path, a module and a name, or a path and a message."""
    if not isinstance(value, ast.Tuple | ast.List):
        return bindings.resolve(value)
    texts = [one.value for one in value.elts if isinstance(one, ast.Constant)]
    match texts:
        case [str(module), str(name), *_] if bindings.parse(f"{module}:{name}") is not None:
            return bindings.parse(f"{module}:{name}")
        case _:
            return bindings.resolve(value.elts[0]) if value.elts else None


def _branches(getter: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that is compared with the argument, and what is returned for it."""
    if not getter.args.args:
        return
    argument = getter.args.args[0].arg
    for node in ast.walk(getter):
        match node:
            case ast.If(
                test=ast.Compare(
                    left=ast.Name(id=asked),
                    ops=[ast.Eq()],
                    comparators=[ast.Constant(value=str(name))],
                )
            ) if asked == argument:
                for inner in node.body:
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield name, inner.value
