"""Compiled extension modules that may be incompatible with an alias.

C code that asks an alias for its dictionary (``PyModule_GetDict``) gets an error, and
``PyImport_AddModule`` replaces an alias by an empty module. A compiled file that does one of the
two and contains a legacy path is a candidate; the file does not show whether it really does it to
that path.
"""

import mmap
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enforcer.rules.model import NAME, MigrationMap, Rule
from enforcer.rules.regular_files import open_regular
from enforcer.rules.stages import REMOVED
from enforcer.source.tree import own_files

SUFFIXES: Final = (".so", ".pyd")

MOST_BYTES: Final = 1 << 28
"""Largest size of a file that is searched."""

_IN_WORD: Final = re.compile(rb"[\w./-]")
_CALLS: Final = (b"PyModule_GetDict", b"PyImport_AddModule")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A compiled file that may be incompatible with an alias.

    Attributes:
        file: its path.
        calls: the functions of Python's C API that it calls.
        paths: the legacy paths in its text.

    """

    file: str
    calls: tuple[str, ...]
    paths: tuple[str, ...]


def extension_files(root: Path, site_folders: Iterable[str]) -> Iterator[Path]:
    """Yield the compiled files below a root and in the site-packages folders, each once."""
    seen = set()
    for file in (*own_files(root, SUFFIXES), *_installed(site_folders)):
        real = os.path.realpath(file)
        if real not in seen:
            seen.add(real)
            yield file


def _installed(site_folders: Iterable[str]) -> Iterator[Path]:
    for site_folder in site_folders:
        for folder, folders, names in os.walk(site_folder):
            folders.sort()
            for name in sorted(names):
                if name.endswith(SUFFIXES):
                    yield Path(folder, name)


class ExtensionSearch:
    """Search of compiled files for the aliased legacy paths of one map."""

    def __init__(self, migration_map: MigrationMap) -> None:
        """Compile the search patterns of a map."""
        self._map = migration_map
        heads = {
            rule.module.partition(".")[0]
            for rule in migration_map.rules
            if rule.kind != NAME and _is_aliased(rule)
        }
        self._patterns = [
            re.compile(re.escape(head.encode()) + rb"(?:\.\w+)*")  # a literal start is found fast
            for head in sorted(heads)
        ]

    def search(self, file: Path) -> Candidate | None:
        """Search one file.

        Raises:
            OSError: if it can't be read, or is too large.

        """
        opened, status = open_regular(str(file))
        try:
            if status.st_size > MOST_BYTES:
                message = f"{status.st_size:,} bytes"
                raise OSError(message)
            # An empty file can't be mapped into memory.
            if not status.st_size:
                return None
            with mmap.mmap(opened, 0, access=mmap.ACCESS_READ) as content:
                calls = tuple(call.decode() for call in _CALLS if content.find(call) >= 0)
                paths = tuple(sorted(self._paths(content))) if calls else ()
        finally:
            os.close(opened)
        return Candidate(str(file), calls, paths) if paths else None

    def _paths(self, content: mmap.mmap) -> set[str]:
        found = set()
        for pattern in self._patterns:
            for match in pattern.finditer(content):
                path = match[0].decode("ascii", "replace")
                rule = self._map.match(path)
                if rule is not None and _is_aliased(rule) and _is_path(match):
                    found.add(path)
        return found


def _is_aliased(rule: Rule) -> bool:
    return rule.aliases() and rule.stage != REMOVED


def _is_path(match: re.Match[bytes]) -> bool:
    """Return whether a match is a module's path: not a part of a word or of a file's name.

    A path without a dot is an ordinary word, too, unless it is a whole C string.
    """
    content = match.string
    before = content[match.start() - 1 : match.start()] if match.start() else b"\0"
    after = content[match.end() : match.end() + 1]
    if b"." not in match[0]:
        return before == after == b"\0"
    return not _IN_WORD.match(before) and not _IN_WORD.match(after)
