"""Import paths to what may be one thing: classes and functions of nearly the same name, by module.

Each path has its callers. The canonical module is proposed by use, by name, and by what the other
modules of the group import.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from enforcer.discovery.layout import Layout, is_importable
from enforcer.discovery.targets import Bindings, Target
from enforcer.source.files import read_source, reason_of
from enforcer.source.importer import Importer
from enforcer.source.interest import Interest
from enforcer.source.names import parse
from enforcer.source.references import find_references
from enforcer.source.tree import own_files
from enforcer.verdict.code_kind import is_test_file

_EXACT: Final = 3
"""What a module is worth that has the very name: as much as three callers."""
_IMPORTED: Final = 2
"""What a module is worth for each other module of the group that imports it."""

Kind = Literal["class", "function", "alias", "re-export"]
Role = Literal["canonical", "wrapper", "implementation", "other wrapper", "apart"]

ROLES: Final[tuple[Role, ...]] = (
    "canonical", "wrapper", "implementation", "other wrapper", "apart",
)  # fmt: skip
"""What a module is to the canonical one, in the order in which paths are listed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A place that uses a path: a file, its line, and whether it is a test."""

    file: str
    line: int
    is_test: bool


@dataclass(frozen=True, slots=True)
class ImportPath:
    """A name in a module, by which something can be imported.

    Attributes:
        module: the module's dotted path.
        name: the name.
        kind: how the module has it.
        file: the module's file, relative to the root.
        line: the line of the definition.
        node: the definition, for a class or a function.
        callers: the places that use this path.
        role: what the module is to the canonical one.
        repeats: whether a path before it in the list has the same name.

    """

    module: str
    name: str
    kind: Kind
    file: str
    line: int
    node: ast.stmt
    callers: tuple[Caller, ...] = ()
    role: Role = "apart"
    repeats: bool = False

    @property
    def path(self) -> str:
        """Return the dotted path."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class Group:
    """The import paths that a name was found under.

    Attributes:
        name: what was asked for.
        paths: the paths, those of the canonical module first.
        canonical: the proposed canonical module; empty if there are no paths.
        bindings: the names of each module of the group.
        notes: the files that could not be read.

    """

    name: str
    paths: list[ImportPath] = field(default_factory=list)
    canonical: str = ""
    bindings: dict[str, Bindings] = field(default_factory=dict)
    trees: dict[str, ast.Module] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_paths(name: str, layout: Layout) -> Group:
    """Return the import paths to what a name means, such as ``WebSocketManager``.

    Args:
        name: the name, or words of it: ``"WebSocket manager"``.
        layout: the program.

    """
    group = Group(name)
    words = normal(name)
    pattern = re.compile(r"[_\W]*".join(map(re.escape, words)).encode(), re.IGNORECASE)
    contents = dict(_mentioning(pattern, layout, group))
    for file, tree in contents.items():
        _read_definitions(file, tree, words, layout, group)
    callers = _callers(contents, layout, {one.module for one in group.paths})
    group.paths = [
        replace(one, callers=tuple(sorted(callers[one.path], key=lambda place: place.file)))
        for one in group.paths
    ]
    # A name that is only passed on, and that nobody asks for there, is no path of its own.
    group.paths = [one for one in group.paths if one.kind != "re-export" or one.callers]
    _assign_roles(group, words)
    return group


def normal(name: str) -> str:
    """Return a name without case, underscores and blanks."""
    return re.sub(r"[\W_]+", "", name).lower()


