"""Rewriting of one file: from its bytes to the new bytes, the changes, and what was left."""

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from enforcer.rewriting.bound_names import rewrite_names
from enforcer.rewriting.context import FileContext, Options
from enforcer.rewriting.moves import Moves
from enforcer.rewriting.outcome import Change, Left
from enforcer.rewriting.package_imports import rewrite_package
from enforcer.rewriting.path_strings import rewrite_strings
from enforcer.rewriting.scopes import Scope, read_scopes
from enforcer.rewriting.source_text import (
    Edit,
    SourceText,
    UndecodableError,
    all_nodes,
)
from enforcer.rewriting.stars import rewrite_stars
from enforcer.rewriting.statements import StatementWriter
from enforcer.rules.model import MigrationMap
from enforcer.source.definitions import DefinitionReader
from enforcer.source.files import reason_of
from enforcer.source.importer import Importer
from enforcer.source.module_files import Locator
from enforcer.source.names import ModuleNames, NameReader


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The result for one file.

    Attributes:
        old: its bytes.
        new: the bytes to write; equal to the old ones if nothing changes.
        changes: the references that were rewritten, in their order.
        left: the references that were left, in their order.
        remarks: line (of the new text) and text of what a person should look at.

    """

    old: bytes
    new: bytes
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()
    remarks: tuple[tuple[int, str], ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write."""
        return self.old != self.new


class Rewriter:
    """Rewriter of files by the rules of one map."""

    def __init__(
        self,
        migration_map: MigrationMap,
        locator: Locator,
        *,
        chosen: Collection[str] | None = None,
    ) -> None:
        """Bind to a map, and to the finder of modules.

        Args:
            migration_map: the map.
            locator: finds modules.
            chosen: the legacy paths of the rules to follow; None for all.

        """
        self._locator = locator
        # Modules may star-import legacy modules, which will be their canonical ones.
        self._names = NameReader(locator, self._star_of)
        self._definitions = DefinitionReader(self._locator)
        self.moves = Moves(migration_map, self._locator, self._names, chosen=chosen)

    def _star_of(self, module: str) -> ModuleNames | None:
        """Return what a star import of a legacy module brings once it is rewritten."""
        move = self.moves.of_module(module)
        located = self._locator.locate(move.module) if move is not None else None
        return self._names.starred(located) if located is not None else None

    def rewrite(
        self, data: bytes, importers: Sequence[Importer], options: Options | None = None
    ) -> Rewritten:
        """Rewrite the bytes of a file.

        Args:
            data: the bytes.
            importers: what the file may be imported as, the likeliest first.
            options: what a person chose.

        """
        try:
            source = SourceText(data)
            tree = source.parse()
            return self._rewrite(source, tree, data, importers, options or Options())
        except (UndecodableError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Rewritten(data, data, left=(Left(0, 0, "", "", reason_of(error)),))

    def _rewrite(
        self,
        source: SourceText,
        tree: ast.Module,
        data: bytes,
        importers: Sequence[Importer],
        options: Options,
    ) -> Rewritten:
        if any(self.moves.covering(one.module) is not None for one in importers):
            # The legacy module's own file: it goes with the rule.
            return Rewritten(data, data)
        moves = self.moves.choosing(options.chosen)
        context = FileContext(source, tree, importers, moves, self._definitions, options)
        for scope in context.scope.all_inside():
            for name in list(scope.bindings):
                _rewrite_bindings(context, scope, name)
        rewrite_strings(context)
        rewrite_stars(context, self._locator, self._names)
        writer = StatementWriter(source, importers[0] if importers else None)
        edits = list(context.found.edits)
        for plan in context.plans.values():
            edits += writer.edits(plan)
        text = source.edited(_without_deleted(edits))
        found = context.found
        result = Rewritten(
            data,
            text.encode(source.encoding),
            tuple(sorted(found.changes)),
            tuple(sorted(set(found.left))),
        )
        return _verified(tree, context.scope, result) if edits else result


def _rewrite_bindings(context: FileContext, scope: Scope, name: str) -> None:
    bindings = [one for one in scope.bindings[name] if one.alias is not None]
    packages = [
        one
        for one in bindings
        if isinstance(one.statement, ast.Import) and one.alias is not None and not one.alias.asname
    ]
    if packages and len(packages) == len(bindings):
        rewrite_package(context, scope, name)
    elif packages:
        for one in packages:
            move = context.moves.of_module(one.alias.name) if one.alias is not None else None
            if move is not None:
                context.leave(context.start_of(one), move, "its name is bound in several ways")
    else:
        rewrite_names(context, scope, name)


def _without_deleted(edits: list[Edit]) -> list[Edit]:
    """Return edits without those inside of a text that another one deletes or replaces."""
    removals = [one for one in edits if one.end > one.start]
    return [
        one
        for one in edits
        if not any(
            other is not one
            and other.start <= one.start
            and one.end <= other.end
            and (other.start, other.end) != (one.start, one.end)
            and not other.new
            for other in removals
        )
    ]


def _verified(tree: ast.Module, scope: Scope, result: Rewritten) -> Rewritten:
    """Return a result that compiles and leaves no name undefined; otherwise leave the file."""
    try:
        after = SourceText(result.new)
        new_tree = after.parse()
        # dont_inherit: the __future__ flags of this module are not those of the file.
        compile(new_tree, "<rewritten>", "exec", dont_inherit=True)
    except (UndecodableError, SyntaxError, ValueError) as error:
        return _given_up(result, f"the result would not compile: {reason_of(error)}")
    new_scope = read_scopes(after, new_tree)
    # A name that was undefined before is no fault of the rewriting.
    lost = _unbound(new_scope) - _unbound(scope)
    if lost:
        return _given_up(result, f"the result would not define {', '.join(sorted(lost))}")
    remarks = _equal_arms(new_tree) - _equal_arms(tree) if "except" in after.text else set()
    return replace(result, remarks=tuple(sorted((line, text) for text, line in remarks)))


def _given_up(result: Rewritten, reason: str) -> Rewritten:
    left = [Left(one.line, one.column, one.legacy, one.rule, reason) for one in result.changes]
    return Rewritten(result.old, result.old, left=tuple(sorted((*result.left, *left))))


def _unbound(scope: Scope) -> set[str]:
    """Return the names that are used and bound nowhere, builtins included."""
    return {
        use.name
        for inside in scope.all_inside()
        for use in inside.uses
        if inside.holder(use.name) is None
    }


def _equal_arms(tree: ast.Module) -> set[tuple[str, int]]:
    """Return each ``try`` whose arms are equal, by its text and line."""
    found = set()
    for node in all_nodes(tree):
        if isinstance(node, ast.Try) and node.handlers and not node.orelse:
            body = [ast.dump(one) for one in node.body]
            if any([ast.dump(one) for one in arm.body] == body for arm in node.handlers):
                found.add(("both arms of this try are equal now", node.lineno))
    return found
