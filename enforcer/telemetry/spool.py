"""Keep on the disk what could not be sent, until this or another process can send it.

Each file is one request of OTLP as it goes over the wire, and its name says the rest:
``TIME-PROCESS-NUMBER-RECORDS.SIGNAL``. A file is written under another name first, so it is
whole or not there. Who sends one locks it meanwhile; the lock of a process that vanished is
gone with it, and its file is sent again. Whoever reads the records passes over what has an
``id`` or a point in time that is there already.

The folder and its files are for this user alone. There are so many files at most, of so many
bytes together; the oldest give way, and are counted.
"""

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time, time_ns
from typing import TYPE_CHECKING, Final

from enforcer.rules.regular import is_private, open_regular, read_open
from enforcer.telemetry.remains import USES, is_own_folder, make, places, write
from enforcer.telemetry.settings import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from enforcer.rules.model import MigrationMap

MOST_FILES: Final = 2_000
MOST_BYTES: Final = 64 << 20

_DRAFT: Final = ".draft"
_DRAFT_LIVES: Final = 3600.0
_PARTS: Final = 4


@dataclass(frozen=True, slots=True, order=True)
class Waiting:
    """Be one request that waits to be sent.

    Attributes:
        time: when it was written, in nanoseconds since the epoch.
        process: the ``id`` of the process that wrote it.
        number: which of its files it is, from 0.
        records: how many records are in it.
        signal: what it is, one of :data:`enforcer.telemetry.settings.SIGNALS`; or
            :data:`enforcer.telemetry.remains.USES`, of which log events are still to be made.
        path: its file.

    """

    time: int
    process: str
    number: int
    records: int
    signal: str
    path: Path


def folders(migration_map: "MigrationMap", environ: "Mapping[str, str]") -> "list[Path]":
    """Give where requests may be kept, the best place first; see ``remains.places``."""
    return [Path(place) for place in places(migration_map, environ)]


class Spool:
    """Keep requests in the first folder that takes them.

    Attributes:
        overflowed: how many records gave way to newer ones.

    """

    def __init__(
        self, places: "list[Path]", *, files: int = MOST_FILES, size: int = MOST_BYTES
    ) -> None:
        """Take the folders; none is made before there is something to keep.

        Args:
            places: where to keep requests; the first that takes one.
            files: how many files a folder holds at most.
            size: how many bytes it holds at most.

        """
        self.overflowed = 0
        self._places = places
        self._files = files
        self._size = size
        self._number = 0

    def keep(self, signal: str, data: bytes, *, process: str, records: int) -> bool:
        """Write a request, and tell whether any folder took it."""
        name = f"{time_ns():020}-{process}-{self._number}-{records}.{signal}"
        self._number += 1
        for folder in self._places:
            try:
                make(str(folder))
                self._make_room(folder, len(data))
                write(str(folder), name, data)
            except OSError:
                continue
            return True
        return False

    def waiting(self) -> list[Waiting]:
        """Give what waits in all folders, the oldest first."""
        return sorted(each for folder in self._places for each in _files_in(folder))

    def claim(self, waiting: Waiting) -> "Claim | None":
        """Take a request to send it; None if somebody else does, or it is gone."""
        try:
            file, status = open_regular(str(waiting.path), follows=False)
        except OSError:
            return None
        try:
            # A second name of a file is a way to have another one of this user's sent.
            if is_private(status) and status.st_nlink == 1:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file).st_nlink:  # whoever had it before may have sent it
                    return Claim(waiting, file)
        except OSError:
            pass
        os.close(file)
        return None

    def _make_room(self, folder: Path, size: int) -> None:
        found = sorted(_files_in(folder))
        sizes = {each: _size(each.path) for each in found}
        total = sum(sizes.values()) + size
        for oldest in found:
            if len(sizes) < self._files and total <= self._size:
                return
            total -= sizes.pop(oldest)
            claim = self.claim(oldest)
            if claim is not None:
                claim.remove()
                claim.release()
                self.overflowed += oldest.records


class Claim:
    """Hold a request that is being sent, so that nobody else sends it."""

    def __init__(self, waiting: Waiting, file: int) -> None:
        """Take the open file, which is locked."""
        self.waiting = waiting
        self._file = file

    def read(self) -> bytes:
        """Return the request.

        Raises:
            OSError: if it can't be read, or is longer than all that a folder may have.

        """
        return read_open(self._file, str(self.waiting.path), MOST_BYTES)

    def remove(self) -> None:
        """Forget the request: it was sent, or never will be."""
        with suppress(OSError):
            self.waiting.path.unlink()

    def release(self) -> None:
        """Let others have it, if it is still there."""
        os.close(self._file)


def _files_in(folder: Path) -> "Iterator[Waiting]":
    # What others put there would be sent with the headers of this user, who pays for it.
    try:
        paths = list(folder.iterdir()) if is_own_folder(str(folder)) else []
    except OSError:
        return
    for path in paths:
        if path.suffix == _DRAFT:
            _forget_draft(path)
            continue
        waiting = _read_name(path)
        if waiting is not None:
            yield waiting


def _read_name(path: Path) -> Waiting | None:
    stem, _, signal = path.name.rpartition(".")
    parts = stem.split("-")
    if signal not in (*SIGNALS, USES) or len(parts) != _PARTS:
        return None
    when, process, number, records = parts
    try:
        return Waiting(int(when), process, int(number), int(records), signal, path)
    except ValueError:
        return None


def _forget_draft(path: Path) -> None:
    # Of a process that was killed while it wrote.
    with suppress(OSError):
        if path.lstat().st_mtime < time() - _DRAFT_LIVES:
            path.unlink()


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
