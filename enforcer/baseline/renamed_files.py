"""Renamed files and functions: a baseline brought up to date with the history in git."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from enforcer.baseline.model import Baseline, Entry, Key
from enforcer.baseline.portable_names import rewritings, rewritten
from enforcer.baseline.renamed_functions import renamed_functions
from enforcer.rules.git import ask_git
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import SITE_FOLDERS, is_absolute, top_of, with_slashes

_TIMEOUT: Final = 30.0
_RENAMED_FIELDS: Final = 3
_FOREIGN: Final = (*(f"{folder}/" for folder in SITE_FOLDERS), "<")


def follow_renames(baseline: Baseline, migration_map: MigrationMap) -> Baseline:
    """Return a baseline with the current names of files and functions, valid on every machine.

    Git is run only if a file or function of the baseline's is missing.

    Args:
        baseline: the baseline as it was written.
        migration_map: the map, whose root the baseline's files are relative to.

    """
    if baseline.source is not None:
        source = follow_renames(baseline.source, migration_map)
        baseline = Baseline(baseline, baseline.path, source)
    root = Path(migration_map.root)
    baseline = rewritten(baseline, rewritings(baseline, migration_map))
    missing = _missing_files(baseline, root)
    top = Path(top_of(migration_map.root, migration_map.path)) if missing else root
    renamed = _renamed(missing, root, top) if missing else {}
    moves = [(entry, entry.changed(file=renamed.get(entry.file))) for entry in baseline]
    functions = _renamed_functions(moves, baseline, migration_map)
    if not renamed and not functions:
        return baseline
    entries: dict[object, Entry] = {}
    for _, moved in moves:
        moved.function = functions.get(moved.key, moved.function)
        # Two functions or files that were merged: the call sites of both entries exist.
        known = entries.get(moved.key)
        if known is not None:
            moved = moved.joined(known, count=moved.count + known.count)  # noqa: PLW2901 - joined
        entries[moved.key] = moved
    return baseline.changed(entries.values())


SHALLOW: Final = (
    "this clone is shallow, so renames can't be followed: check out with fetch-depth: 0, "
    "or run: git fetch --unshallow"
)


def has_lost_renames(baseline: Baseline, migration_map: MigrationMap) -> bool:
    """Return whether a file is missing that may have been renamed before a shallow clone begins."""
    root = Path(migration_map.root)
    if not _missing_files(baseline, root):
        return False
    return _git(root, "rev-parse", "--is-shallow-repository").strip() == "true"


def is_foreign(file: str) -> bool:
    """Return whether a caller's file is not one of the program's, or no file at all."""
    return is_absolute(file) or file.startswith(_FOREIGN)


def _renamed_functions(
    moves: list[tuple[Entry, Entry]], baseline: Baseline, migration_map: MigrationMap
) -> dict[Key, str]:
    root = Path(migration_map.root)
    before = {moved.key: entry.file for entry, moved in moves}
    own = [moved for _, moved in moves if not is_foreign(moved.file)]
    commits: list[str] = []

    def source_before(entry: Entry) -> str:
        if not commits:
            file = Path(baseline.path or migration_map.path)
            words = ("log", "-1", "--format=%H", "--", str(file))
            commits.append(_git(root, *words).strip() or "HEAD")
        return _git(root, "show", f"{commits[0]}:./{before[entry.key]}")

    return renamed_functions(own, root, source_before)


def _missing_files(baseline: Baseline, root: Path) -> set[str]:
    files = {entry.file for entry in baseline if not is_foreign(entry.file)}
    return {file for file in files if not (root / file).exists()}


def _renamed(missing: set[str], root: Path, top: Path) -> dict[str, str]:
    """Return the current names of missing files, relative to the root."""
    steps = {**_history(top), **_uncommitted(top)}
    found = {}
    for file in missing:
        name = with_slashes(os.path.relpath(root / file, top))
        seen = {name}
        while name in steps and steps[name] not in seen:
            name = steps[name]
            seen.add(name)
        if (top / name).exists():
            found[file] = with_slashes(os.path.relpath(top / name, root))
    return found


def _history(top: Path) -> dict[str, str]:
    # With "-z" paths are separated by NUL and not quoted, so that any file name can be parsed.
    words = ("log", "--diff-filter=R", "--find-renames", "--name-status", "--format=", "--relative")
    # git log lists the newest commit first, and the last rename is the valid one.
    steps: dict[str, str] = {}
    for old, new in _read(_git(top, *words, "-z")):
        steps.setdefault(old, new)
    return steps


def _uncommitted(top: Path) -> dict[str, str]:
    words = ("diff", "HEAD", "--diff-filter=R", "--find-renames", "--name-status", "--relative")
    index = _git(top, "rev-parse", "--path-format=absolute", "--git-path", "index").rstrip("\n")
    if not index or not Path(index).is_file():
        return {}
    # git detects renames only to files that are in the index: new files are added to a copy of it.
    with TemporaryDirectory(prefix="enforcer-renames-") as folder:
        copy = shutil.copy(index, folder)
        _git(top, "add", "--intent-to-add", "--all", ".", index=copy)
        return dict(_read(_git(top, *words, "-z", index=copy)))


def _read(output: str) -> list[tuple[str, str]]:
    """Parse git's output: ``R100``, the old and the new name, each terminated by NUL."""
    fields = [field.strip("\n") for field in output.split("\0")]
    fields = [field for field in fields if field]
    return [
        (fields[place + 1], fields[place + 2])
        for place in range(0, len(fields) - _RENAMED_FIELDS + 1, _RENAMED_FIELDS)
    ]


def _git(root: Path, *words: str, index: str = "") -> str:
    """Return the output of a git command; empty without git or outside of a repository."""
    environ = {**os.environ, "GIT_INDEX_FILE": index} if index else None
    answer = ask_git(str(root), *words, timeout=_TIMEOUT, environ=environ)
    text = (answer or b"").decode("utf-8", "surrogateescape")
    # Universal newlines, as when Python reads source.
    return text.replace("\r\n", "\n")
