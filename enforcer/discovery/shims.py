"""Shims in the tree: modules, functions and classes that only lead to their replacement.

Each is recognised by its syntax: nothing is imported. A package that re-exports its own modules,
or a module that re-exports a private one, is their public face and no shim, unless it warns.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from enforcer.discovery.deprecation import dotted_paths, is_type_checking, is_warning
from enforcer.discovery.layout import Layout, is_importable
from enforcer.discovery.proposal import SHIM, SHIM_CAN_GO, Evidence, Proposal
from enforcer.discovery.tables import read_table
from enforcer.discovery.targets import Bindings, Target
from enforcer.discovery.wrappers import find_wrappers
from enforcer.output.words import counted
from enforcer.source.calls import dotted
from enforcer.source.file_references import STAR
from enforcer.source.files import read_source, reason_of
from enforcer.source.importer import Importer
from enforcer.source.names import parse
from enforcer.source.tree import own_files
from enforcer.stubs.content import MARK

# A file without any of these is parsed only if it has no definition of its own: then it may
# re-export.
_MARKS: Final = re.compile(rb"[Dd]eprecat|__getattr__|sys\.modules")
_DEFINES: Final = re.compile(rb"^(?:def|class|async)\b", re.MULTILINE)

_TOOLS: Final = frozenset(("__future__", "importlib", "sys", "typing", "warnings"))
"""Modules that a shim imports for itself, and re-exports nothing of."""


def find_shims(layout: Layout) -> Evidence:
    """Return a rule for each shim of a program, and notes on the files that can't be read."""
    proposals: list[Proposal] = []
    notes: list[str] = []
    unlisted: list[OSError] = []
    for file in own_files(layout.root, on_error=unlisted.append):
        shown = file.relative_to(layout.root).as_posix()
        module = layout.module_of(shown) if is_importable(shown) else ""
        try:
            if not module or not _may_be_shim(file):
                continue
            tree = parse(file)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            notes.append(f"{shown} is not read: {reason_of(error)}")
            continue
        importer = Importer(module, is_package=file.name == "__init__.py")
        found = _Shim(importer, shown, layout)
        proposals += found.proposals(tree)
        notes += found.notes
    notes += [f"{error.filename} is not read: {reason_of(error)}" for error in unlisted]
    return Evidence(tuple(proposals), tuple(notes))


def _may_be_shim(file: Path) -> bool:
    data = read_source(file)
    if data.startswith(MARK.encode()):
        return False  # made from a map that has its rule
    return _MARKS.search(data) is not None or _DEFINES.search(data) is None


@dataclass(slots=True)
class _Body:
    """What the statements of a module's body do.

    Attributes:
        exports: the names that it re-exports, and what they are.
        stars: the modules that it star-imports.
        replacement: what it puts into ``sys.modules`` in its own place.
        warning: the call that warns when it is imported.
        has_own_code: whether there is more than that.

    """

    exports: dict[str, Target] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    replacement: str = ""
    warning: ast.Call | None = None
    has_own_code: bool = False


