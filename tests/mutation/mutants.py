"""Make the mutants of a module: small wrong changes that a test should notice.

A mutant changes one place of the source text and leaves every line where it was, so that the
lines that tests covered stay true. Left alone are annotations, docstrings, ``__slots__``, what
stands under ``TYPE_CHECKING``, texts, and decorators of classes (``frozen=True``): they are for
people, or for type checkers.
"""

import ast
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.LShift: ">>",
    ast.RShift: "<<",
}
_REMOVABLE = (ast.Raise, ast.Delete, ast.AugAssign)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong change.

    Attributes:
        path: the file, relative to the tree.
        line: where the change begins.
        lines: the lines of the statement that it is in, or of all that an import makes of it.
        kind: what sort of change it is.
        start: where the text begins that it replaces.
        end: where that text ends.
        old: the text that is replaced.
        new: what stands there instead.
        text: the source line where it begins, without its indentation.
        column: where it begins in that text.

    """

    path: str
    line: int
    lines: tuple[int, int]
    kind: str
    start: int
    end: int
    old: str
    new: str
    text: str
    column: int

    def __str__(self) -> str:
        """Describe it for people, in one line."""
        return f"{self.path}:{self.line} {self.kind}: {self.change}"

    @property
    def change(self) -> str:
        """What becomes of what."""
        before, after = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{before[:90]} -> {after[:60]}"

    def applied_to(self, source: bytes) -> bytes:
        """Return the source with the change."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutants_of(path: str, root: Path) -> list[Mutant]:
    """Return the mutants of a file, in the order of its lines."""
    source = (root / path).read_bytes()
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.mutants, key=lambda mutant: (mutant.start, mutant.end, mutant.kind))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self.mutants: list[Mutant] = []
        self._path = path
        self._source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, self._lines))]
        # What runs at import is seen in what uses it: all of the module, or of the function.
        self._scope: tuple[int, int] | None = (1, len(self._lines))
        self._statement = self._scope

    # What is left alone.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._enter(node)
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._enter(node)
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if names & {"__slots__", "__all__", "TYPE_CHECKING"}:
            return
        if any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets):
            self._replace(node, "statement removed", "pass")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for statement in node.orelse:
                self.visit(statement)
            return
        self._enter(node, node.test.end_lineno or node.lineno)
        self._negate(node.test)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        before, self._scope = self._scope, None
        self._statement = (node.lineno, node.end_lineno or 0)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)
        self._scope = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - what ast calls

    # What is changed.

    def visit_Expr(self, node: ast.Expr) -> None:
        self._enter(node)
        if isinstance(node.value, ast.Constant):
            return
        self._replace(node, "statement removed", "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self._enter(node)
        if node.value is None:
            return
        # None for False or an empty text is a matter of the type checker: callers see no change.
        if not isinstance(node.value, ast.Constant) or node.value.value:
            self._replace(node, "returned nothing", "return None")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._enter(node, node.test.end_lineno or node.lineno)
        if not isinstance(node.test, ast.Constant):
            self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for place, operator in enumerate(node.ops):
            self._between(
                sides[place], sides[place + 1], "comparison", _COMPARISONS[type(operator)]
            )
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        new = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, "and/or", new)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        new = _ARITHMETIC.get(type(node.op))
        is_text = isinstance(node.left, (ast.Constant, ast.JoinedStr)) and not isinstance(
            getattr(node.left, "value", ""), (int, float)
        )
        if new is not None and not is_text:
            self._between(node.left, node.right, "arithmetic", new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace(node, "not", self._text(node.operand))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, "constant", str(not node.value))
        elif isinstance(node.value, (int, float)):
            self._replace(node, "constant", f"({node.value!r} + 1)")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave texts alone: their parts have no places of their own before 3.12."""

    def visit_Break(self, node: ast.Break) -> None:
        self._enter(node)
        self._replace(node, "break/continue", "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._enter(node)
        self._replace(node, "break/continue", "break")

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self._enter(node)
            if isinstance(node, _REMOVABLE):
                self._replace(node, "statement removed", "pass")
        super().generic_visit(node)

    def _enter(self, node: ast.stmt, last: int = 0) -> None:
        last = last or (node.lineno if hasattr(node, "body") else node.end_lineno or 0)
        self._statement = self._scope or (node.lineno, last)

    def _negate(self, test: ast.expr) -> None:
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return  # the comparison has a mutant that says the same, or nearly
        if not isinstance(test, ast.UnaryOp):
            self._replace(test, "condition negated", f"not ({self._text(test)})")

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end = self._offset(node.end_lineno or 0, node.end_col_offset or 0)
        return self._offset(node.lineno, node.col_offset), end

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()

    def _between(self, left: ast.expr, right: ast.expr, kind: str, new: str) -> None:
        """Replace the operator between two expressions, whatever brackets stand around it."""
        start, end = self._span(left)[1], self._span(right)[0]
        text = self._source[start:end].decode()
        if "#" in text:
            return
        operator = text.strip("()\\ \n")
        place = start + len(text[: text.index(operator)].encode())
        self._add(place, place + len(operator), left.end_lineno or 0, kind, new)

    def _replace(self, node: ast.expr | ast.stmt, kind: str, new: str) -> None:
        start, end = self._span(node)
        missing = self._source[start:end].count(b"\n") - new.count("\n")
        # In brackets or behind a backslash lines go on; a statement gets its lines back so.
        padding = (" \\\n" * missing + ";") if missing and isinstance(node, ast.stmt) else ""
        self._add(start, end, node.lineno, kind, new + padding)

    def _add(self, start: int, end: int, line: int, kind: str, new: str) -> None:
        old = self._source[start:end].decode()
        text = self._lines[line - 1].decode().strip()
        column = start - self._starts[line - 1] - self._lines[line - 1].index(text.encode())
        mutant = Mutant(self._path, line, self._statement, kind, start, end, old, new, text, column)
        try:
            compile(mutant.applied_to(self._source), self._path, "exec")
        except SyntaxError:
            return
        self.mutants.append(mutant)
