"""Entries of a map's ``exclude`` and ``expect_refusals`` that match nothing.

A typo in one of them would silently exclude no file, or apply to no test.
"""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pathspec import GitIgnoreSpec

from enforcer.rules.key_lines import key_lines
from enforcer.rules.model import MigrationMap
from enforcer.rules.regular_files import read_regular
from enforcer.rules.repository import top_of
from enforcer.source.functions import function_names
from enforcer.source.tree import own_files

EXCLUDE: Final = "exclude"
EXPECTING: Final = "expect_refusals"
_NODE: Final = "::"


class Unmatched(NamedTuple):
    """An entry that matches nothing.

    Attributes:
        key: the key of the map: ``exclude`` or ``expect_refusals``.
        entry: the entry as it is written.
        line: its line in the map, from 1; 0 if unknown.
        message: what is wrong, without a full stop.
        remedy: what to do.

    """

    key: str
    entry: str
    line: int
    message: str
    remedy: str


def find_unmatched(migration_map: MigrationMap) -> tuple[Unmatched, ...]:
    """Return the entries of a map that match no file and no test.

    Args:
        migration_map: the map, whose patterns are valid.

    """
    if not migration_map.exclude and not migration_map.expect_refusals:
        return ()
    root = Path(migration_map.root)
    files = [file.relative_to(root).as_posix() for file in own_files(root)]
    lines = _lines_of(Path(migration_map.path))
    found = [
        *_unmatched_patterns(migration_map.exclude, files, root),
        *_unmatched_tests(migration_map, files),
    ]
    return tuple(
        Unmatched(key, entry, lines.get((key, index), 0), message, remedy)
        for key, index, entry, message, remedy in found
    )


def _lines_of(file: Path) -> dict[tuple[str | int, ...], int]:
    """Return the lines of a map's arrays, by key and index."""
    try:
        text = read_regular(str(file)).decode("utf-8")
    except OSError:
        return {}
    return {path[-2:]: line for path, line in key_lines(text).items()}


Found = Iterator[tuple[str, int, str, str, str]]
"""Key, index, entry, message and remedy."""


def _unmatched_patterns(patterns: Iterable[str], files: list[str], root: Path) -> Found:
    for index, pattern in enumerate(patterns):
        wanted = pattern.strip().removeprefix("!")
        if not wanted or wanted.startswith("#"):
            continue
        # What git ignores is not among the files, and an entry for it is no mistake.
        if (root / wanted.strip("/")).exists():
            continue
        if not any(GitIgnoreSpec.from_lines([wanted]).match_files(files)):
            message = f'exclude: "{pattern}" leaves no file out'
            near = _near(wanted.strip("/"), [*_folders(files), *files])
            remedy = f'Write "{near}", or remove it' if near else "Mend the pattern, or remove it"
            yield EXCLUDE, index, pattern, message, remedy


def _unmatched_tests(migration_map: MigrationMap, files: list[str]) -> Found:
    folders = [Path(migration_map.root), Path(migration_map.path).parent]
    folders.append(Path(top_of(migration_map.root, migration_map.path)))
    for index, entry in enumerate(migration_map.expect_refusals):
        named, _, function = entry.partition("[")[0].partition(_NODE)
        file = next((folder / named for folder in folders if (folder / named).exists()), None)
        if file is None:
            kind = "folder" if named.endswith("/") else "file"
            known = _folders(files) if named.endswith("/") else files
            message, near = f'there is no {kind} "{named}"', _near(named, known)
        else:
            names = function_names(file) if file.suffix == ".py" and function else None
            if names is None or function.replace(_NODE, ".") in names:
                continue
            message = f'there is no test "{function}" in {named}'
            near = _near(function, (name.replace(".", _NODE) for name in sorted(names)))
            near = f"{named}{_NODE}{near}" if near else ""
        remedy = f'Write "{near}", or remove it' if near else "Remove it"
        yield EXPECTING, index, entry, f"{EXPECTING}: {message}", remedy


def _folders(files: Iterable[str]) -> list[str]:
    found = {file.rpartition("/")[0] for file in files}
    return [f"{folder}/" for folder in sorted(found) if folder]


def _near(word: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")
