"""Bundle the modules that a frozen program needs of the enforcer (PyInstaller, cx_Freeze, Nuitka).

Freezers bundle the modules that they find in import statements. A canonical module that only a
migration map names is in no statement, so its alias would find no module. PyInstaller finds the
hooks in this package by the entry point ``pyinstaller40``; other freezers need the names that
``python -m enforcer.freezing`` prints.
"""

from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules

from enforcer.rules.model import TREE, MigrationMap

HOOKS = Path(__file__).with_name("hooks")


def hook_folders() -> list[str]:
    """Return the folders with hooks for PyInstaller."""
    return [str(HOOKS)]


def modules_of(migration_map: MigrationMap) -> list[str]:
    """Return the canonical modules of a map, sorted; of trees including all modules below.

    Nothing is imported. Modules that a package creates while it is executed are not included.

    Args:
        migration_map: the map.

    """
    found = set()
    for rule in migration_map.rules:
        found |= set(_tree(rule.target)) if rule.kind == TREE else {rule.target}
    for factory in migration_map.factories:
        found.add(factory.answering.partition(":")[0])
    for instances in migration_map.instances:
        found.add(instances.canonical.partition(":")[0])
    return sorted(found)


def _tree(package: str) -> Iterator[str]:
    from enforcer.runtime.imports.module_files import Locator  # noqa: PLC0415 - with the import part

    yield package
    spec = Locator().locate(package)
    for module in iter_modules(spec.submodule_search_locations or () if spec else ()):
        name = f"{package}.{module.name}"
        yield from _tree(name) if module.ispkg else [name]
