"""State that the parts of one file's rewriting share: its names, its plans, and what was found."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from enforcer.rewriting.moves import Move, Moves
from enforcer.rewriting.outcome import Change, Collected, Left
from enforcer.rewriting.scopes import Binding, Scope, Use, read_scopes
from enforcer.rewriting.source_text import Edit, SourceText, all_nodes
from enforcer.rewriting.statements import NewImport, Statement, StatementPlan
from enforcer.source.bindings import read_bindings
from enforcer.source.definitions import DefinitionReader
from enforcer.source.importer import Importer


@dataclass(frozen=True, slots=True)
class Options:
    """What a person chose.

    Attributes:
        rename_uses: whether uses of a renamed name are renamed, instead of adding ``as``.
        asked_elsewhere: names of this file's module that other files may ask for, which stay.
        chosen: the legacy paths of the rules to follow in this file; None for all.
        read_by_star: names that other files read by a star import of this file's package.

    """

    rename_uses: bool = False
    asked_elsewhere: frozenset[str] = frozenset()
    chosen: frozenset[str] | None = None
    read_by_star: frozenset[str] = frozenset()


@dataclass(slots=True)
class FileContext:
    """One file that is rewritten.

    Attributes:
        source: its text.
        tree: its syntax tree.
        importers: what it may be imported as.
        moves: the canonical paths.
        definitions: the definitions of factories.
        options: what a person chose.
        found: the edits and what they mean.
        scope: its scopes.
        uses: the uses of each name of each scope.
        exported: the names in its ``__all__``.
        nodes: all nodes of the tree.
        plans: the import statements that change.
        claimed: the names that new imports will bind, by scope.

    """

    source: SourceText
    tree: ast.Module
    importers: Sequence[Importer]
    moves: Moves
    definitions: DefinitionReader
    options: Options
    found: Collected = field(default_factory=Collected)
    scope: Scope = field(init=False)
    uses: dict[tuple[int, str], list[Use]] = field(init=False)
    exported: frozenset[str] = field(init=False)
    nodes: list[ast.AST] = field(init=False)
    plans: dict[Statement, StatementPlan] = field(default_factory=dict)
    claimed: dict[tuple[int, str], NewImport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the scopes."""
        self.scope = read_scopes(self.source, self.tree)
        self.uses = defaultdict(list)
        for scope in self.scope.all_inside():
            for use in scope.uses:
                holder = scope.holder(use.name)
                if holder is not None:
                    self.uses[id(holder), use.name].append(use)
        has_exports = "__all__" in self.source.text
        self.exported = frozenset(read_bindings(self.tree).exported if has_exports else ())
        self.nodes = all_nodes(self.tree)

    @property
    def own_modules(self) -> frozenset[str]:
        """The dotted paths under which the file may be imported."""
        return frozenset(importer.module for importer in self.importers)

    def uses_of(self, scope: Scope, name: str) -> list[Use]:
        """Return the uses of a name that a scope binds."""
        return self.uses.get((id(scope), name), [])

    def plan(self, statement: Statement) -> StatementPlan:
        """Return the plan of a statement."""
        return self.plans.setdefault(statement, StatementPlan(statement))

    def changed(self, start: int, move: Move, canonical: str = "") -> None:
        """Record a reference that is rewritten."""
        place = self.source.place(start)
        new = canonical or (f"{move.module}:{move.name}" if ":" in move.legacy else move.module)
        self.found.changes.append(Change(*place, move.legacy, new, move.rule.legacy))

    def leave(self, start: int, move: Move, reason: str) -> None:
        """Record a reference that is left, with the reason."""
        place = self.source.place(start)
        self.found.left.append(Left(*place, move.legacy, move.rule.legacy, reason))

    def start_of(self, binding: Binding) -> int:
        """Return the offset of the import that binds a name."""
        node = binding.alias or binding.statement
        return self.source.span(node)[0] if node is not None else 0

    def edit(self, start: int, end: int, new: str) -> None:
        """Add an edit of the text."""
        self.found.edits.append(Edit(start, end, new))

    def is_own(self, module: str) -> bool:
        """Return whether a module is this file."""
        return module in self.own_modules

    def is_free(self, scope: Scope, name: str, used_in: Iterable[Scope], new: NewImport) -> bool:
        """Return whether an import in a scope may bind a name, and code may use it.

        Args:
            scope: the scope of the import.
            name: the name.
            used_in: the scopes of the code.
            new: the import; others that bind the same are no obstacle.

        """
        if not all(self._binds_same(one, new) for one in scope.bindings.get(name, ())):
            return False
        claimed = self.claimed.get((id(scope), name))
        if claimed is not None and claimed != new and (claimed.bound or new.bound):
            return False
        for inside in scope.all_inside():
            if any(use.name == name for use in inside.uses):
                holder = inside.holder(name)
                if holder is None or (holder is not scope and holder in _around(scope)):
                    return False  # it meant something from outside
        for user in used_in:
            holder = user.holder(name)
            if holder is not None and holder is not scope and holder not in _around(scope):
                return False  # something in between hides it
        return True

    def claim(self, scope: Scope, new: NewImport) -> None:
        """Record the name that a new import will bind, so that no other one binds it."""
        self.claimed[id(scope), new.bound or new.module.partition(".")[0]] = new

    def _binds_same(self, binding: Binding, new: NewImport) -> bool:
        statement, alias = binding.statement, binding.alias
        if alias is None:
            return False
        if isinstance(statement, ast.Import):
            is_head = not alias.asname and not new.bound and not new.name
            return is_head or (alias.name == new.module and not new.name and bool(alias.asname))
        if statement is None or not new.name or alias.name != new.name:
            return False
        return new.module in self.resolved(statement)

    def resolved(self, node: ast.ImportFrom) -> list[str]:
        """Return the absolute modules that a from-import may mean, the likeliest first."""
        if not node.level:
            return [node.module or ""]
        paths = (one.resolve(node.level, node.module or "") for one in self.importers)
        return [path for path in dict.fromkeys(paths) if path]


def _around(scope: Scope) -> list[Scope]:
    found = []
    while scope.parent is not None:
        scope = scope.parent
        found.append(scope)
    return found
