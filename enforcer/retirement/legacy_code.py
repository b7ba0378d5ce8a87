"""The code of a legacy path in the source tree: the files to delete, and definitions of names."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enforcer.errors import EnforcerError
from enforcer.recording.distributions import distribution_of
from enforcer.rules.model import FACTORY, NAME, MigrationMap, Rule, covers_path
from enforcer.rules.repository import with_slashes
from enforcer.rules.stages import REMOVED
from enforcer.source.module_files import SOURCE_FOLDER, Located, Locator, search_path

_SUFFIXES: Final = (".py", ".pyi", ".pyw")

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class ByHand:
    """A place that a person has to look at.

    Attributes:
        file: the file.
        line: the line, from 1; 0 for the whole file.
        reason: what to do there, and why it is not done.

    """

    file: Path
    line: int
    reason: str


def require_own(rule: Rule, migration_map: MigrationMap) -> None:
    """Raise an error if the code of a legacy path is not in the map's own tree.

    Raises:
        EnforcerError: if an installed distribution has it, whose authors delete it.

    """
    if _own(rule.module, migration_map) is not None:
        return
    located = Locator(search_path(migration_map.root)).locate(rule.module)
    if located is None:
        return
    # A namespace package has folders and no file.
    place = located.file or Path((located.folders or ("",))[0])
    name = distribution_of(with_slashes(str(place)))
    if name:
        message = (
            f'"{rule.legacy}" is code of the distribution {name}: its authors delete it. Advance '
            "the rule to keep your own callers away from it (not-own-code)"
        )
        raise EnforcerError(message)


def require_childless(rule: Rule, migration_map: MigrationMap) -> None:
    """Raise an error if other rules lie below a path: without their parent they can't be imported.

    Raises:
        EnforcerError: if one of them is not removed yet.

    """
    if rule.kind in (NAME, FACTORY):
        return
    for other in migration_map.rules:
        is_below = other.kind != NAME and covers_path(rule.legacy, other.module)
        if other is not rule and is_below and other.stage != REMOVED:
            message = (
                f'"{other.legacy}" is below "{rule.legacy}", and could not be imported without it. '
                f"Run first: enforcer retire {other.legacy} (rule-below)"
            )
            raise EnforcerError(message)


def files_of(rule: Rule, migration_map: MigrationMap) -> list[Path]:
    """Return the files of a legacy module or tree.

    No canonical module is among them: a map in which a rule leads into a legacy tree is a mistake.
    """
    located = _own(rule.module, migration_map)
    # A package's __init__.py is found twice: as the module's file, and below its folder.
    return sorted(set(_all_files(located))) if located is not None else []


def _own(module: str, migration_map: MigrationMap) -> Located | None:
    """Return where a module is in the map's own tree."""
    root = Path(migration_map.root)
    return Locator([str(root), str(root / SOURCE_FOLDER)]).locate(module)


def _all_files(located: Located) -> Iterator[Path]:
    """Yield the files of a module; of a package all that is below it, data too."""
    if located.file is not None:
        yield located.file
        stub = located.file.with_suffix(".pyi")
        if stub.is_file():
            yield stub
    for folder in located.folders:
        for file in Path(folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def module_file(module: str, migration_map: MigrationMap) -> Path | None:
    """Return the source file of a module in the map's own tree; None if there is none."""
    located = _own(module, migration_map)
    return located.file if located is not None and located.has_source else None


def without_name(text: str, name: str) -> tuple[str, str]:
    """Return a module's source without the definition of a name, and why it is not that simple.

    Args:
        text: the source, which can be parsed.
        name: the name; ``Class.method`` for a method.

    Returns:
        The new text, and a reason; the text is unchanged if there is a reason.

    """
    tree = ast.parse(text)
    *classes, last = name.split(".")
    body = tree.body
    for class_name in classes:
        found = [one for one in body if isinstance(one, ast.ClassDef) and one.name == class_name]
        if len(found) != 1:
            return text, f'the class "{class_name}" is not defined once at its top level'
        body = found[0].body
    defining = [one for one in body if last in _bound(one)]
    if len(defining) != 1:
        how = "is not defined" if not defining else "is defined several times"
        return text, f'"{name}" {how} at its top level'
    (statement,) = defining
    if _bound(statement) != [last]:
        return text, f'the statement that defines "{name}" defines other names, too'
    if len(body) == 1:
        return text, f'nothing would be left of the block that defines "{name}"'
    # Not for methods: they are read as attributes of any object, which no syntax shows.
    if not classes and _is_read(tree, last, statement):
        return text, f'other code of the module uses "{name}"'
    return _without(text, statement, last), ""


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, _Definition):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [one.id for one in statement.targets if isinstance(one, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    if isinstance(statement, ast.ImportFrom | ast.Import):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    return []


def _is_read(tree: ast.Module, name: str, defining: ast.stmt) -> bool:
    # A definition that uses itself, as recursion does, is no other code.
    inside = {id(node) for node in ast.walk(defining)}
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and id(node) not in inside
        for node in ast.walk(tree)
    )


def _without(text: str, statement: ast.stmt, name: str) -> str:
    lines = text.splitlines(keepends=True)
    decorators = getattr(statement, "decorator_list", [])
    # Since CPython 3.8 the line of a definition is that of "def", not of its first decorator.
    first = min([statement.lineno, *(one.lineno for one in decorators)]) - 1
    end = statement.end_lineno or statement.lineno
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    is_last = end == len(lines)
    # The blank lines behind it go with it; at the end of the file those before it.
    while end < len(lines) and not lines[end].strip():
        end += 1
    while is_last and first and not lines[first - 1].strip():
        first -= 1
    return _without_export("".join((*lines[:first], *lines[end:])), name)


def _without_export(text: str, name: str) -> str:
    """Remove a name from ``__all__``, if that is a list or tuple of strings on lines of its own."""
    # Parsed again: the lines of __all__ have moved with what was removed above it.
    for statement in ast.parse(text).body:
        if not (isinstance(statement, ast.Assign) and "__all__" in _bound(statement)):
            continue
        if not isinstance(statement.value, ast.List | ast.Tuple):
            continue
        for element in statement.value.elts:
            if isinstance(element, ast.Constant) and element.value == name:
                return _without_element(text, element)
    return text


def _without_element(text: str, element: ast.Constant) -> str:
    lines = text.splitlines(keepends=True)
    line = lines[element.lineno - 1].encode()
    # The offsets of ast count bytes of UTF-8.
    before = line[: element.col_offset].decode()
    after = line[element.end_col_offset or 0 :].decode()
    rest = after.lstrip()
    if rest.startswith(","):
        after = rest[1:].lstrip(" ")
    else:
        before = before.rstrip().removesuffix(",")
    joined = before + after
    lines[element.lineno - 1] = joined if joined.strip() else ""
    return "".join(lines)
