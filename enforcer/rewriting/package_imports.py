"""Rewriting of ``import a.old`` and of the dotted uses that it makes possible.

Such an import binds the top package ``a``, so changing it concerns every use of ``a`` in the scope.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from enforcer.rewriting.context import FileContext
from enforcer.rewriting.moves import Move
from enforcer.rewriting.scopes import Binding, Scope, Use
from enforcer.rewriting.statements import NewImport

_REBOUND = "its name is bound again by something other than an import"
_SHADOWED = "the name of the canonical package means something else there"
_DECLARED = "its name is declared global or nonlocal"
_BROKEN_CHAIN = "comments or parentheses stand between the parts of a use of it"
_LISTED = "__all__ lists the name that it binds"
_STILL_NEEDED = "the package is also used for something else, and can't be imported by itself"
_BRANCHES = "its name is imported in several branches"
_PASSED_ON = "the module is passed on as a whole, and its rule renames names"


@dataclass(slots=True)
class _Group:
    """All about one top package in one scope.

    Attributes:
        scope: the scope that binds it.
        name: the package.
        bindings: its imports.
        deleted: its ``del`` statements.
        moved: the imports of legacy modules.
        legacy: the uses of legacy paths, with how many parts each replaces.
        rest: all other uses.

    """

    scope: Scope
    name: str
    bindings: list[Binding]
    deleted: list[Binding]
    moved: dict[Binding, Move]
    legacy: list[tuple[Use, int, Move]]
    rest: list[Use]

    @property
    def start(self) -> Binding:
        return next(iter(self.moved), self.bindings[0])


def rewrite_package(context: FileContext, scope: Scope, name: str) -> None:
    """Rewrite the imports of one top package in a scope, and what is used through it."""
    group = _read(context, scope, name)
    if not group.moved and not group.legacy:
        return
    blocked = _blocked(context, group)
    group.legacy = [one for one in group.legacy if one[2].legacy not in blocked]
    if not group.moved and not group.legacy:
        return
    reason = _why_not(context, group)
    if not reason:
        _write(context, group)
    elif len(group.moved) == 1 and _is_whole(group):
        _keep_name(context, group)
    else:
        for binding, move in group.moved.items():
            context.leave(context.start_of(binding), move, reason)
        for use, _, move in group.legacy:
            context.leave(use.start, move, reason)


def _read(context: FileContext, scope: Scope, name: str) -> _Group:
    every = scope.bindings[name]
    bindings = [one for one in every if isinstance(one.statement, ast.Import) and one.alias]
    deleted = [one for one in every if one.deleted]
    moved = {
        one: move
        for one in bindings
        if one.alias is not None and (move := context.moves.of_module(one.alias.name)) is not None
    }
    imported = [one.alias.name for one in bindings if one.alias is not None]
    legacy: list[tuple[Use, int, Move]] = []
    rest: list[Use] = []

    @cache  # of the uses of one package many are alike
    def target_of(parts: tuple[str, ...]) -> tuple[int, Move] | None:
        dotted = ".".join(parts) + "."
        # What an import names is a module; a further part may be any attribute.
        certain = max(
            (one.count(".") + 1 for one in imported if dotted.startswith(f"{one}.")), default=1
        )
        return context.moves.of_path(parts, certain)

    for use in context.uses_of(scope, name):
        target = target_of((name, *use.parts))
        if target is None:
            rest.append(use)
        else:
            legacy.append((use, *target))
    return _Group(scope, name, bindings, deleted, moved, legacy, rest)


def _blocked(context: FileContext, group: _Group) -> set[str]:
    """Leave what has no canonical counterpart, with the imports that it needs."""
    blocked: set[str] = set()
    waiting = [(use, move, move.reason) for use, _, move in group.legacy]
    for use, count, move in group.legacy:
        if len(use.parts) + 1 == count and not move.name and move.rule.names:
            waiting.append((use, move, _PASSED_ON))
        if move.factory is not None:
            waiting.append(
                (use, move, "calls of a factory are rewritten where its name is imported")
            )
    for use, move, reason in waiting:
        if reason:
            context.leave(use.start, move, reason)
            blocked.add(move.legacy)
    for binding, move in list(group.moved.items()):
        reason = move.reason
        if context.is_own(move.module) and not group.scope.runs_later:
            reason = "this file is the canonical module itself"
        if move.legacy in blocked:
            reason = reason or "a use of it has no canonical counterpart"
        if reason:
            context.leave(context.start_of(binding), move, reason)
            blocked.add(move.legacy)
            del group.moved[binding]
    return blocked


def _why_not(context: FileContext, group: _Group) -> str:
    """Return why a group can't be rewritten; empty if it can."""
    return next(_reasons(context, group), "")


