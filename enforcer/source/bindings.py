"""Names that a module's source binds at its top level.

Judged from the syntax tree of one file alone; ``names`` joins the files together. Both branches of
an ``if`` and all parts of a ``try`` count, except those that never run when the module is imported:
``if TYPE_CHECKING`` and ``if __name__ == "__main__"``.
"""

import ast
from dataclasses import dataclass, field
from typing import TypeGuard

from enforcer.source.conditions import branches

_READING_CALLS = frozenset(
    ("dict", "eval", "frozenset", "getattr", "getmembers", "hasattr", "iter", "len", "list")
)
_READING_METHODS = frozenset(("copy", "get", "items", "keys", "values"))

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(slots=True)
class Bindings:
    """The names that one file binds.

    Attributes:
        defined: names that it assigns or defines itself.
        imported: names that it binds by importing.
        stars: the modules from which it imports everything, as level and name.
        exported: the names in its ``__all__``, as far as that can be read.
        has_exports: whether all of ``__all__`` could be read.
        dynamic: why its names are unknown from the source; empty if they are known.

    """

    defined: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    stars: list[tuple[int, str]] = field(default_factory=list)
    exported: set[str] = field(default_factory=set)
    has_exports: bool = False
    dynamic: str = ""


def read_bindings(tree: ast.Module) -> Bindings:
    """Return the names that a module binds at its top level.

    Args:
        tree: the module's syntax tree.

    """
    reader = _Reader()
    try:
        for statement in tree.body:
            reader.read_top(statement)
        reader.found.dynamic = _dynamic_reason(tree)
    except RecursionError:
        reader.found.dynamic = "it is nested too deeply to be read"
    return reader.found


class _Reader(ast.NodeVisitor):
    """Visitor of the statements that run in the module's own scope."""

    def __init__(self) -> None:
        self.found = Bindings()

    def read_top(self, statement: ast.stmt) -> None:
        """Visit a statement of the module's body; only there is ``del`` certain to be executed."""
        if isinstance(statement, ast.Delete):
            gone = {target.id for target in statement.targets if isinstance(target, ast.Name)}
            self.found.defined -= gone
            self.found.imported -= gone
        else:
            self.visit(statement)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.found.defined.add(node.id)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._read_exports(node.target, node.value)
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._read_exports(target, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if _is_name(node.target, "__all__"):
            self._add_exports(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and _is_name(function.value, "__all__"):
            for argument in node.args:
                is_one = function.attr == "append"
                self._add_exports(ast.List([argument], ast.Load()) if is_one else argument)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.imported.add(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 1 and node.module:
            # Importing from a submodule also binds the submodule in its package. In a module that
            # is not a package, the extra name is that of a sibling, which does no harm.
            self.found.imported.add(node.module.partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                self.found.stars.append((node.level, node.module or ""))
            else:
                self.found.imported.add(alias.asname or alias.name)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        for statement in branches(node).at_import:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._read_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._read_function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.found.defined.add(node.name)
        self._read_globals(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Skip what is bound in a scope of its own."""

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._read_comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._read_comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._read_comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._read_comprehension(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self._read_capture(node, node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self._read_capture(node, node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._read_capture(node, node.rest)

    def _read_capture(self, node: ast.AST, name: str | None) -> None:
        if name is not None:
            self.found.defined.add(name)
        self.generic_visit(node)

    def _read_function(self, node: _Function) -> None:
        self.found.defined.add(node.name)
        self._read_globals(node)

    def _read_globals(self, node: ast.AST) -> None:
        """Add the names that a function declares ``global``: calling it may bind them."""
        for child in ast.walk(node):
            if isinstance(child, ast.Global):
                self.found.defined.update(child.names)

    def _read_comprehension(self, node: _Comprehension) -> None:
        """Add the targets of ``:=``, which binds outside of the comprehension."""
        for child in ast.walk(node):
            if isinstance(child, ast.NamedExpr):
                self.found.defined.add(child.target.id)

    def _read_exports(self, target: ast.expr, value: ast.expr) -> None:
        if _is_name(target, "__all__"):
            self.found.has_exports = True
            self._add_exports(value)

    def _add_exports(self, value: ast.expr) -> None:
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            self._add_exports(value.left)
            self._add_exports(value.right)
            return
        items = value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else [value]
        for item in items:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                self.found.exported.add(item.value)
            else:
                self.found.has_exports = False


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _dynamic_reason(tree: ast.Module) -> str:
    """Return what in a module binds names that no statement shows; empty if nothing does."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node, parent in parents.items():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "exec":
                return f"it calls exec() on line {node.lineno}"
            if node.func.id == "globals" and not _only_reads(node, parent):
                return f"it writes to globals() on line {node.lineno}"
        if _is_enum_export(node):
            return f"it exports the members of an enum on line {node.lineno}"
        if (
            isinstance(node, ast.Subscript)
            and _is_own_entry(node)
            and not _only_reads(node, parent)
        ):
            return f"it reaches for itself in sys.modules on line {node.lineno}"
    return ""


def _is_enum_export(node: ast.AST) -> TypeGuard[ast.expr]:
    """Return whether a node puts an enum's members beside the enum."""
    match node:
        case ast.Name(id="global_enum") | ast.Attribute(attr="global_enum" | "_convert_"):
            return True
        case _:
            return False


def _is_own_entry(node: ast.Subscript) -> bool:
    """Return whether a node is ``sys.modules[__name__]``."""
    table = node.value
    name = table.attr if isinstance(table, ast.Attribute) else getattr(table, "id", "")
    return name == "modules" and _is_name(node.slice, "__name__")


def _only_reads(node: ast.expr, parent: ast.AST) -> bool:
    """Return whether a namespace is only read."""
    match parent:
        case ast.Subscript(ctx=ast.Load()) | ast.Compare() | ast.For() | ast.comprehension():
            return True
        case ast.Attribute(attr=attribute) if isinstance(node, ast.Call):
            return attribute in _READING_METHODS
        case ast.Attribute(ctx=ast.Load()):
            return True
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            return called in _READING_CALLS
        case _:
            return False
