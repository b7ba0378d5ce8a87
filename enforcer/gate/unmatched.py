"""Baseline and exemption entries that match no rule, file or function."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from enforcer.baseline.model import Baseline, Key
from enforcer.baseline.renamed_files import SHALLOW, has_lost_renames, is_foreign
from enforcer.rules.exemptions import FUNCTION
from enforcer.rules.model import TREE_SUFFIX, MigrationMap
from enforcer.rules.values import nearest
from enforcer.source.functions import function_names, is_written_by_python
from enforcer.source.tree import own_files

_REMOVE = "Remove the line"


class Unknown(NamedTuple):
    """An entry with a name that does not exist.

    Attributes:
        place: the file and the line of the entry.
        path: the legacy path; empty where a caller is unknown.
        message: what is wrong.
        remedy: what to do.

    """

    place: tuple[str, int]
    path: str
    message: str
    remedy: str


class Names:
    """Checker of names against the map and the program's files."""

    def __init__(self, migration_map: MigrationMap) -> None:
        """Prepare; files are read when an entry names them."""
        self._map = migration_map
        self._root = Path(migration_map.root)
        self._paths = [rule.legacy.removesuffix(TREE_SUFFIX) for rule in migration_map]
        self._functions = cache(function_names)

    def unknown(self, baseline: Baseline, stale: frozenset[Key]) -> Iterator[Unknown]:
        """Yield the unknown names.

        Args:
            baseline: the baseline whose entries to check.
            stale: the keys of entries that are known to be gone.

        """
        for exemption in self._map.allow:
            file, _, function = exemption.caller.partition(FUNCTION)
            place = self._map.path, exemption.line
            yield from self._unknown_path(exemption.path, place)
            yield from self._unknown_caller(file, function, place)
        is_lost = has_lost_renames(baseline, self._map)
        for entry in baseline:
            place = baseline.path, entry.line
            yield from self._unknown_path(entry.path, place)
            if entry.key not in stale and not is_foreign(entry.file):
                for one in self._unknown_caller(entry.file, entry.function, place):
                    is_file = not (self._root / entry.file).exists()
                    remedy = f"{SHALLOW[0].upper()}{SHALLOW[1:]}"
                    yield one._replace(remedy=remedy) if is_lost and is_file else one

    def _unknown_path(self, path: str, place: tuple[str, int]) -> Iterator[Unknown]:
        covered = path.removesuffix(TREE_SUFFIX)
        while covered:
            if covered in self._paths:
                return
            covered = covered.rpartition(":" if ":" in covered else ".")[0]
        remedy = nearest(path, self._paths)
        yield Unknown(place, path, f'no rule has the path "{path}"', remedy)

    def _unknown_caller(
        self, file: str, function: str, place: tuple[str, int]
    ) -> Iterator[Unknown]:
        if not (self._root / file).exists():
            files = [each.relative_to(self._root).as_posix() for each in own_files(self._root)]
            yield Unknown(place, "", f'there is no file "{file}"', _nearest(file, files))
            return
        names = self._functions(self._root / file)
        if names is None or not function or function in names or is_written_by_python(function):
            return
        message = f'there is no function "{function}" in {file}'
        yield Unknown(place, "", message, _nearest(function, sorted(names)))


def _nearest(word: str, known: list[str]) -> str:
    said = nearest(word, known)
    return said if said.startswith("Write") else f"{_REMOVE}."