def _reasons(context: FileContext, group: _Group) -> Iterator[str]:
    scope, name = group.scope, group.name
    if any(one.is_declared for one in scope.bindings[name]):
        yield _DECLARED
    if len(group.bindings) + len(group.deleted) < len(scope.bindings[name]):
        yield _REBOUND
    if any(not use.is_plain for use, _, _ in group.legacy):
        yield _BROKEN_CHAIN
    if scope.parent is None and name in context.exported:
        yield _LISTED
    scopes = [use.scope for use, _, _ in group.legacy]
    for module in _needed(context, group):
        head = module.partition(".")[0]
        if head != name and not context.is_free(scope, head, scopes, NewImport(module)):
            yield _SHADOWED
    if group.deleted and len({one.partition(".")[0] for one in _needed(context, group)}) > 1:
        yield _REBOUND
    is_direct = group.start.statement in getattr(scope.node, "body", ())
    if not is_direct and len({id(one.statement) for one in group.bindings}) > 1:
        yield _BRANCHES
    if _keeps_package(group) and (
        context.moves.covering(name) is not None or not context.moves.exists(name)
    ):
        yield _STILL_NEEDED


def _keeps_package(group: _Group) -> bool:
    """Return whether the package must be imported by itself, for its other uses."""
    return bool(group.rest) and len(group.moved) == len(group.bindings)


def _needed(context: FileContext, group: _Group) -> list[str]:
    """Return the canonical modules to import."""
    needed = [move.module for move in group.moved.values()]
    imported = [one.alias.name for one in group.bindings if one.alias and one not in group.moved]
    for _, _, move in group.legacy:
        module = move.module
        have = (*needed, *imported)
        if any(f"{one}.".startswith(f"{module}.") for one in have):
            continue
        package, _, leaf = module.rpartition(".")
        is_there = any(f"{one}.".startswith(f"{package}.") for one in have)
        if not (package and is_there and context.moves.binds_submodule(package, leaf)):
            needed.append(module)
    return list(dict.fromkeys(needed))


def _write(context: FileContext, group: _Group) -> None:
    needed = _needed(context, group)
    for use, count, move in group.legacy:
        context.edit(use.start, use.ends[count - 1], move.path)
        context.changed(use.start, move)
    for module in needed:
        context.claim(group.scope, NewImport(module))
    written: set[str] = set()
    is_first = True
    for binding, move in group.moved.items():
        assert binding.statement is not None  # noqa: S101 - for the type checker
        assert binding.alias is not None  # noqa: S101
        # "import a.old" has bound a as well, which the other uses need.
        new = [NewImport(group.name)] if _keeps_package(group) and is_first else []
        # Importing a module imports its parents: beside "import a.b" no "import a" is needed.
        if not any(one.startswith(f"{move.module}.") for one in needed):
            new.append(NewImport(move.module))
        context.plan(binding.statement).becomes[binding.alias] = new
        context.changed(context.start_of(binding), move)
        written.add(move.module)
        is_first = False
    more = [NewImport(module) for module in needed if module not in written]
    if more:
        _add(context, group, more)
    if group.deleted and not group.rest and len(group.moved) == len(group.bindings):
        head = needed[0].partition(".")[0]
        for one in group.deleted:
            if one.deleted is not None:
                context.edit(*one.deleted, head)


def _add(context: FileContext, group: _Group, more: list[NewImport]) -> None:
    """Add imports after the first of a group, or in its place if nothing needs that any more."""
    binding = group.start
    assert binding.statement is not None  # noqa: S101 - for the type checker
    assert binding.alias is not None  # noqa: S101
    plan = context.plan(binding.statement)
    others = [one for one in group.bindings if one not in group.moved]
    is_unused = not group.rest and not group.deleted and others == [binding]
    if is_unused and binding not in group.moved:
        plan.becomes[binding.alias] = more
    else:
        plan.added += more


def _is_whole(group: _Group) -> bool:
    """Return whether the legacy module is the bound package itself, which can keep its name."""
    (move,) = group.moved.values()
    others = [one for one in group.bindings if one not in group.moved]
    return move.legacy == group.name and not others and not move.rule.names


def _keep_name(context: FileContext, group: _Group) -> None:
    """Import the canonical module under the legacy name: no use has to change."""
    ((binding, move),) = group.moved.items()
    if binding.statement is not None and binding.alias is not None:
        new = NewImport(move.module, "", group.name)
        context.plan(binding.statement).becomes[binding.alias] = [new]
        context.changed(context.start_of(binding), move)
