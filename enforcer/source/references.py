"""References of a file to module paths: imports, import calls, attributes, strings.

Only the syntax is read. The walk has an explicit stack, so that deep nesting raises no
RecursionError, and each reference is resolved to an absolute path.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from enforcer.findings import MODULE_LEVEL
from enforcer.source.calls import Call, call_of, dotted
from enforcer.source.conditions import branches
from enforcer.source.import_calls import ImportCall, read_import_call
from enforcer.source.markers import Mark, marks_of, marks_of_file
from enforcer.source.scopes import scope_of

Form = Literal["import", "from", "call", "attribute", "string"]

STAR: Final = "*"

_PATH_TEXT: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?::[^\W\d]\w*(?:\.[^\W\d]\w*)*)?")

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

# f-strings, and the t-strings of 3.14.
_TEMPLATES: Final = (ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One reference to a module path.

    Attributes:
        line: the line, from 1.
        form: how it is written.
        path: the dotted path as it resolves; for a string as it is written.
        names: the names that are asked of it by a ``from … import`` or an import call;
            ``("*",)`` for a star.
        base: for an attribute, the part of the path that the file has imported.
        typing_only: whether only type checkers read it.
        function: the qualified name of the function around it, ``<module>`` at top level.

    """

    line: int
    form: Form
    path: str
    names: tuple[str, ...] = ()
    base: str = ""
    typing_only: bool = False
    function: str = MODULE_LEVEL


