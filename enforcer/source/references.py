"""References of a file to module paths: imports, import calls, attributes, strings, annotations.

Only the syntax is read. The walk has an explicit stack, so that deep nesting raises no
RecursionError, and each reference is resolved to an absolute path.
"""

import ast
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from enforcer.findings import MODULE_LEVEL, Form
from enforcer.source.bound_modules import BoundModules
from enforcer.source.calls import Call, call_of, dotted
from enforcer.source.computed import COMPUTED, TEMPLATES, Computed, beginning
from enforcer.source.conditions import branches
from enforcer.source.file_references import STAR, FileReferences, Reference
from enforcer.source.import_calls import ImportCall, imported_by, read_import_call
from enforcer.source.importer import Importer
from enforcer.source.interest import Interest, Lines
from enforcer.source.listed_names import listed_names
from enforcer.source.markers import Mark, marks_of, marks_of_file
from enforcer.source.path_texts import is_path, parsed_annotation
from enforcer.source.positions import Positions, Span
from enforcer.source.quoted import quoted_in
from enforcer.source.scopes import scope_of
from enforcer.source.syntax_nodes import inner_nodes, is_on

# Nodes other than assignments that bind a name, and the fields with that name.
_BINDERS: Final = (
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.ExceptHandler,
    ast.FunctionDef,
    ast.MatchAs,
    ast.MatchMapping,
    ast.MatchStar,
    ast.arg,
)
_BOUND_KEYS: Final = ("name", "arg", "rest")

_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def find_references(
    tree: ast.Module,
    importers: Collection[Importer],
    interest: Interest,
    source: bytes = b"",
) -> FileReferences:
    """Return every reference of a file to some paths, and to what is above and below them.

    Nodes are looked at only on lines that can matter: with the last word of a path, with an import,
    or with a name that an import binds to a module of interest. That is a tenth of a usual file.

    Args:
        tree: the file's syntax tree.
        importers: what the file may be imported as; relative paths are resolved for each.
        interest: the paths.
        source: the file's content; without it columns are those of ASCII, and all lines matter.

    """
    positions = Positions(source)
    # Names beyond ASCII are compared after normalisation: one may be spelled in several ways.
    if not source.isascii() or not source:
        return _Finder(importers, interest, positions).find(tree)
    finder = _Finder(importers, interest, positions, interest.lines(source, ()))
    found = finder.find(tree)
    # A star may bind any name, so every line may matter.
    if finder.has_star:
        return _Finder(importers, interest, positions).find(tree)
    if not finder.bound:
        return found
    # A second walk: only the first shows which names are bound, and so which lines matter.
    lines = interest.lines(source, finder.bound)
    return _Finder(importers, interest, positions, lines).find(tree)


@dataclass(slots=True)
class _Chain:
    """A chain of attributes that starts from a name.

    Attributes:
        name: the name.
        parts: the attributes.
        links: the nodes of the name and of each attribute.
        form: ``attribute``, or ``annotation`` for one within quotes.
        typing_only: whether only type checkers read it.
        function: the function around it.

    """

    name: str
    parts: list[str]
    links: list[ast.expr]
    form: Form
    typing_only: bool
    function: str


