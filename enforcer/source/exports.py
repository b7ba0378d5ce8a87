"""The map as configuration of other linters: ruff's banned API, and a contract of import-linter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tomlkit

from enforcer.rules.model import INSTANCES, NAME, TREE_SUFFIX, MigrationMap
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.resolution import Matcher

_NAME: Final = "Legacy paths are not imported"
_COMMAND: Final = "# Written by: enforcer export"


def for_ruff(migration_map: MigrationMap, *, is_own_file: bool = False) -> str:
    """Return the map as ``banned-api`` of ruff, whose rule TID251 refuses it.

    Args:
        migration_map: the map.
        is_own_file: whether it is for ``ruff.toml`` instead of ``pyproject.toml``.

    """
    prefix = "" if is_own_file else "tool.ruff."
    lines = [
        f"{_COMMAND} ruff, select TID251",
        f"[{prefix}lint.flake8-tidy-imports.banned-api]",
    ]
    for entry in migration_map:
        if entry.kind == INSTANCES:
            continue
        legacy = entry.legacy.removesuffix(TREE_SUFFIX).replace(":", ".")
        canonical = entry.canonical.removesuffix(TREE_SUFFIX).replace(":", ".")
        message = f"Use {canonical}." + (f" {entry.reason}" if entry.reason else "")
        lines.append(f"{_quoted(legacy)}.msg = {_quoted(message)}")
    return "".join(f"{line}\n" for line in lines)


def for_import_linter(migration_map: MigrationMap, *, is_own_file: bool = False) -> str:
    """Return the map as a forbidden contract of import-linter.

    Names of live modules are beyond its contracts, and so are legacy modules without a file: both
    are comments.

    Args:
        migration_map: the map.
        is_own_file: whether it is for ``.importlinter`` instead of ``pyproject.toml``.

    """
    modules, left_out = _legacy_modules(migration_map)
    packages = sorted({module.partition(".")[0] for module in modules})
    sources = [one for package in packages for one in (package, f"{package}.**")]
    comments = [f"# not a module of the source: {path}" for path in left_out]
    write = _ini if is_own_file else _toml
    lines = [f"{_COMMAND} import-linter", *comments, *write(packages, sources, modules)]
    return "".join(f"{line}\n" for line in lines)


def _legacy_modules(migration_map: MigrationMap) -> tuple[list[str], list[str]]:
    """Return the legacy modules that are files of the program, and the paths that are not."""
    locator = Locator(search_path(migration_map.root))
    matcher = Matcher(migration_map, locator, NameReader(locator))
    modules: list[str] = []
    left_out: list[str] = []
    for rule in migration_map.rules:
        found = [] if rule.kind == NAME else list(matcher.legacy_modules(rule))
        own = [module for module in found if _is_own(locator, module, migration_map.root)]
        modules += own
        if not own:
            left_out.append(rule.legacy)
    return sorted(set(modules)), left_out


def _is_own(locator: Locator, module: str, root: str) -> bool:
    located = locator.locate(module)
    if located is None or not located.has_source or located.file is None:
        return False
    return located.file.is_relative_to(Path(root))


def _toml(packages: list[str], sources: list[str], modules: list[str]) -> Iterator[str]:
    yield f"# [tool.importlinter] needs root_packages = {_array(packages)}"
    yield "[[tool.importlinter.contracts]]"
    yield f"name = {_quoted(_NAME)}"
    yield 'type = "forbidden"'
    yield f"source_modules = {_array(sources)}"
    yield f"forbidden_modules = {_array(modules)}"
    yield "as_packages = false"
    yield "allow_indirect_imports = true"


def _ini(packages: list[str], sources: list[str], modules: list[str]) -> Iterator[str]:
    yield "[importlinter]"
    yield from _list("root_packages", packages)
    yield ""
    yield "[importlinter:contract:legacy-paths]"
    yield f"name = {_NAME}"
    yield "type = forbidden"
    yield from _list("source_modules", sources)
    yield from _list("forbidden_modules", modules)
    yield "as_packages = false"
    yield "allow_indirect_imports = true"


def _list(key: str, values: list[str]) -> Iterator[str]:
    yield f"{key} ="
    yield from (f"    {value}" for value in values)


def _array(values: list[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()
