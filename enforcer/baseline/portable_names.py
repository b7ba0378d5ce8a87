"""Replacement of absolute file names in a baseline by names that are valid on every machine."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from enforcer.baseline.model import Baseline, Entry, Key
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import is_below, is_of_one_machine, top_of, with_slashes

PYTHONS_OWN: Final = "it is Python's own code, which would let everybody through"
NOBODYS: Final = "it is no file of this repository"

_STDLIB: Final = re.compile(r"/lib(?:64)?/python3\.\d+t?/|/python3\d+\.zip/")
_FEWEST_PARTS: Final = 2
"""Smallest number of trailing parts of a foreign path that must match a file here."""


class Rewriting(NamedTuple):
    """A replacement for one entry's file.

    Attributes:
        entry: the entry as it was.
        file: its file's new name; empty if the entry must be removed.
        reason: why it must be removed.

    """

    entry: Entry
    file: str
    reason: str


def why_not(file: str) -> str:
    """Return why a baseline can't contain a file; empty if it can."""
    if not is_of_one_machine(file):
        return ""
    library = os.path.dirname(os.__file__)  # a str
    is_pythons = _STDLIB.search(file) or is_below(file, library)
    return PYTHONS_OWN if is_pythons else NOBODYS


def rewritings(baseline: Iterable[Entry], migration_map: MigrationMap) -> list[Rewriting]:
    """Return the replacements for entries whose files exist on one machine only.

    Args:
        baseline: its entries.
        migration_map: the map, whose root files are relative to.

    """
    named = [entry for entry in baseline if is_of_one_machine(entry.file)]
    if not named:
        return []
    top = top_of(migration_map.root, migration_map.path)
    return [_rewriting(entry, migration_map.root, top) for entry in named]


def _rewriting(entry: Entry, root: str, top: str) -> Rewriting:
    reason = why_not(entry.file)
    if reason != PYTHONS_OWN:
        here = _file_here(entry.file, top)
        if here:
            return Rewriting(entry, with_slashes(os.path.relpath(here, root)), "")
    return Rewriting(entry, "", reason)


def _file_here(file: str, top: str) -> str:
    """Return the repository's file for a path, which may be from another machine's checkout."""
    if is_below(file, top):
        return file
    parts = file.split("/")
    for start in range(1, len(parts) - _FEWEST_PARTS + 1):
        here = Path(top, *parts[start:])
        if here.is_file():
            return str(here)
    return ""


def rewritten(baseline: Baseline, changes: list[Rewriting]) -> Baseline:
    """Return a baseline with the replacements applied."""
    if not changes:
        return baseline
    names: dict[Key, str] = {change.entry.key: change.file for change in changes}
    entries: dict[Key, Entry] = {}
    for entry in baseline:
        file = names.get(entry.key)
        if file == "":
            continue
        moved = entry.changed(file=file)
        known = entries.get(moved.key)
        if known is not None:
            moved = moved.joined(known, count=max(moved.count, known.count))
        entries[moved.key] = moved
    return baseline.changed(entries.values())
