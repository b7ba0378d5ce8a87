"""What a name in a module stands for: another module, or a name of one. Nothing is imported."""

import ast
from dataclasses import dataclass

from enforcer.discovery.layout import Layout
from enforcer.source.calls import dotted
from enforcer.source.file_references import STAR
from enforcer.source.import_calls import read_import_call
from enforcer.source.importer import Importer


@dataclass(frozen=True, slots=True)
class Target:
    """A module, or a name of one.

    Attributes:
        module: the module's dotted path.
        name: the name; empty for the module itself.

    """

    module: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.name else self.module


class Bindings:
    """The names that the body of a module binds by imports and definitions."""

    def __init__(self, tree: ast.Module, importer: Importer, layout: Layout) -> None:
        self.module = importer.module
        self._importer = importer
        self._layout = layout
        self._bound: dict[str, Target] = {}
        # Names of from-imports: whether one is a module is looked up when it is asked for.
        self._imported: dict[str, Target] = {}
        self._read(tree.body)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._bound[node.name] = Target(self.module, node.name)

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> "Bindings":
        """Return the bindings that hold in a function, with what it imports itself."""
        inner = Bindings(ast.Module([], []), self._importer, self._layout)
        inner._bound = dict(self._bound)
        inner._imported = dict(self._imported)
        inner._read(list(ast.walk(function)))
        return inner

    def _read(self, nodes: "list[ast.stmt] | list[ast.AST]") -> None:
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    head = alias.name.partition(".")[0]
                    self._bound[alias.asname or head] = Target(alias.name if alias.asname else head)
            elif isinstance(node, ast.ImportFrom):
                source = self._importer.resolve(node.level, node.module or "")
                for alias in node.names:
                    if alias.name != STAR:
                        self._imported[alias.asname or alias.name] = Target(source, alias.name)

    def target(self, name: str) -> Target | None:
        """Return what a name stands for; None if nothing shows it."""
        imported = self._imported.get(name) if name not in self._bound else None
        if imported is not None:
            self._bound[name] = self._step(Target(imported.module), imported.name)
        return self._bound.get(name)

    def resolve(self, node: ast.expr) -> Target | None:
        """Return what an expression stands for; None if nothing shows it."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self.parse(node.value)
        call = read_import_call(node)
        if call is not None and not call.level:
            return Target(call.path.partition(".")[0] if call.gives_top else call.path)
        name, parts = dotted(node)
        found = self.target(name)
        for part in parts:
            if found is None or found.name:
                return None
            found = self._step(found, part)
        return found

    def module_of(self, node: ast.expr) -> str:
        """Return the module that an expression stands for; empty if it is none."""
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            text = node.slice.value  # sys.modules["package.new"]
            return text if isinstance(text, str) and self._exists(text) else ""
        found = self.resolve(node)
        return found.module if found is not None and not found.name else ""

    def parse(self, text: str) -> Target | None:
        """Return what a text names: ``pkg.new:name``, ``pkg.new.name``, or a name of this module.

        Returns:
            None if it does not exist.

        """
        module, colon, name = text.partition(":")
        if not colon and "." in text:
            if self._exists(text):
                return Target(text)
            module, _, name = text.rpartition(".")
        elif not colon:
            found = self.target(text)
            return found or (Target(self.module, text) if self._has(self.module, text) else None)
        return Target(module, name) if self._has(module, name) else None

    def _step(self, start: Target, part: str) -> Target:
        path = f"{start.module}.{part}"
        # As an import does: a name of the package first, then a module in it.
        if not self._has(start.module, part) and self._exists(path):
            return Target(path)
        return Target(start.module, part)

    def _exists(self, module: str) -> bool:
        return all(map(str.isidentifier, module.split("."))) and (
            self._layout.locator.locate(module) is not None
        )

    def _has(self, module: str, name: str) -> bool:
        if not self._exists(module):
            return False
        located = self._layout.locator.locate(module)
        return located is not None and name in self._layout.names.names_of(located).names
