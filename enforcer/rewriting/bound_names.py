"""Rewriting of imports that bind a name of their own: ``from … import``, ``import … as``.

The name stays bound (``as`` is added where it differs), so the code below needs no change, except
where it reads renamed or moved names through a module.
"""

import ast
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from enforcer.rewriting.context import FileContext
from enforcer.rewriting.factory_calls import call_edits
from enforcer.rewriting.moves import Move
from enforcer.rewriting.scopes import Binding, Scope, Use
from enforcer.rewriting.statements import NewImport

if TYPE_CHECKING:
    from enforcer.rewriting.source_text import Edit

_OWN_FILE = "this file is the canonical module itself"
_BOUND_TWICE = "its name is bound in several ways, and a use would have to change"
_BROKEN_CHAIN = "comments or parentheses stand between the parts of a use of it"
_PASSED_ON = "the module is passed on as a whole, and its rule renames names"
_NO_NAME = "each name for the canonical module is taken there"


@dataclass(slots=True)
class _UseChange:
    """A use that has to change.

    Attributes:
        use: the use.
        count: how many parts the new text replaces, the name included.
        text: the new text; for a module that must be imported, what follows its name.
        module: the module that must be imported; empty if the bound name leads to it.
        move: where the use leads.

    """

    use: Use
    count: int
    text: str
    module: str
    move: Move


def rewrite_names(context: FileContext, scope: Scope, name: str) -> None:
    """Rewrite the imports that bind one name in a scope, and what is used through it."""
    for binding in scope.bindings[name]:
        if binding.alias is not None:
            _rewrite(context, binding)


def _rewrite(context: FileContext, binding: Binding) -> None:
    path, move = _target(context, binding)
    uses = context.uses_of(binding.scope, binding.name)
    start = context.start_of(binding)
    # What a from-import binds may be a name, so only the module before it is certain.
    certain = len(path) - isinstance(binding.statement, ast.ImportFrom)
    if move is None:
        # The import itself stays, but what is read through it may be legacy.
        changes, problems = _use_changes(context, uses, path, path, certain)
        for use, leading, reason in problems:
            context.leave(use.start, leading, reason)
        if changes:
            _change_uses(context, binding, changes, None)
        return
    reason = move.reason
    if context.is_own(move.module) and not binding.scope.runs_later:
        reason = reason or _OWN_FILE
    if reason:
        context.leave(start, move, reason)
        return
    if move.factory is not None:
        _rewrite_factory(context, binding, move, uses)
        return
    new_path = tuple(move.path.split("."))
    changes, problems = _use_changes(context, uses, path, new_path, certain)
    if problems:
        context.leave(start, move, problems[0][2])
    elif not changes:
        _bind(context, binding, move)
    else:
        _change_uses(context, binding, changes, move)


def _target(context: FileContext, binding: Binding) -> tuple[tuple[str, ...], Move | None]:
    """Return the path that an import binds, and where it leads."""
    statement, alias = binding.statement, binding.alias
    assert alias is not None  # noqa: S101 - for the type checker
    if not isinstance(statement, ast.ImportFrom):
        return tuple(alias.name.split(".")), context.moves.of_module(alias.name)
    modules = context.resolved(statement)
    for module in modules:
        move = context.moves.of_name(module, alias.name)
        if move is not None:
            return (*module.split("."), alias.name), move
    return (*(modules[0].split(".") if modules else ("",)), alias.name), None


def _use_changes(
    context: FileContext,
    uses: list[Use],
    old: tuple[str, ...],
    new: tuple[str, ...],
    certain: int,
) -> tuple[list[_UseChange], list[tuple[Use, Move, str]]]:
    """Return the uses that have to change once a name is bound to a new path, and the problems."""
    changes: list[_UseChange] = []
    problems: list[tuple[Use, Move, str]] = []
    of_path = cache(context.moves.of_path)  # many uses of one name are alike
    for use in uses:
        target = of_path((*old, *use.parts), certain)
        if target is None:
            continue
        count, move = target
        count = max(count - len(old), 0)  # of the attributes
        if move.reason:
            problems.append((use, move, move.reason))
            continue
        # Whoever gets the module asks it for names that this file does not show.
        if not use.parts and not move.name and move.rule.names and old != new:
            problems.append((use, move, _PASSED_ON))
            continue
        wanted = (*move.path.split("."), *use.parts[count:])
        if wanted == (*new, *use.parts):
            continue
        if not use.is_plain:
            problems.append((use, move, _BROKEN_CHAIN))
        elif move.factory is not None:
            problems.append((use, move, "a factory is called through its module"))
        elif _leads_to(context, new, move):
            rest = ".".join(wanted[len(new) : len(wanted) - len(use.parts[count:])])
            changes.append(_UseChange(use, count, f".{rest}" if rest else "", "", move))
        else:
            after = f".{move.name}" if move.name else ""
            changes.append(_UseChange(use, count, after, move.module, move))
    return changes, problems


def _leads_to(context: FileContext, bound: tuple[str, ...], move: Move) -> bool:
    """Return whether a canonical path can be read through what a name is bound to."""
    module = tuple(move.module.split("."))
    if module == bound:
        return True
    is_below = module[: len(bound)] == bound and len(module) == len(bound) + 1
    return is_below and context.moves.binds_submodule(".".join(bound), module[-1])


