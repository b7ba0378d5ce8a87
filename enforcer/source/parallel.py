"""Scan of many files by several processes."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from enforcer.source.scanned import Packed, ScannedFile, pack

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from enforcer.source.scan import FileScanner

Progress = Callable[[int, int], object]
"""Called with the number of files that were read, and of all that will be."""

_FEW: Final = 200
"""Up to so many files, starting processes takes longer than it saves."""

_AT_ONCE: Final = 100
_MOST_PROCESSES: Final = 8

_DIED: Final = "the process that read it died"

_scanner: "list[FileScanner]" = []


def in_parallel(
    scanner: "FileScanner", files: Sequence[str], progress: Progress | None
) -> Iterator[tuple[str, Packed | None]]:
    """Scan files, and yield each with its content, or None if it has nothing of interest.

    Args:
        scanner: scans one file.
        files: the files.
        progress: called now and then.

    """
    report = progress or (lambda _done, _all: None)
    workers = min(_cores(), _MOST_PROCESSES, len(files) // _AT_ONCE)
    context = _context() if len(files) > _FEW and workers > 1 else None
    if context is None:
        for index, file in enumerate(files):
            if index % _AT_ONCE == 0:
                report(index, len(files))
            yield file, _scanned(scanner, file)
        return
    # Loaded here: mostly there are few files, of which most did not change.
    from concurrent.futures import ProcessPoolExecutor, as_completed  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    with ProcessPoolExecutor(workers, context, _begin, (scanner,)) as pool:
        parts = [files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)]
        # All processes are forked at the first submission, before anybody starts a thread to draw
        # the progress.
        waiting = {pool.submit(_scan_all, part): part for part in parts}
        done = 0
        for future in as_completed(waiting):
            part = waiting[future]
            try:
                yield from zip(part, future.result(), strict=True)
            except BrokenProcessPool:
                # Killed, for want of memory or by a fault of the parser: no file stops a scan.
                yield from ((file, _unread(scanner, file)) for file in part)
            done += len(part)
            report(done, len(files))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> "BaseContext | None":
    """Return how to start processes; None if they would not pay, or are not safe to start.

    A forked process has what it needs at once. It must not be forked beside other threads, which
    may hold locks (and CPython 3.12 and later warn of it); macOS forbids it to its frameworks.
    """
    # Those of C code, or of a module that starts them by itself, are unknown to `threading`.
    if sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1:
        return None
    from multiprocessing import get_context  # noqa: PLC0415 - slow to load

    return get_context("fork")


def _begin(scanner: "FileScanner") -> None:
    # A global of each worker: as an argument it would be pickled again for every part.
    _scanner[:] = [scanner]


def _scan_all(files: Sequence[str]) -> list[Packed | None]:
    return [_scanned(_scanner[0], file) for file in files]


def _scanned(scanner: "FileScanner", file: str) -> Packed | None:
    scanned = scanner.read(file)
    return pack(scanned) if scanned is not None else None


def _unread(scanner: "FileScanner", file: str) -> Packed:
    return pack(ScannedFile(scanner.shown(file), (), error=_DIED))
