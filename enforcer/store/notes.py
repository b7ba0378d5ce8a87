"""Quiet processes' notes beside a store: reading them, and marking the maps that allow them.

The next process that writes adds the notes to the store, and readers count those that are still
there. Adding a note twice changes nothing, so a process may die before it removes the file.
"""

import os

from enforcer.recording.notes import (
    MAPS,
    MARK,
    Note,
    identity_of,
    maps_beside,
    read_pairs,
    write_pairs,
)
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.rules.atomic import replace
from enforcer.rules.store_address import names_beside, remove
from enforcer.store.sqlite.schema import DISABLED, EXIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_MAPS = 50
_NUMBERS = ("pid", "started")
# The largest integer of SQLite, and an interval that stays below it in nanoseconds.
_MOST = 1 << 63
_LONGEST_INTERVAL = 1e8


def notes_beside(path: str) -> "Iterator[Note]":
    """Yield the notes beside a store, including those for other stores of that name."""
    folder = os.path.dirname(path)
    for name in names_beside(path, MARK):
        note = _note(os.path.join(folder, name), path)
        if note is not None:
            yield note


def allow_notes(path: str, store: str, identity: str) -> None:
    """Allow processes to leave notes beside a store, which has the rules of their map.

    Args:
        path: the store.
        store: its ``id``.
        identity: the map's identity.

    """
    known, maps = maps_beside(path)
    if known == store and identity in maps:
        return
    file = f"{path}{MAPS}"
    maps = [identity, *(maps if known == store else ())][:_MOST_MAPS]
    pairs = [("store", store), ("file", identity_of(path)), *(("map", each) for each in maps)]
    try:
        replace(file, lambda draft: write_pairs(draft, pairs, beside=path))
    except OSError:
        return  # they write into the store, as this process does


def allow_no_notes(path: str) -> None:
    """Make processes write into the store: its rows may be gone, or it is another store."""
    remove(f"{path}{MAPS}")


def _note(file: str, path: str) -> Note | None:
    # A heartbeat of a quiet process only sets the file's modification time.
    pairs, till = read_pairs(file, path)
    try:
        known = dict(pairs)
        since = int(known["since"])
        note = Note(
            file,
            store=known["store"],
            identity=known["map"],
            process=_process(known),
            interval=float(known["interval"]),
            since=since,
            till=max(since, till),  # some file systems keep whole seconds
            ending=known["ending"],
            notices=_notices(value for key, value in pairs if key in Notice.__slots__),
        )
    except (KeyError, ValueError):  # half written, or of another version
        return None
    return note if _is_sound(note) else None


def _is_sound(note: Note) -> bool:
    """Return whether the store can add a note: out-of-range numbers would block all other notes."""
    numbers = (note.since, note.till, note.process.started, note.process.pid)
    return (
        all(0 <= number < _MOST for number in numbers)
        and 0 < note.interval < _LONGEST_INTERVAL
        and note.ending in ("", EXIT, DISABLED)
    )


def _process(known: "dict[str, str]") -> Process:
    process = Process(id=known["id"])
    for field in Process.__slots__:
        value = known.get(field, "")
        setattr(process, field, int(value or 0) if field in _NUMBERS else value)
    return process


def _notices(values: "Iterator[str]") -> "list[Notice]":
    return [Notice(*fields) for fields in zip(values, values, values, strict=True)]
