"""What a scan looks for in a file: paths, the words that they end with, and lines with them."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import Final

from enforcer.rules.model import TREE_SUFFIX, MigrationMap
from enforcer.source.import_calls import IMPORT_CALLS

# Lines on which a name may be bound to a module, or a test be marked.
_ALWAYS: Final = ("import", *IMPORT_CALLS, "pytestmark")


class Interest:
    """The dotted paths that a scan looks for."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Set the paths: of modules, or of names in them."""
        self._paths = frozenset(paths)
        self._above = frozenset(above for path in self._paths for above in _upwards(path))
        words = {path.rpartition(".")[2] for path in self._paths}
        self._pattern = _any_of({*words, *_ALWAYS})

    @classmethod
    def of(cls, migration_map: MigrationMap) -> "Interest":
        """Return what a map's rules, factories and instances are about."""
        paths = [entry.legacy.removesuffix(TREE_SUFFIX) for entry in migration_map]
        paths += [entry.canonical for entry in migration_map.instances]
        return cls(path.replace(":", ".") for path in paths)

    def touches(self, path: str) -> bool:
        """Return whether a path is one of them, or above or below one."""
        return path in self._above or self.covers(path)

    def covers(self, path: str) -> bool:
        """Return whether a path is one of them, or below one."""
        return any(above in self._paths for above in _upwards(path))

    def lines(self, source: bytes, names: Collection[str]) -> "Lines":
        """Return the lines of a file that can matter.

        Args:
            source: the file's content.
            names: the names that are bound to modules of interest.

        """
        # Lines end as they do for Python.
        text = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in source else source
        numbers = _lines_with(self._pattern, text)
        if names:
            numbers = sorted({*numbers, *_lines_with(_any_of(names), text)})
        return Lines(numbers)


class Lines:
    """Numbers of lines, in order."""

    def __init__(self, numbers: list[int]) -> None:
        """Set the numbers."""
        self._numbers = numbers

    def are_in(self, first: int, last: int) -> bool:
        """Return whether one of them is in a range."""
        index = bisect_left(self._numbers, first)
        return index < len(self._numbers) and self._numbers[index] <= last


def _upwards(path: str) -> Iterable[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def _any_of(words: Collection[str]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(word.encode()) for word in sorted(words)))


def _lines_with(pattern: re.Pattern[bytes], text: bytes) -> list[int]:
    numbers: list[int] = []
    line, position = 1, 0
    for found in pattern.finditer(text):
        line += text.count(b"\n", position, found.start())
        position = found.start()
        if not numbers or numbers[-1] != line:
            numbers.append(line)
    return numbers
