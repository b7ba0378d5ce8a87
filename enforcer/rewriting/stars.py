"""Rewriting of ``from old import *``, where every name has moved and no other one comes along."""

import ast
import builtins
from typing import Final

from enforcer.rewriting.context import FileContext
from enforcer.rewriting.moves import Move
from enforcer.rewriting.statements import NewImport
from enforcer.source.module_files import Locator
from enforcer.source.names import NameReader

_BUILTINS: Final = frozenset(dir(builtins))


def rewrite_stars(context: FileContext, locator: Locator, names: NameReader) -> None:
    """Rewrite the star imports of legacy modules in one file."""
    for node in context.nodes:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            for module in context.resolved(node):
                move = context.moves.of_module(module)
                if move is not None:
                    _rewrite(context, node, move, _exported(locator, names, module, move))
                    break


def _exported(
    locator: Locator, names: NameReader, module: str, move: Move
) -> tuple[frozenset[str] | None, frozenset[str], str]:
    """Return what a star brings from the legacy module (None if it is gone) and the canonical."""
    legacy, canonical = locator.locate(module), locator.locate(move.module)
    if canonical is None:
        return None, frozenset(), move.reason
    after = names.starred(canonical)
    before = names.starred(legacy) if legacy is not None else None
    # Where the legacy module is gone, its star can only mean the canonical module's.
    unsure = (after.unsure or before.unsure) if before is not None else ""
    return (before.exported if before is not None else None), after.exported, unsure


def _rewrite(
    context: FileContext,
    node: ast.ImportFrom,
    move: Move,
    exported: tuple[frozenset[str] | None, frozenset[str], str],
) -> None:
    start, _ = context.source.span(node)
    before, after, unsure = exported
    reason = move.reason
    if move.rule.names:
        reason = reason or "its rule renames names"
    if context.is_own(move.module):
        reason = reason or "this file is the canonical module itself"
    if unsure:
        reason = reason or f"it is unknown which names the star brings: {unsure}"
    if before is not None and not before <= after:
        gone = ", ".join(sorted(before - after)[:3])
        reason = reason or f'a star import of "{move.module}" does not bring {gone}'
    more = after - before if before is not None else frozenset()
    hidden = sorted(more & (_names_in(context) | _BUILTINS))
    if hidden:
        reason = reason or f'a star import of "{move.module}" would hide {", ".join(hidden[:3])}'
    if reason:
        context.leave(start, move, reason)
        return
    (alias,) = node.names
    context.plan(node).becomes[alias] = [NewImport(move.module, "*", "*")]
    context.changed(start, move)


def _names_in(context: FileContext) -> set[str]:
    """Return every name that the file binds or uses."""
    found: set[str] = set()
    for scope in context.scope.all_inside():
        found.update(scope.bindings)
        found.update(use.name for use in scope.uses)
    return found