class _Shim:
    """Reader of one module that may be a shim."""

    def __init__(self, importer: Importer, file: str, layout: Layout) -> None:
        self._importer = importer
        self._module = importer.module
        self._file = file
        self._layout = layout
        self.notes: list[str] = []

    def proposals(self, tree: ast.Module) -> Iterator[Proposal]:
        """Yield the rules that a module suggests."""
        bindings = Bindings(tree, self._importer, self._layout)
        body = _Body()
        self._read(tree.body, bindings, body)
        if not body.has_own_code:
            # Looked up only here: whether a name is a module takes to parse where it is from.
            looked_up = ((name, bindings.target(name) or one) for name, one in body.exports.items())
            body.exports = {name: target for name, target in looked_up if target.name}
        rule = self._of_module(body)
        if rule is not None:
            yield rule
            return
        is_marked = body.warning is not None
        if is_marked and not body.has_own_code:
            yield from self._of_names(body)
        elif is_marked:
            self.notes.append(
                f"{self._file}:{body.warning.lineno if body.warning else 1} warns that "
                f"{self._module} is deprecated, and names no module that replaces it"
            )
        yield from read_table(tree, bindings, self._file)
        found = find_wrappers(tree, bindings, self._file, self._layout)
        self.notes += found.notes
        yield from found.proposals

    def _read(self, statements: list[ast.stmt], bindings: Bindings, body: _Body) -> None:
        for node in statements:
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        self._export(body, alias.asname or "", Target(alias.name))
                case ast.ImportFrom(names=names):
                    self._read_from(node, body)
                case ast.Assign(targets=[ast.Subscript() as place], value=value) if _is_own_entry(
                    place
                ):
                    body.replacement = bindings.module_of(value)
                    body.has_own_code |= not body.replacement
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._read_assignment(name, value, bindings, body)
                case ast.Expr(value=ast.Call() as call) if is_warning(call):
                    body.warning = call
                case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Delete():
                    pass
                case ast.If() if is_type_checking(node.test):
                    self._read([*node.body, *node.orelse], bindings, body)
                case ast.FunctionDef(name="__getattr__" | "__dir__"):
                    body.has_own_code = True
                case _:
                    body.has_own_code = True

    def _read_from(self, node: ast.ImportFrom, body: _Body) -> None:
        source = self._importer.resolve(node.level, node.module or "")
        if source in _TOOLS:
            return
        for alias in node.names:
            if alias.name == STAR:
                body.stars.append(source)
            else:
                self._export(body, alias.asname or alias.name, Target(source, alias.name))

    @staticmethod
    def _read_assignment(name: str, value: ast.expr, bindings: Bindings, body: _Body) -> None:
        if body.has_own_code or (name.startswith("__") and name.endswith("__")):
            return
        target = bindings.resolve(value)
        if target is None or not target.name:
            body.has_own_code = True
        else:
            body.exports[name] = target

    @staticmethod
    def _export(body: _Body, name: str, target: Target) -> None:
        # A module that is bound is what an assignment takes names from; whoever re-exports names
        # does not mean it.
        if name and target.name and target.module not in _TOOLS and not name.startswith("_"):
            body.exports[name] = target

    def _of_module(self, body: _Body) -> Proposal | None:
        """Return the rule for a module that as a whole leads to another one."""
        names: dict[str, str] = {}
        if body.replacement:
            target, how = body.replacement, "it puts that module in its own place in sys.modules"
        elif body.has_own_code:
            target = self._named_in(body.warning)
            how = "it warns that it is deprecated, and names that module"
        else:
            sources = {*body.stars, *(one.module for one in body.exports.values())}
            if len(sources) != 1:
                return None
            (target,) = sources
            how = f"it only re-exports {self._exported(body)}"
            names = {old: new.name for old, new in body.exports.items() if old != new.name}
        if not target or target == self._module or not self._is_shim_of(target, body):
            return None
        warns = ", and warns" if body.warning is not None and not body.has_own_code else ""
        evidence = (f"{self._file}: {how}{warns}", SHIM_CAN_GO)
        return Proposal(self._module, target, SHIM, evidence, names=names)

    @staticmethod
    def _exported(body: _Body) -> str:
        return "all names of it" if body.stars else counted(len(body.exports), "name")

    def _is_shim_of(self, target: str, body: _Body) -> bool:
        """Return whether a module is a shim of another one, and not its public face."""
        # A warning proves a shim, wherever it leads; a mere re-export may be a public face.
        if body.warning is not None or body.replacement:
            return self._layout.locator.locate(target) is not None
        hidden = {part for part in target.split(".") if part.startswith("_")}
        is_private = not hidden <= set(self._module.split("."))
        is_near = target.startswith(f"{self._module}.") or self._module.startswith(f"{target}.")
        return self._layout.is_own(target) and not (is_private or is_near)

    def _of_names(self, body: _Body) -> Iterator[Proposal]:
        """Yield a rule for each name of a module that warns and re-exports several modules."""
        for name, target in sorted(body.exports.items()):
            evidence = (f"{self._file}: it warns, and only re-exports", SHIM_CAN_GO)
            yield Proposal(f"{self._module}:{name}", str(target), SHIM, evidence)

    def _named_in(self, warning: ast.Call | None) -> str:
        """Return the module that a warning's text names."""
        if warning is None:
            return ""
        for path in dotted_paths(warning):
            if path != self._module and self._layout.is_own(path):
                return path
        return ""


def _is_own_entry(node: ast.Subscript) -> bool:
    """Return whether a node is ``sys.modules[__name__]``."""
    name, parts = dotted(node.value)
    is_table = ".".join([name, *parts]) in ("sys.modules", "modules")
    return is_table and isinstance(node.slice, ast.Name) and node.slice.id == "__name__"
