"""Notes beside a store: small files that say that a process is watching, without SQLite.

A process that used nothing legacy only has to report its presence and for how long. It writes a
small file, ``uses.db.watched-PROCESS-NUMBER``, whose modification time is the end of that span.
The content of a file never changes: a process with more to report replaces its note by one with
another number. So the process that takes notes into the store (``enforcer.store.notes``) can
remove what it read without losing anything.

The file ``uses.db.maps`` lists the maps for which a note suffices: those whose rules the store
has. It also names the store, so that a note never counts in another store of the same name.

A file contains ``KEY=VALUE`` pairs, each followed by a zero byte, as in ``/proc/PID/environ``.
This module is loaded before the program's first line.
"""

import os
from stat import S_IMODE, S_IWGRP, S_IWOTH

from enforcer.record import Record
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.rules.regular_files import HAS_OWNERS, open_regular, read_open
from enforcer.rules.store_address import file_identity, names_beside, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Pairs = Iterable[tuple[str, object]]

MARK = ".watched-"

MOST_NOTES = 200
"""How many notes a folder may contain before a process writes into the store instead."""

MAPS = ".maps"
_FIRST = "enforcer=1"
_LAST = ["end=", ""]
_MOST_BYTES = 1 << 16
# Exclusive, and through no link: in a folder that others may write, the name may be planted.
_TO_MAKE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)


class Note(Record):
    """The note of one process.

    Attributes:
        file: the note's file.
        store: the ``id`` of the store that it belongs to.
        identity: the map that the process watched.
        process: the process.
        interval: how often the process checks whether there is anything to write, in seconds.
        since: the beginning of the span, in nanoseconds since the epoch.
        till: its end.
        ending: how the process ended, or empty.
        notices: its notices.

    """

    file: str
    store: str
    identity: str
    process: Process
    interval: float
    since: int
    till: int
    ending: str = ""
    notices: "Sequence[Notice]" = ()

    def write(self) -> None:
        """Write the file, or only set its time if it exists.

        Raises:
            OSError: if the file can't be written.

        """
        try:
            _set_time(self.file, self.till)
        # The content of a note never changes, so one that exists needs nothing but the new time.
        except FileNotFoundError:
            write_pairs(self.file, self.pairs(), beside=self.file.rpartition(MARK)[0])
            _set_time(self.file, self.till)

    def says_as_much_as(self, other: "Note") -> bool:
        """Return whether another note of this process differs in its time alone."""
        return list(self.pairs()) == list(other.pairs())

    def take_back(self) -> None:
        """Remove the file."""
        remove(self.file)

    def pairs(self) -> "Iterator[tuple[str, object]]":
        """Yield the pairs in its file."""
        yield "store", self.store
        yield "map", self.identity
        yield "interval", self.interval
        yield "since", self.since
        yield "ending", self.ending
        for field in Process.__slots__:
            yield field, getattr(self.process, field)
        for notice in self.notices:
            for field in Notice.__slots__:
                yield field, getattr(notice, field)


def _set_time(file: str, time: int) -> None:
    """Set the time of a note's file; refuse links."""
    if os.utime not in os.supports_fd:  # Windows
        os.utime(file, ns=(time, time))
        return
    descriptor, status = open_regular(file, follows=False)
    try:
        # Another name may be in somebody else's folder, whose file would change.
        if status.st_nlink > 1:
            raise OSError(0, "it has another name", file)
        os.utime(descriptor, ns=(time, time))
    finally:
        os.close(descriptor)


def file_of_note(path: str, process: Process, number: int) -> str:
    """Return the file of a note that a process writes beside a store."""
    return f"{path}{MARK}{process.id}-{number}"


def store_for_note(path: str, identity: str) -> str:
    """Return the ``id`` of a store that has the rules of a map; empty if it lacks them."""
    store, maps = maps_beside(path)
    return store if identity in maps else ""


def may_leave_notes(path: str, identity: str) -> bool:
    """Return whether a process that watches a map may write notes beside a store."""
    return bool(
        store_for_note(path, identity)
        and os.access(path, os.W_OK)
        and len(names_beside(path, MARK)) < MOST_NOTES
    )


def maps_beside(path: str) -> "tuple[str, list[str]]":
    """Return the ``id`` of a store and the maps whose rules it has; empty if there is none."""
    pairs, _ = read_pairs(f"{path}{MAPS}", path)
    known = dict(pairs)
    if not pairs or known.get("file") != identity_of(path):
        return "", []
    return known.get("store", ""), [value for key, value in pairs if key == "map"]


def identity_of(path: str) -> str:
    """Return the device and inode of a file as text; empty if there is none."""
    return "-".join(map(str, file_identity(path) or ()))


def read_pairs(file: str, path: str) -> "tuple[list[tuple[str, str]], int]":
    """Read the pairs of a file beside a store, and its modification time.

    Returns:
        No pairs if the file is incomplete, of another version, or of a user who may not write the
        store.

    """
    try:
        descriptor, status = open_regular(file, follows=False)
    except (OSError, ValueError):  # a name can't be one of a file
        return [], 0
    try:
        is_own = _may_write(status.st_uid, os.stat(path))
        data = read_open(descriptor, file, _MOST_BYTES) if is_own else b""
        first, *parts = data.decode("utf-8", "surrogatepass").split("\0")
    except (OSError, ValueError):
        return [], 0
    finally:
        os.close(descriptor)
    # The last pair is always `end=`: a note that is written half lacks it.
    if first != _FIRST or parts[-2:] != _LAST:
        return [], 0
    pairs = [part.partition("=") for part in parts[:-2]]
    return [(key, value) for key, _, value in pairs], status.st_mtime_ns


def _may_write(user: int, store: os.stat_result) -> bool:
    is_shared = bool(store.st_mode & (S_IWGRP | S_IWOTH))
    return is_shared or not HAS_OWNERS or user in (0, os.geteuid(), store.st_uid)


def write_pairs(file: str, pairs: "Pairs", beside: str) -> None:
    """Write pairs into a new file with the permissions of the store beside it."""
    status = os.stat(beside)
    parts = [f"{key}={value}".replace("\0", " ") for key, value in pairs]
    data = "\0".join((_FIRST, *parts, *_LAST)).encode("utf-8", "surrogatepass")
    descriptor = os.open(file, _TO_MAKE, S_IMODE(status.st_mode) & 0o666)
    try:
        # What root writes must be readable, and removable, for whoever owns the store.
        if HAS_OWNERS and os.geteuid() == 0:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        # A short write means a full disk: half a note would stay for ever.
        if len(data) > _MOST_BYTES or os.write(descriptor, data) != len(data):
            remove(file)
            message = f'"{file}" was not written whole'
            raise OSError(message)
    finally:
        os.close(descriptor)
