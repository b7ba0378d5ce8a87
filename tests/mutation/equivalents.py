"""Mutants that no test has to notice, because a program can't tell them from the original.

They are kept in ``equivalents.toml``, found by the text of their line, so that lines may move.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant

FILE = Path(__file__).with_name("equivalents.toml")


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One entry of the list.

    Attributes:
        file: the module, relative to the tree.
        line: the source line, without its indentation.
        reason: why nobody can tell the difference.
        change: the change, as reports show it; empty for every change of that line.

    """

    file: str
    line: str
    reason: str
    change: str = ""

    def is_for(self, mutant: Mutant) -> bool:
        """Whether it speaks of this mutant."""
        is_line = (self.file, self.line) == (mutant.path, mutant.text)
        return is_line and self.change in ("", mutant.change)


def listed(file: Path = FILE) -> list[Equivalent]:
    """Return the list's entries."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return [Equivalent(**entry) for entry in table.get("mutant", [])]


def without(mutants: list[Mutant], entries: list[Equivalent]) -> list[Mutant]:
    """Return the mutants that are not listed."""
    return [mutant for mutant in mutants if not any(entry.is_for(mutant) for entry in entries)]


def outdated(mutants: list[Mutant], entries: list[Equivalent]) -> list[Equivalent]:
    """Return the entries that speak of none of the mutants: their line was changed since."""
    return [entry for entry in entries if not any(entry.is_for(mutant) for mutant in mutants)]
