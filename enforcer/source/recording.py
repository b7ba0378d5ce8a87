"""Build the record of a scan: its findings with git's revision of the tree; nothing is written."""

from time import time_ns
from typing import Final

from enforcer.findings import RecordedScan
from enforcer.rules.git import ask_git, without_git_variables
from enforcer.rules.model import MigrationMap
from enforcer.source.installed import installed_references
from enforcer.source.parallel import Progress
from enforcer.source.source_scan import SourceScan

_TIMEOUT: Final = 60.0
_SECOND: Final = 1_000_000_000


def recorded(
    scan: SourceScan, migration_map: MigrationMap, progress: Progress | None = None
) -> RecordedScan:
    """Return a scan of the whole tree as a store keeps it.

    Args:
        scan: the scan.
        migration_map: the map that was searched for.
        progress: called with how many files of installed distributions were read.

    """
    revision, committed, is_dirty = _revision(migration_map.root)
    return RecordedScan(
        revision,
        is_dirty,
        committed,
        time_ns(),
        migration_map.root,
        scan.files,
        tuple(entry.legacy for entry in migration_map),
        tuple(sorted((*scan.proven, *scan.unproven))),
        installed_references(migration_map, progress),
    )


def _revision(root: str) -> tuple[str, int, bool]:
    """Return the commit of a tree, its time, and whether tracked files differ from it."""
    head = (_ask(root, "log", "-1", "--format=%H %ct") or b"").split()
    changes = _ask(root, "status", "--porcelain", "--untracked-files=no")
    # A bare repository has commits, but no tree: files in its folder are those of no commit.
    if not head or changes is None:
        return "", 0, False
    revision, seconds = head
    return revision.decode("ascii"), int(seconds) * _SECOND, bool(changes.strip())


def _ask(root: str, *words: str) -> bytes | None:
    return ask_git(root, *words, timeout=_TIMEOUT, environ=without_git_variables())
