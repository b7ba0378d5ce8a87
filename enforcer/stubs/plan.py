"""Which generated files a map needs, which of them are stale, and which have lost their rule.

A file is generated only where the legacy path has no code of its own. Whoever has generated none is
never told that some are missing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from enforcer.rules.atomic import replace, write_new
from enforcer.rules.model import NAME, TREE, MigrationMap, Rule
from enforcer.rules.stages import REMOVED
from enforcer.source.files import read_source
from enforcer.source.module_files import SOURCE_FOLDER, Located, Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.tree import own_files
from enforcer.stubs.content import MARK, module, package, stub


@dataclass(frozen=True, slots=True)
class Plan:
    """The generated files of a map.

    Attributes:
        files: the text of each file that there should be.
        stale: those that are missing, or have another text.
        orphans: files that were generated for a rule that is gone.
        skipped: why a rule has no files, one sentence for each.

    """

    files: dict[Path, str]
    stale: tuple[Path, ...] = ()
    orphans: tuple[Path, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def is_used(self) -> bool:
        """Return whether any file was generated before."""
        return bool(self.orphans) or any(file.exists() for file in self.files)


def plan(migration_map: MigrationMap) -> Plan:
    """Return the generated files that a map needs, compared with those that there are."""
    planner = _Planner(migration_map)
    for rule in migration_map.rules:
        planner.add(rule)
    files = planner.files
    root = Path(migration_map.root)
    # Each module has a stub, so that only stubs have to be looked at.
    stubs = [file for file in own_files(root, (".pyi",)) if is_generated(file)]
    pairs = [one for file in stubs for one in (file, file.with_suffix(".py"))]
    return Plan(
        files,
        tuple(sorted(file for file, text in files.items() if _text(file) != text)),
        tuple(sorted(one for one in pairs if one not in files and is_generated(one))),
        tuple(planner.skipped),
    )


def is_generated(file: Path) -> bool:
    """Return whether a file was generated, by its first line."""
    return _text(file).startswith(MARK)


def write(planned: Plan) -> None:
    """Write the stale files, each as a whole, and delete the orphans.

    Raises:
        OSError: if one can't be written; those before it are.

    """
    for file in planned.stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        data = planned.files[file].encode()
        replace(str(file), lambda draft, data=data: write_new(draft, data))  # type: ignore[misc]
    # Last: if writing fails, no file is missing that was there.
    for file in planned.orphans:
        file.unlink()
        _remove_empty(file.parent)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # there is something else in it


def _text(file: Path) -> str:
    try:
        return read_source(file).decode("utf-8")
    except (OSError, ValueError):
        return ""


class _Planner:
    def __init__(self, migration_map: MigrationMap) -> None:
        self._root = Path(migration_map.root)
        self._locator = Locator(search_path(migration_map.root))
        self._names = NameReader(self._locator)
        self._map = migration_map
        self.files: dict[Path, str] = {}
        self.skipped: list[str] = []

    def add(self, rule: Rule) -> None:
        """Add the files of a rule, or the reason why it has none."""
        reason = self._reason_against(rule)
        if reason:
            self.skipped.append(f"{rule.legacy}: {reason}")
            return
        pairs = [(rule.module, rule.target)]
        if rule.kind == TREE:
            pairs += [(path, rule.canonical_of(path)) for path in self._below(rule)]
        for legacy, canonical in pairs:
            names = rule.names if legacy == rule.module else {}
            self._add_module(legacy, canonical, names)

    def _reason_against(self, rule: Rule) -> str:
        if rule.kind == NAME:
            return "the module lives on, and a stub beside it would hide its other names"
        if rule.stage == REMOVED:
            return "it is removed"
        if rule.implementation:
            return "its own code still runs"
        if self._locator.locate(rule.target) is None:
            return f"there is no module {rule.target}"
        own = self._own_code(rule.module)
        return f"{own} has code of its own" if own else ""

    def _own_code(self, path: str) -> str:
        """Return the file of a legacy module that was not generated."""
        located = self._locator.locate(path)
        if located is None or located.file is None or is_generated(located.file):
            return ""
        return os.path.relpath(located.file, self._root)

    def _below(self, rule: Rule) -> Iterator[str]:
        """Yield the legacy paths of all modules below a tree."""
        waiting = [rule.target]
        while waiting:
            located = self._locator.locate(waiting.pop())
            if located is None:
                continue
            for inner in self._locator.submodules(located):
                legacy = rule.module + inner[len(rule.target) :]
                # A rule for a path below the tree adds files of its own.
                if self._map.match(legacy) is rule and not self._own_code(legacy):
                    yield legacy
                    waiting.append(inner)

    def _add_module(self, legacy: str, canonical: str, names: dict[str, str]) -> None:
        located = self._locator.locate(canonical)
        if located is None:
            return
        has_modules = located.kind in ("package", "namespace")
        base = self._base(legacy)
        file = base.joinpath(*legacy.split("."))
        file = file / "__init__.py" if has_modules else file.with_suffix(".py")
        self.files[file] = module(canonical, names)
        self.files[file.with_suffix(".pyi")] = stub(located, self._names.names_of(located), names)
        self._add_packages(legacy, base)

    def _add_packages(self, legacy: str, base: Path) -> None:
        """Add the packages around a module that are gone."""
        parent = legacy.rpartition(".")[0]
        while parent:
            located: Located | None = self._locator.locate(parent)
            file = base.joinpath(*parent.split("."), "__init__.py")
            is_missing = located is None or located.kind == "namespace"
            if (is_missing or is_generated(file)) and file not in self.files:
                self.files[file] = package()
                self.files[file.with_suffix(".pyi")] = package()
            parent = parent.rpartition(".")[0]

    def _base(self, legacy: str) -> Path:
        """Return the folder whose modules have the top package of a legacy path, or will."""
        source = self._root / SOURCE_FOLDER
        top = legacy.partition(".")[0]
        if (source / top).exists() or (source.is_dir() and not (self._root / top).exists()):
            return source
        return self._root