def _mentioning(
    pattern: re.Pattern[bytes], layout: Layout, group: Group
) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the files that mention a name, parsed."""
    for file in own_files(layout.root):
        try:
            if pattern.search(read_source(file)):
                yield file, parse(file)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            shown = file.relative_to(layout.root).as_posix()
            group.notes.append(f"{shown} is not read: {reason_of(error)}")


def _read_definitions(
    file: Path, tree: ast.Module, words: str, layout: Layout, group: Group
) -> None:
    shown = file.relative_to(layout.root).as_posix()
    module = layout.module_of(shown) if is_importable(shown) else ""
    if not module:
        return
    found = [
        ImportPath(module, name, kind, shown, node.lineno, node)
        for name, kind, node in _names(tree)
        if words in normal(name)
    ]
    if found:
        importer = Importer(module, is_package=file.name == "__init__.py")
        group.bindings[module] = Bindings(tree, importer, layout)
        group.trees[module] = tree
        group.paths += found


def _names(tree: ast.Module) -> Iterator[tuple[str, Kind, ast.stmt]]:
    """Yield the classes, functions and other names for them that a module has."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                yield name, "class", node
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, "function", node
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name() | ast.Attribute()):
                yield name, "alias", node
            case ast.ImportFrom(names=names):
                for alias in names:
                    yield alias.asname or alias.name, "re-export", node
            case _:
                pass


def _callers(
    files: Mapping[Path, ast.Module], layout: Layout, modules: set[str]
) -> defaultdict[str, set[Caller]]:
    """Return the places that use each path of some modules."""
    interest = Interest(modules)
    found: defaultdict[str, set[Caller]] = defaultdict(set)
    for file, tree in files.items():
        shown = file.relative_to(layout.root).as_posix()
        own = layout.module_of(shown)
        is_package = file.name == "__init__.py"
        references = find_references(tree, [Importer(own, is_package=is_package)], interest)
        for reference in references.references:
            if reference.form == "string":
                continue
            caller = Caller(shown, reference.line, is_test=is_test_file(shown))
            module, _, name = reference.path.rpartition(".")
            paths = [f"{reference.path}.{one}" for one in reference.names]
            if reference.form == "attribute" and module in modules:
                paths.append(f"{module}.{name}")
            for path in paths:
                found[path].add(caller)
    return found


def _assign_roles(group: Group, words: str) -> None:
    """Choose the canonical module, and order the paths by what they are to it."""
    # Sorted, as of equal ones the first is chosen.
    modules = sorted({one.module for one in group.paths if one.kind != "re-export"})
    if not modules:
        group.paths = []
        return
    imports = {module: _imported(group, module, modules) for module in modules}
    group.canonical = max(modules, key=lambda module: _worth(group, module, words, imports))
    below = imports[group.canonical]

    def role(module: str) -> Role:
        if module == group.canonical:
            return "canonical"
        used = imports.get(module, set())
        if group.canonical in used:
            return "wrapper"
        if module in below:
            return "implementation"
        return "other wrapper" if used & below else "apart"

    ordered = sorted(
        (replace(one, role=role(one.module)) for one in group.paths),
        key=lambda one: (
            ROLES.index(one.role),
            one.module,
            one.kind == "re-export",
            -len(one.callers),
            one.line,
        ),
    )
    seen: set[str] = set()
    group.paths = []
    for one in ordered:
        group.paths.append(replace(one, repeats=one.name in seen))
        seen.add(one.name)


def _imported(group: Group, module: str, modules: Sequence[str]) -> set[str]:
    """Return which of some modules a module imports at its top level."""
    found = set()
    for node in group.trees[module].body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                target = group.bindings[module].target(alias.asname or alias.name)
                found.add(target.module if target is not None else "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & set(modules) - {module}


def _worth(group: Group, module: str, words: str, imports: dict[str, set[str]]) -> tuple[int, int]:
    """Return how much speaks for a module: its callers, its name, and who imports it."""
    own = [one for one in group.paths if one.module == module]
    files = {one.file for one in group.paths}
    callers = {
        caller
        for one in own
        for caller in one.callers
        if not (caller.is_test or caller.file in files)
    }
    worth = len(callers)
    worth += _IMPORTED * sum(module in used for used in imports.values())
    if any(normal(one.name) == words and not one.name.startswith("_") for one in own):
        worth += _EXACT
    return worth, -module.count(".")


def origin(path: ImportPath, group: Group) -> Target | None:
    """Return what an alias or a re-export stands for."""
    bindings = group.bindings[path.module]
    if isinstance(path.node, ast.Assign):
        return bindings.resolve(path.node.value)
    return bindings.target(path.name) if path.kind == "re-export" else None