@dataclass(frozen=True, slots=True)
class FileReferences:
    """All references of one file.

    Attributes:
        references: the references, in the order of the lines.
        loads: the names that the file reads and does not bind, if it has a star import;
            otherwise empty.
        calls: the calls, in the order of the lines.
        marks: the markers of its tests.

    """

    references: tuple[Reference, ...] = ()
    loads: frozenset[str] = frozenset()
    calls: tuple[Call, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Importer:
    """The module that relative imports of a file are relative to.

    Attributes:
        module: the dotted path of the file.
        is_package: whether it is an ``__init__.py``.

    """

    module: str
    is_package: bool = False

    def resolve(self, level: int, path: str) -> str:
        """Return the absolute path of a relative one; empty if it leads out of the top package."""
        if not level:
            return path
        package = self.module.split(".")
        drop = level - self.is_package
        if drop >= len(package):
            return ""
        base = package[: len(package) - drop]
        return ".".join([*base, path] if path else base)


def find_references(
    tree: ast.Module, importers: Collection[Importer], heads: Collection[str]
) -> FileReferences:
    """Return every reference of a file to modules below some top-level packages.

    Args:
        tree: the file's syntax tree.
        importers: what the file may be imported as; relative paths are resolved for each.
        heads: the top-level packages of interest.

    """
    return _Finder(importers, heads).find(tree)


class _Finder:
    """Visitor of one syntax tree that collects references."""

    def __init__(self, importers: Collection[Importer], heads: Collection[str]) -> None:
        self._importers = importers
        self._heads = heads
        self._found: set[Reference] = set()
        self._chains: list[tuple[int, str, list[str], bool, str]] = []
        self._callees: list[tuple[ast.Call, str, list[str], str]] = []
        self._modules: dict[str, set[str]] = {}
        self._loads: set[str] = set()
        self._rebound: set[str] = set()
        self._done: set[int] = set()
        self._marks: list[Mark] = []
        self._typing_only = False
        self._function = MODULE_LEVEL

    def find(self, tree: ast.Module) -> FileReferences:
        look_at: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Assign: self._look_at_assignment,
            ast.Attribute: self._look_at_attribute,
            ast.Call: self._look_at_call,
            ast.Constant: self._look_at_constant,
            ast.Import: self._look_at_import,
            ast.ImportFrom: self._look_at_from,
            ast.Name: self._look_at_name,
            **dict.fromkeys(_BINDERS, self._look_at_binder),
            **dict.fromkeys(_TEMPLATES, self._look_at_template),
        }
        for node in self._walk(tree):
            look = look_at.get(type(node))
            if look is not None and id(node) not in self._done:
                look(node)
        self._resolve_chains()
        has_star = any(STAR in reference.names for reference in self._found)
        unbound = self._loads - self._rebound - self._modules.keys() if has_star else ()
        calls = tuple(sorted(set(self._calls())))
        found = tuple(sorted(self._found))
        return FileReferences(found, frozenset(unbound), calls, tuple(self._marks))

    def _walk(self, tree: ast.Module) -> Iterator[ast.AST]:
        """Yield each node, outer ones first; set its function and whether it is for typing only."""
        stack: list[tuple[ast.AST, bool, str, str]] = [(tree, False, MODULE_LEVEL, "")]
        while stack:
            node, typing_only, function, prefix = stack.pop()
            self._typing_only = typing_only
            self._function = function
            yield node
            hidden = branches(node).for_typing if type(node) is ast.If else ()
            inside, body = scope_of(node, prefix)
            if inside is not None:
                self._marks += marks_of(node, inside[0])
            for child in ast.iter_child_nodes(node):
                is_hidden = bool(hidden) and any(child is statement for statement in hidden)
                scope = (function, prefix)
                if inside is not None and any(child is statement for statement in body):
                    scope = inside
                stack.append((child, typing_only or is_hidden, *scope))

    def _look_at_name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._loads.add(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._rebound.add(node.id)

    def _look_at_binder(self, node: ast.AST) -> None:
        """Record a name that something other than an import binds."""
        name = next(filter(None, (getattr(node, key, None) for key in _BOUND_KEYS)), None)
        if name is not None:
            self._rebound.add(name)

    def _look_at_constant(self, node: ast.Constant) -> None:
        text = node.value
        if isinstance(text, str) and _is_path(text):
            self._note("string", text, node.lineno)

    def _look_at_template(self, node: ast.JoinedStr) -> None:
        """Skip the pieces of an f-string: none is a path of its own."""
        self._done.update(id(value) for value in node.values if isinstance(value, ast.Constant))

    def _look_at_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._note("import", alias.name, node.lineno)
            head = alias.name.partition(".")[0]
            self._bind(alias.asname or head, alias.name if alias.asname else head)

    def _look_at_from(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names)
        for path in self._resolved(node.level, node.module or ""):
            self._note("from", path, node.lineno, names)
            for alias in node.names:
                if alias.name != STAR:
                    self._bind(alias.asname or alias.name, f"{path}.{alias.name}")

    def _look_at_call(self, node: ast.Call) -> None:
        call = read_import_call(node)
        if call is None:
            name, parts = dotted(node.func)
            if name:
                self._callees.append((node, name, parts, self._function))
            return
        self._done.update((id(call.text), id(call.package)))
        for path in self._imported_by(call):
            self._note("call", path, node.lineno, call.names)

    def _look_at_assignment(self, node: ast.Assign) -> None:
        """Record ``m = import_module("…")``, which binds a module as an import does."""
        self._marks += marks_of_file(node)
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Name):
            return
        call = read_import_call(node.value)
        if call is not None:
            for path in self._imported_by(call):
                self._bind(target.id, path.partition(".")[0] if call.gives_top else path)
            self._done.add(id(target))
        elif isinstance(node.value, ast.Constant) and node.value.value is None:
            # ``name = None``, as after ``except ImportError``, is no other meaning of the name.
            self._done.add(id(target))

    def _look_at_attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        value: ast.expr = node
        while isinstance(value, ast.Attribute):
            if isinstance(value.ctx, ast.Load):
                parts.insert(0, value.attr)
            self._done.add(id(value))
            value = value.value
        if isinstance(value, ast.Name):
            chain = (node.lineno, value.id, parts, self._typing_only, self._function)
            self._chains.append(chain)
            return
        call = read_import_call(value)
        if call is not None and parts and not call.gives_top:
            for path in self._imported_by(call):
                self._note("attribute", ".".join([path, *parts]), node.lineno, base=path)

    def _resolve_chains(self) -> None:
        """Resolve each chain of attributes whose first name is certainly a module."""
        for line, name, parts, typing_only, function in self._chains:
            if name in self._rebound or not parts:
                continue
            self._typing_only = typing_only
            self._function = function
            for base in self._modules.get(name, ()):
                self._note("attribute", ".".join([base, *parts]), line, base=base)

    def _calls(self) -> Iterator[Call]:
        """Yield the calls of imported names, where the import is certain."""
        for node, name, parts, function in self._callees:
            if name in self._rebound:
                continue
            for base in self._modules.get(name, ()):
                if base.partition(".")[0] in self._heads:
                    yield call_of(node, ".".join([base, *parts]), function)

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

    def _bind(self, name: str, path: str) -> None:
        self._modules.setdefault(name, set()).add(path)

    def _note(
        self, form: Form, path: str, line: int, names: tuple[str, ...] = (), *, base: str = ""
    ) -> None:
        if path.partition(":")[0].partition(".")[0] in self._heads:
            where = (self._typing_only, self._function)
            self._found.add(Reference(line, form, path, names, base, *where))


def _is_path(text: str) -> bool:
    """Return whether a string could be the path of something in a module."""
    return ("." in text or ":" in text) and _PATH_TEXT.fullmatch(text) is not None
