"""Cache of what was read of each file, for as long as the file's status is the same.

The file of the cache is in ``.enforcer`` beside the map, as the compiled maps are, and trusted
under the same conditions. It is of one map's paths and one version of the enforcer and of Python.
"""

import marshal
import os
import sys
from time import time_ns
from typing import Final

from enforcer import __version__
from enforcer.rules.cache import FOLDER, read_own, write_own
from enforcer.rules.model import MigrationMap
from enforcer.rules.regular_files import CHECK_BYTES, check_sum, digest
from enforcer.source.scanned import Packed
from enforcer.source.tree import Stamp

# Incremented whenever something else is read of a file.
_FORMAT: Final = "enforcer scan 2"

_RACY: Final = 2_000_000_000
"""For how long after a change a file may change again without a new time, in nanoseconds."""


class ScanCache:
    """Cache of one map's scans; without a file it is empty."""

    def __init__(self, migration_map: MigrationMap | None = None) -> None:
        """Read the file of a map's cache, if there is one.

        Args:
            migration_map: the map; None for no cache at all.

        """
        self._folder = self._name = self._key = ""
        self._known: dict[str, tuple[Stamp, Packed | None]] = {}
        self._now = time_ns()
        if migration_map is None or not migration_map.path:
            return
        folder, name = os.path.split(migration_map.path)
        self._folder = os.path.join(folder, FOLDER)
        self._name = f"{name}.scan.cache"
        self._key = _key(migration_map)
        self._read()

    def find(self, file: str, stamp: Stamp) -> tuple[bool, Packed | None]:
        """Return whether a file is as it was, and what was read of it."""
        known = self._known.get(file)
        if known is None or stamp is None or known[0] != stamp:
            return False, None
        return True, known[1]

    def keep(self, stamps: dict[str, Stamp], found: dict[str, Packed | None]) -> None:
        """Write what was read of files; errors of writing are ignored.

        A file that could not be read, or changed a moment ago, is read again the next time.

        Args:
            stamps: the files with the status that they had before they were read.
            found: what was read.

        """
        if not self._folder:
            return
        latest = self._now - _RACY
        kept = {
            file: (stamp, found[file])
            for file, stamp in stamps.items()
            if stamp is not None and stamp[0] < latest and not _is_error(found[file])
        }
        if kept == self._known:
            return
        data = marshal.dumps((self._key, kept))
        try:
            write_own(self._folder, self._name, check_sum(data) + data)
        except OSError:
            return

    def _read(self) -> None:
        data = read_own(self._folder, self._name)
        if data is None or data[:CHECK_BYTES] != check_sum(data[CHECK_BYTES:]):
            return
        try:
            key, known = marshal.loads(data[CHECK_BYTES:])  # noqa: S302 - of this user, and checked
        except (EOFError, ValueError, TypeError):
            return
        if key == self._key:
            self._known = known


def _is_error(packed: Packed | None) -> bool:
    return packed is not None and bool(packed[1])


def _key(migration_map: MigrationMap) -> str:
    """Return a digest of all that decides what is read of a file."""
    paths = sorted(entry.legacy for entry in migration_map)
    paths += sorted(entry.canonical for entry in migration_map.instances)
    # Another Python parses other syntax, and another enforcer finds other references.
    words = (_FORMAT, __version__, sys.version, migration_map.root, *paths)
    return digest("\n".join(words).encode("utf-8", "surrogateescape"))
