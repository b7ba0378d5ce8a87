"""Scopes of a file: which statements bind a name, and which binding each use of it refers to.

The rules are those of the compiler (``symtable``, with which a test compares), with the positions
that ``symtable`` lacks. Annotations within quotes are read as the expressions that they are.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from enforcer.rewriting.source_text import SourceText

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_PLAIN_STRING: Final = re.compile(r"[uU]?(?P<quote>'''|\"\"\"|'|\")(?P<text>[^\\\n\r]*)(?P=quote)")
_CHAIN: Final = re.compile(
    r"\w+(?:[ \t\f]*(?:\\?[\r\n]+[ \t\f]*)?\.[ \t\f]*(?:\\?[\r\n]+[ \t\f]*)?\w+)*"
)


@dataclass(slots=True, eq=False)
class Scope:
    """One scope: a module, a class, a function, a comprehension or type parameters.

    Attributes:
        node: the node that opens it.
        parent: the scope around it; None for the module.
        bindings: the bindings in it by name.
        declared: names that it declares ``global`` or ``nonlocal``, with the scope that is meant.
        inside: the scopes directly inside of it.
        uses: the uses in it.

    """

    node: ast.AST
    parent: "Scope | None"
    bindings: dict[str, list["Binding"]] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    inside: list["Scope"] = field(default_factory=list)
    uses: list["Use"] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        """Whether it is the body of a class, whose names the functions in it don't see."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def runs_later(self) -> bool:
        """Whether it runs after the import of its module, as the body of a function does."""
        is_function = isinstance(self.node, _FUNCTIONS)
        return is_function or (self.parent is not None and self.parent.runs_later)

    @property
    def module(self) -> "Scope":
        """The scope of the module."""
        return self.parent.module if self.parent is not None else self

    def all_inside(self) -> Iterator["Scope"]:
        """Yield this scope and all below it."""
        waiting = [self]
        while waiting:
            scope = waiting.pop()
            yield scope
            waiting += scope.inside

    def holder(self, name: str) -> "Scope | None":
        """Return the scope whose binding a name refers to here; None for builtins and unknown."""
        declared = self.declared.get(name)
        if declared == "global":
            return self.module if name in self.module.bindings else None
        if name in self.bindings and declared is None:
            return self
        scope, sees_class = self.parent, isinstance(self.node, _TypeParameters)
        while scope is not None:
            is_visible = not scope.is_class or sees_class
            if is_visible and name in scope.bindings and name not in scope.declared:
                return scope
            if scope.declared.get(name) == "global":
                return self.module if name in self.module.bindings else None
            sees_class = False
            scope = scope.parent
        return None


@dataclass(slots=True, eq=False)  # a frozen one takes five times as long to make
class Binding:
    """One binding of a name.

    Attributes:
        name: the name.
        scope: the scope that has the name.
        statement: the import statement that binds it; None for anything else.
        alias: its part for this name.
        deleted: the offsets of the name in a ``del``; None for anything else.
        is_declared: whether the statement is in another scope, which declares the name ``global``
            or ``nonlocal``.

    """

    name: str
    scope: Scope
    statement: ast.Import | ast.ImportFrom | None = None
    alias: ast.alias | None = None
    deleted: tuple[int, int] | None = None
    is_declared: bool = False


@dataclass(slots=True, eq=False)  # a frozen one takes five times as long to make
class Use:
    """One use of a name, with the attributes that follow it.

    Attributes:
        name: the name.
        scope: the scope that it is in.
        start: the offset of its first character.
        ends: the offset after the name, and after each attribute.
        parts: the attributes.
        call: the call of the whole chain, if it is called.
        is_plain: whether nothing but dots and spaces is between the parts.
        is_quoted: whether it is in an annotation within quotes.

    """

    name: str
    scope: Scope
    start: int
    ends: tuple[int, ...]
    parts: tuple[str, ...] = ()
    call: ast.Call | None = None
    is_plain: bool = True
    is_quoted: bool = False


class _TypeParameters(ast.AST):
    """Mark of the scope of type parameters (PEP 695), which sees the class around it."""