def _change_uses(
    context: FileContext, binding: Binding, changes: list[_UseChange], move: Move | None
) -> None:
    """Rewrite uses, and import what they need beside the binding."""
    scope, start = binding.scope, context.start_of(binding)
    reason = ""
    if len(scope.bindings[binding.name]) > 1 or binding.is_declared:
        reason = _BOUND_TWICE
    modules = dict.fromkeys(change.module for change in changes if change.module)
    new_names: dict[str, NewImport] = {}
    for module in modules:
        scopes = [change.use.scope for change in changes if change.module == module]
        new = _named(context, scope, module, scopes)
        if new is not None:
            new_names[module] = new
    if len(new_names) < len(modules):
        reason = reason or _NO_NAME
    if reason:
        places = [(change.use.start, change.move) for change in changes]
        for place, leading in places if move is None else [(start, move)]:
            context.leave(place, leading, reason)
        return
    added = [
        new
        for new in new_names.values()
        if not _is_imported(context, scope, new)
        and context.claimed.get((id(scope), new.bound)) != new
    ]
    for new in new_names.values():
        context.claim(scope, new)
    for change in changes:
        _edit_use(context, change, new_names.get(change.module))
    uses = context.uses_of(scope, binding.name)
    is_unused = len(new_names) > 0 and len(uses) == sum(1 for one in changes if one.module)
    assert binding.statement is not None  # noqa: S101 - for the type checker
    assert binding.alias is not None  # noqa: S101
    plan = context.plan(binding.statement)
    # A name in __all__ is for other files, although nothing here reads it.
    if is_unused and not (scope.parent is None and binding.name in context.exported):
        plan.becomes[binding.alias] = added
        if move is not None:
            context.changed(start, move)
        return
    plan.added += added
    if move is not None:
        _bind(context, binding, move)


def _edit_use(context: FileContext, change: _UseChange, new: NewImport | None) -> None:
    use = change.use
    if new is not None:
        context.edit(use.start, use.ends[change.count], new.bound + change.text)
    else:
        context.edit(use.ends[0], use.ends[change.count], change.text)
    context.changed(use.start, change.move)


def _named(
    context: FileContext, scope: Scope, module: str, used_in: list[Scope]
) -> NewImport | None:
    """Return an import of a module under a name that is free; None if there is none."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        bound = "_".join(parts[-count:])
        new = NewImport.of_path(module, bound)
        if context.is_free(scope, bound, used_in, new):
            return new
    return None


def _is_imported(context: FileContext, scope: Scope, new: NewImport) -> bool:
    """Return whether a scope has an import at its top level already."""
    body = getattr(scope.node, "body", ())
    return any(
        one.statement in body
        and isinstance(one.statement, ast.ImportFrom)
        and one.alias is not None
        and one.alias.name == new.name
        and new.module in context.resolved(one.statement)
        for one in scope.bindings.get(new.bound, ())
    )


def _bind(context: FileContext, binding: Binding, move: Move) -> None:
    """Import the canonical path instead; the name that is bound stays, unless it is renamed."""
    statement, alias, scope = binding.statement, binding.alias, binding.scope
    assert statement is not None  # noqa: S101 - for the type checker
    assert alias is not None  # noqa: S101
    bound = _renamed(context, binding, move) or binding.name
    if isinstance(statement, ast.Import):
        new = NewImport(move.module, "", bound)
    elif move.name:
        new = NewImport(move.module, move.name, bound)
    else:
        new = NewImport.of_path(move.module, bound)
    is_double = _is_imported(context, scope, new) and statement in getattr(scope.node, "body", ())
    context.plan(statement).becomes[alias] = [] if is_double else [new]
    context.changed(context.start_of(binding), move)


def _renamed(context: FileContext, binding: Binding, move: Move) -> str:
    """Rename the uses of a name that has another one now, and return it; empty if they stay."""
    alias, scope, name = binding.alias, binding.scope, binding.name
    new = move.name or move.module.rpartition(".")[2]
    if not context.options.rename_uses or alias is None or alias.asname or new == name:
        return ""
    if len(scope.bindings[name]) > 1 or binding.is_declared:
        return ""
    if scope.parent is None and (
        name in context.exported or name in context.options.asked_elsewhere
    ):
        return ""
    uses = context.uses_of(scope, name)
    if not context.is_free(
        scope, new, [use.scope for use in uses], NewImport(move.module, new, new)
    ):
        return ""
    context.claim(scope, NewImport(move.module, new, new))
    for use in uses:
        context.edit(use.start, use.ends[0], new)
    return new


def _rewrite_factory(context: FileContext, binding: Binding, move: Move, uses: list[Use]) -> None:
    """Rewrite the import of a factory and all calls of it, or neither."""
    factory = move.factory
    assert factory is not None  # noqa: S101 - for the type checker
    start = context.start_of(binding)
    edits: list[Edit] = []
    reason = f'the adapter "{factory.adapter}" translates its calls' if factory.adapter else ""
    if len(binding.scope.bindings[binding.name]) > 1:
        reason = reason or _BOUND_TWICE
    for use in uses:
        if reason:
            break
        if use.call is None or use.parts:
            reason = f"it is passed on in line {context.source.line_at(use.start)}, not called"
            break
        changed = call_edits(context, factory, use.call)
        if isinstance(changed, str):
            reason = f"{changed} in line {context.source.line_at(use.start)}"
        else:
            edits += changed
    if reason:
        context.leave(start, move, reason)
        return
    context.found.edits += edits
    _bind(context, binding, move)