class _Finder:
    """Visitor of one syntax tree that collects references."""

    def __init__(
        self,
        importers: Collection[Importer],
        interest: Interest,
        positions: Positions,
        lines: Lines | None = None,
    ) -> None:
        self._importers = importers
        self._interest = interest
        self._lines = lines
        self._positions = positions
        self._found: set[Reference] = set()
        self._computed: set[Computed] = set()
        self._chains: list[_Chain] = []
        self._listed: list[ast.Constant] = []
        self._callees: list[tuple[ast.Call, str, list[str], str]] = []
        self._names = BoundModules(interest)
        self._done: set[int] = set()
        self._quoted: set[int] = set()
        self._marks: list[Mark] = []
        self._typing_only = False
        self._function = MODULE_LEVEL
        self._look: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.AnnAssign: self._look_at_annotated,
            ast.Assign: self._look_at_assignment,
            ast.AugAssign: self._look_at_listing,
            ast.Attribute: self._look_at_attribute,
            ast.Call: self._look_at_call,
            ast.Constant: self._look_at_constant,
            ast.Import: self._look_at_import,
            ast.ImportFrom: self._look_at_from,
            ast.Name: self._look_at_name,
            **dict.fromkeys(_BINDERS, self._look_at_binder),
            **dict.fromkeys(TEMPLATES, self._look_at_template),
        }

    def find(self, tree: ast.Module) -> FileReferences:
        self._walk(tree)
        self._resolve_chains()
        self._resolve_listed()
        return FileReferences(
            tuple(sorted(self._found)),
            self._names.unbound if self.has_star else frozenset(),
            tuple(sorted(set(self._calls()))),
            tuple(self._marks),
            tuple(sorted(self._computed)),
        )

    @property
    def has_star(self) -> bool:
        """Whether the file has a star import from a module of interest."""
        return any(STAR in reference.names for reference in self._found)

    @property
    def bound(self) -> Collection[str]:
        """The names that are bound to modules of interest."""
        return self._names.names

    def _walk(self, tree: ast.Module) -> None:
        """Look at each node, outer ones first, one scope after the other.

        The inner loop runs for every node of every file, so it knows nothing of scopes: nodes that
        open one wait in a list of their own.
        """
        waiting: list[tuple[list[ast.AST], bool, str, str]] = [([tree], False, MODULE_LEVEL, "")]
        look_at, done, lines = self._look, self._done, self._lines
        while waiting:
            stack, self._typing_only, self._function, prefix = waiting.pop()
            while stack:
                node = stack.pop()
                kind = node.__class__
                if lines is not None and not is_on(node, lines):
                    continue
                look = look_at.get(kind)
                if look is not None and id(node) not in done:
                    look(node)
                inside: Collection[ast.AST] = ()
                if kind in _SCOPES:
                    scope, inside = scope_of(node, prefix)
                    if scope is not None:
                        self._marks += marks_of(node, scope[0])
                        waiting.append((list(inside), self._typing_only, *scope))
                elif kind is ast.If:
                    inside = branches(node).for_typing  # type: ignore[arg-type]
                    if inside:
                        waiting.append((list(inside), True, self._function, prefix))
                children = inner_nodes(node)
                if inside:
                    hidden = set(map(id, inside))
                    children = [child for child in children if id(child) not in hidden]
                stack += children

    def _look_at_name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._names.loads.add(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._names.rebound.add(node.id)

    def _look_at_binder(self, node: ast.AST) -> None:
        """Record a name that something other than an import binds, and its quoted annotations."""
        name = next(filter(None, (getattr(node, key, None) for key in _BOUND_KEYS)), None)
        if name is not None:
            self._names.rebound.add(name)
        self._look_at_annotation(
            getattr(node, "annotation", None) or getattr(node, "returns", None)
        )

    def _look_at_annotated(self, node: ast.AnnAssign) -> None:
        self._look_at_listing(node)
        self._look_at_annotation(node.annotation)

    def _look_at_listing(self, node: ast.AST) -> None:
        """Record what ``__all__`` lists: in a package that may be a module."""
        if self._function == MODULE_LEVEL:
            self._listed += listed_names(node)

    def _resolve_listed(self) -> None:
        """Note the listed names that nothing in the file binds: submodules of a package."""
        self._function = MODULE_LEVEL
        for node in self._listed:
            name = str(node.value)
            if not name.isidentifier() or self._names.is_bound(name):
                continue
            for importer in self._importers:
                path = f"{importer.module}.{name}"
                if importer.is_package and self._interest.covers(path):
                    self._note("string", path, node.lineno, partial(self._at, node))

    def _look_at_annotation(self, node: ast.expr | None) -> None:
        """Record the attributes in the parts of an annotation that are within quotes."""
        for text in quoted_in(node):
            self._quoted.add(id(text))
            inside: set[int] = set()
            for inner in parsed_annotation(str(text.value)):
                if isinstance(inner, ast.Attribute):
                    # Outer ones come first, and include those inside.
                    inside.add(id(inner.value))
                    name, parts = dotted(inner)
                    if id(inner) not in inside:
                        self._add_chain(name, parts, [text] * (len(parts) + 1), "annotation")

    def _look_at_constant(self, node: ast.Constant) -> None:
        text = node.value
        if not isinstance(text, str):
            return
        if is_path(text):
            is_quoted = id(node) in self._quoted
            form: Form = "annotation" if is_quoted else "string"
            hidden = is_quoted or self._typing_only
            self._note(form, text, node.lineno, partial(self._at, node), typing_only=hidden)
        elif text.endswith(".") and is_path(text[:-1] + ".x"):
            self._note_computed(node, text, COMPUTED)

    def _look_at_template(self, node: ast.JoinedStr) -> None:
        """Skip the pieces of an f-string: none is a path of its own."""
        self._done.update(id(value) for value in node.values if isinstance(value, ast.Constant))
        begun = beginning(node)
        if begun is not None and len(node.values) > 1:
            self._note_computed(node, *begun)

    def _look_at_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._note("import", alias.name, node.lineno, partial(self._paths_of, alias))
            head = alias.name.partition(".")[0]
            self._names.bind(alias.asname or head, alias.name if alias.asname else head)

    def _look_at_from(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names)

        def spans() -> tuple[Span, ...]:
            return (self._positions.module_of(node), *self._paths_of(*node.names))

        for path in self._resolved(node.level, node.module or ""):
            self._note("from", path, node.lineno, spans, names)
            for alias in node.names:
                if alias.name != STAR:
                    self._names.bind(alias.asname or alias.name, f"{path}.{alias.name}")

    def _at(self, node: ast.expr) -> tuple[Span, ...]:
        return (self._positions.of(node),)

    def _paths_of(self, *aliases: ast.alias) -> tuple[Span, ...]:
        return tuple(map(self._positions.path_of, aliases))

    def _look_at_call(self, node: ast.Call) -> None:
        self._look_at_listing(node)
        called, text = imported_by(node)
        call = read_import_call(node) if called else None
        if call is None:
            name, parts = dotted(node.func)
            if name:
                self._callees.append((node, name, parts, self._function))
            begun = beginning(text) if text is not None else None
            if text is not None and begun is not None:
                # Its pieces are no paths of their own.
                self._done.update(map(id, ast.walk(text)))
                self._note_computed(text, *begun, is_import=True)
            return
        self._done.update((id(call.text), id(call.package)))
        for path in self._imported_by(call):
            self._note("call", path, node.lineno, partial(self._at, call.text), call.names)

    def _look_at_assignment(self, node: ast.Assign) -> None:
        """Record ``m = import_module("…")``, which binds a module as an import does."""
        self._marks += marks_of_file(node)
        self._look_at_listing(node)
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Name):
            return
        call = read_import_call(node.value)
        if call is not None:
            for path in self._imported_by(call):
                self._names.bind(target.id, path.partition(".")[0] if call.gives_top else path)
            self._done.add(id(target))
        elif isinstance(node.value, ast.Constant) and node.value.value is None:
            # ``name = None``, as after ``except ImportError``, is no other meaning of the name.
            self._done.add(id(target))

    def _look_at_attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        links: list[ast.expr] = []
        value: ast.expr = node
        while isinstance(value, ast.Attribute):
            if isinstance(value.ctx, ast.Load):
                parts.insert(0, value.attr)
                links.insert(0, value)
            self._done.add(id(value))
            value = value.value
        if not parts:
            return
        if isinstance(value, ast.Name):
            self._add_chain(value.id, parts, [value, *links])
            return
        call = read_import_call(value)
        if call is not None and not call.gives_top:
            up_to = [value, *links]
            for path in self._imported_by(call):
                whole = ".".join([path, *parts])
                self._note("attribute", whole, node.lineno, partial(self._up_to, up_to), base=path)

    def _add_chain(
        self, name: str, parts: list[str], links: list[ast.expr], form: Form = "attribute"
    ) -> None:
        typing_only = self._typing_only or form == "annotation"
        self._chains.append(_Chain(name, parts, links, form, typing_only, self._function))

    def _resolve_chains(self) -> None:
        """Resolve each chain of attributes whose first name is certainly a module."""
        for chain in self._chains:
            self._function = chain.function
            for base in self._names.paths_of(chain.name):
                self._note(
                    chain.form,
                    ".".join([base, *chain.parts]),
                    chain.links[-1].lineno,
                    partial(self._up_to, chain.links),
                    base=base,
                    typing_only=chain.typing_only,
                )

    def _up_to(self, links: list[ast.expr]) -> tuple[Span, ...]:
        """Return where a chain begins, and ends with each of its links."""
        line, column, *_ = self._positions.of(links[0])
        return tuple((line, column, *self._positions.end_of(link)) for link in links)

    def _calls(self) -> Iterator[Call]:
        """Yield the calls of imported names, where the import is certain."""
        for node, name, parts, function in self._callees:
            for base in self._names.paths_of(name):
                path = ".".join([base, *parts])
                if self._interest.touches(path):
                    yield call_of(node, path, function)

    def _imported_by(self, call: ImportCall) -> list[str]:
        """Return the absolute paths that a call may import."""
        if not call.level or call.is_relative_to_own_package:
            return self._resolved(call.level, call.path)
        if not call.package_text:
            return []
        path = Importer(call.package_text, is_package=True).resolve(call.level, call.path)
        return [path] if path else []

    def _resolved(self, level: int, path: str) -> list[str]:
        if not level:
            return [path]
        found = dict.fromkeys(importer.resolve(level, path) for importer in self._importers)
        return [one for one in found if one]

    def _note(  # noqa: PLR0913 - one parameter for each field
        self,
        form: Form,
        path: str,
        line: int,
        spans: Callable[[], tuple[Span, ...]],
        names: tuple[str, ...] = (),
        *,
        base: str = "",
        typing_only: bool | None = None,
    ) -> None:
        """Record a reference, if it is to a path of interest; only then are columns counted."""
        touches = self._interest.touches
        dotted_path = path.replace(":", ".")
        if STAR not in names and form == "from" and not self._interest.covers(path):
            is_wanted = any(touches(f"{path}.{name}") for name in names)
        else:
            is_wanted = touches(dotted_path)
        if is_wanted:
            hidden = self._typing_only if typing_only is None else typing_only
            where = (hidden, self._function)
            self._found.add(Reference(line, form, path, names, base, *where, spans()))

    def _note_computed(
        self, node: ast.expr, prefix: str, reason: str, *, is_import: bool = False
    ) -> None:
        begun = prefix.replace(":", ".").rpartition(".")[0]
        if self._interest.touches(begun) if begun else is_import:
            span = self._positions.of(node)
            self._computed.add(
                Computed(node.lineno, prefix, reason, is_import, self._function, span)
            )