class _Quoted:
    """Positions of nodes within a quoted annotation on one line."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start

    def span(self, node: ast.AST) -> tuple[int, int]:
        return self._at(node.col_offset), self._at(node.end_col_offset)  # type: ignore[attr-defined]

    def _at(self, column: int) -> int:
        return self._start + len(self._text.encode()[:column].decode())


def read_scopes(source: SourceText, tree: ast.Module) -> Scope:
    """Return the scope of a module, with all scopes, bindings and uses in it."""
    return _Reader(source).read(tree)


class _Reader:
    """Visitor of a syntax tree that collects bindings and uses."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._positions: SourceText | _Quoted = source
        self._in_annotation = False
        # To look for them in each body takes a tenth of the time.
        self._may_declare = "global" in source.text or "nonlocal" in source.text
        self._methods: dict[type[ast.AST], Callable[..., None]] = {}

    def read(self, tree: ast.Module) -> Scope:
        scope = Scope(tree, None)
        self._all(tree.body, scope)
        return scope

    def _all(self, nodes: Iterable[ast.AST | None], scope: Scope) -> None:
        for node in nodes:
            if node is not None:
                self._visit(node, scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        method = self._methods.get(type(node))
        if method is None:
            method = self._methods[type(node)] = self._method(type(node))
        method(node, scope)

    def _method(self, kind: type[ast.AST]) -> Callable[..., None]:
        """Return what visits nodes of a kind."""
        if kind in _COMPREHENSIONS:
            return self._comprehension
        return getattr(self, f"_{kind.__name__.lower()}", self._other)

    def _other(self, node: ast.AST, scope: Scope) -> None:
        if not node._fields:
            return
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):  # an except clause, or a capture of match
            self._bind(scope, name)
        self._all(ast.iter_child_nodes(node), scope)

    def _bind(self, scope: Scope, name: str, **details: Any) -> None:  # noqa: ANN401 - fields
        declared = scope.declared.get(name)
        target: Scope | None = scope
        if declared == "global":
            target = scope.module
        elif declared == "nonlocal":
            target = scope.holder(name)
        target = target or scope
        target.bindings.setdefault(name, []).append(
            Binding(name, target, **details, is_declared=target is not scope)
        )

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(scope, name, statement=node, alias=alias)

    def _importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name != "*":
                self._bind(scope, alias.asname or alias.name, statement=node, alias=alias)

    def _global(self, node: ast.Global, scope: Scope) -> None:
        scope.declared.update(dict.fromkeys(node.names, "global"))

    def _nonlocal(self, node: ast.Nonlocal, scope: Scope) -> None:
        scope.declared.update(dict.fromkeys(node.names, "nonlocal"))

    def _name(self, node: ast.Name, scope: Scope, call: ast.Call | None = None) -> None:
        start, end = self._positions.span(node)
        if isinstance(node.ctx, ast.Store):
            self._bind(scope, node.id)
        elif isinstance(node.ctx, ast.Del):
            self._bind(scope, node.id, deleted=(start, end))
        else:
            self._use(Use(node.id, scope, start, (end,), call=call))

    def _attribute(self, node: ast.Attribute, scope: Scope, call: ast.Call | None = None) -> None:
        parts: list[str] = []
        ends: list[int] = []
        value: ast.expr = node
        while isinstance(value, ast.Attribute):
            parts.append(value.attr)
            ends.append(self._positions.span(value)[1])
            value = value.value
        if not isinstance(value, ast.Name):
            self._visit(value, scope)
            return
        start, end = self._positions.span(value)
        chain = self._source.text[start : ends[0]]
        is_plain = _CHAIN.fullmatch(chain) is not None
        every = (end, *reversed(ends))
        self._use(Use(value.id, scope, start, every, tuple(reversed(parts)), call, is_plain))

    def _use(self, use: Use) -> None:
        if isinstance(self._positions, _Quoted):
            use = Use(
                use.name,
                use.scope,
                use.start,
                use.ends,
                use.parts,
                use.call,
                use.is_plain,
                is_quoted=True,
            )
        use.scope.uses.append(use)

    def _call(self, node: ast.Call, scope: Scope) -> None:
        if isinstance(node.func, ast.Name):
            self._name(node.func, scope, node)
        elif isinstance(node.func, ast.Attribute):
            self._attribute(node.func, scope, node)
        else:
            self._visit(node.func, scope)
        arguments = list(node.args)
        # The first argument of typing.cast() is a type, which may be within quotes.
        if arguments and _last_name(node.func) == "cast":
            self._annotation(arguments.pop(0), scope)
        self._all((*arguments, *node.keywords), scope)

    def _namedexpr(self, node: ast.NamedExpr, scope: Scope) -> None:
        self._visit(node.value, scope)
        # In a comprehension it binds in the scope around.
        while isinstance(scope.node, _COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        self._bind(scope, node.target.id)

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        self._bind(scope, node.name)
        self._all(node.decorator_list, scope)
        # Decorators and defaults are evaluated around the function; annotations see its type
        # parameters.
        around = self._parameters_scope(node, scope)
        self._defaults(node.args, scope)
        self._annotation(node.returns, around)
        inside = self._opened(node, around)
        self._arguments_of(node.args, around, inside)
        self._all(node.body, inside)

    _asyncfunctiondef = _functiondef

    def _lambda(self, node: ast.Lambda, scope: Scope) -> None:
        self._defaults(node.args, scope)
        inside = self._opened(node, scope)
        self._arguments_of(node.args, scope, inside)
        self._visit(node.body, inside)

    def _classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        self._bind(scope, node.name)
        self._all(node.decorator_list, scope)
        around = self._parameters_scope(node, scope)
        self._all((*node.bases, *node.keywords), around)
        self._all(node.body, self._opened(node, around))

    def _typealias(self, node: Any, scope: Scope) -> None:  # noqa: ANN401 - from 3.12 on
        self._visit(node.name, scope)
        self._visit(node.value, self._parameters_scope(node, scope))

    def _defaults(self, arguments: ast.arguments, scope: Scope) -> None:
        self._all((*arguments.defaults, *arguments.kw_defaults), scope)

    def _arguments_of(self, arguments: ast.arguments, around: Scope, inside: Scope) -> None:
        for one in (
            *arguments.posonlyargs,
            *arguments.args,
            arguments.vararg,
            *arguments.kwonlyargs,
            arguments.kwarg,
        ):
            if one is not None:
                self._bind(inside, one.arg)
                self._annotation(one.annotation, around)

    def _parameters_scope(self, node: ast.AST, scope: Scope) -> Scope:
        parameters = getattr(node, "type_params", ())
        if not parameters:
            return scope
        around = self._opened(_TypeParameters(), scope)
        self._all(parameters, around)
        return around

    def _opened(self, node: ast.AST, scope: Scope) -> Scope:
        inside = Scope(node, scope)
        scope.inside.append(inside)
        # Declarations come first: what they concern may be bound before them in the walk, in the
        # parameters of a function inside.
        if self._may_declare:
            inside.declared.update(_declarations(node))
        return inside

    def _comprehension(self, node: Any, scope: Scope) -> None:  # noqa: ANN401 - one of four
        # The first iterable is evaluated in the scope around, all else inside (PEP 289).
        first, *others = node.generators
        self._visit(first.iter, scope)
        inside = self._opened(node, scope)
        self._all((first.target, *first.ifs), inside)
        for generator in others:
            self._all((generator.iter, generator.target, *generator.ifs), inside)
        if isinstance(node, ast.DictComp):
            self._all((node.key, node.value), inside)
        else:
            self._visit(node.elt, inside)

    def _annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        self._visit(node.target, scope)
        self._annotation(node.annotation, scope)
        if node.value is not None:
            self._visit(node.value, scope)

    def _annotation(self, node: ast.expr | None, scope: Scope) -> None:
        if node is None:
            return
        before, self._in_annotation = self._in_annotation, True
        self._visit(node, scope)
        self._in_annotation = before

    def _subscript(self, node: ast.Subscript, scope: Scope) -> None:
        self._visit(node.value, scope)
        name, before = _last_name(node.value), self._in_annotation
        slices: list[ast.expr] = [node.slice]
        if name == "Annotated" and isinstance(node.slice, ast.Tuple):
            first, *slices = node.slice.elts
            self._visit(first, scope)
        # The strings of Literal are values, and those of Annotated are metadata.
        self._in_annotation = before and name not in ("Literal", "Annotated")
        self._all(slices, scope)
        self._in_annotation = before

    def _constant(self, node: ast.Constant, scope: Scope) -> None:
        if not self._in_annotation or not isinstance(node.value, str):
            return
        if isinstance(self._positions, _Quoted):
            return
        start, end = self._positions.span(node)
        plain = _PLAIN_STRING.fullmatch(self._source.text[start:end])
        if plain is None:
            return
        # ast.parse() takes a leading blank for an unexpected indent, also in the mode "eval".
        text = plain["text"].lstrip(" ")
        try:
            inner = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError):
            return
        inner_start = start + plain.start("text") + len(plain["text"]) - len(text)
        self._positions = _Quoted(text, inner_start)
        self._visit(inner, scope)
        self._positions = self._source


def _declarations(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a function or class declares, with the word that declares them."""
    waiting: list[ast.AST] = list(getattr(node, "body", ())) if not _is_expression(node) else []
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Global | ast.Nonlocal):
            yield from ((name, type(one).__name__.lower()) for name in one.names)
        elif not isinstance(one, (*_FUNCTIONS, ast.ClassDef, ast.expr)):
            waiting += ast.iter_child_nodes(one)


def _is_expression(node: ast.AST) -> bool:
    return isinstance(node, (ast.Lambda, *_COMPREHENSIONS))


def _last_name(node: ast.expr) -> str:
    """Return the last word of a dotted name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
