"""Safe mode: a process only aliases, by ``ENFORCER_SAFE``, the file ``enforcer.off`` or errors.

In safe mode legacy paths still resolve to the canonical objects, and nothing else happens: nothing
is counted, refused, stored or sent. A process that starts in it has plain entries in
``sys.modules``; one that is switched keeps its objects. It stays in safe mode until it ends, even
if the reason disappears: uses meanwhile are unseen, and counts before and after a gap would look
like evidence for all of the time.
"""

import os

from enforcer.record import Record
from enforcer.rules.environment import trusted_environment
from enforcer.rules.regular_files import is_trusted_name
from enforcer.rules.stages import ENVIRONMENT_KEY, OFF

SAFE_KEY = "ENFORCER_SAFE"
"""The environment variable that makes processes start in safe mode."""

SWITCH = "enforcer.off"
"""The file beside the map that makes processes start in safe mode, and switches running ones."""

SUBJECT = "safe mode"
"""The subject of the notice that marks a process in safe mode."""

ENVIRONMENT = "environment"
FILE = "file"
ERRORS = "errors"
CALL = "call"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.recording.notice import Notice
    from enforcer.rules.model import MigrationMap

_UNSET = frozenset({"", "0", "false", "no", "off"})


class SafeMode(Record):
    """The reason why a process only aliases.

    Attributes:
        reason: ``environment``, ``file``, ``errors`` or ``call``.
        text: the reason in words, as the end of "because …".
        keeps_own_code: whether legacy code that still exists answers, as without the enforcer.

    """

    reason: str
    text: str
    keeps_own_code: bool = False

    def notice(self) -> "Notice":
        """Return the notice for the map's owner: such a process is blind from now on."""
        from enforcer.recording.notice import Notice

        which = "that are gone " if self.keeps_own_code else ""
        text = (
            f"In safe mode ({self.reason}), because {self.text}: legacy paths {which}are "
            "aliased, and nothing is counted or refused from then on, until the process is "
            "started anew."
        )
        return Notice("blind", SUBJECT, text)


def safe_mode_at_start(path: str) -> SafeMode | None:
    """Return why a process that starts with a map only aliases; None if it watches.

    Args:
        path: the map's file; empty for a map without one.

    """
    environ = trusted_environment()
    value = environ.get(SAFE_KEY, "").strip()
    if value.lower() not in _UNSET:
        return SafeMode(ENVIRONMENT, f"{SAFE_KEY} is {value}")
    if environ.get(ENVIRONMENT_KEY, "").strip() == OFF:
        return SafeMode(ENVIRONMENT, f"{ENVIRONMENT_KEY} is {OFF}", keeps_own_code=True)
    return switched_off(path)


def switched_off(path: str) -> SafeMode | None:
    """Return the reason if the file that switches processes off is beside a map; else None.

    In a folder that everybody may write to, a file of another user is ignored.

    Args:
        path: the map's file; empty for a map without one.

    """
    switch = switch_of(path)
    if not path or not is_trusted_name(switch):
        return None
    return SafeMode(FILE, f'"{switch}" is there')


def switch_of(path: str) -> str:
    """Return the path of the file that switches off the processes with a map."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), SWITCH)


def leave_note(migration_map: "MigrationMap", mode: SafeMode) -> None:
    """Write one note beside the store: a process started in safe mode.

    Only if the store is below the map's folder, which was just read: a store on another disk may be
    what makes programs hang. Called at the first import of a legacy path; before that there was
    nothing to count.
    """
    folder = os.path.dirname(migration_map.path)
    if folder and migration_map.store.startswith(os.path.join(folder, "")):
        try:
            _leave_note(migration_map, mode)
        except Exception:  # noqa: BLE001 - it is a courtesy
            return


def _leave_note(migration_map: "MigrationMap", mode: SafeMode) -> None:
    from enforcer.recording.notes import Note, file_of_note, may_leave_notes, store_for_note
    from enforcer.recording.process import DISABLED, INTERVAL, current

    store, identity = migration_map.store, migration_map.identity
    if not may_leave_notes(store, identity):
        return
    process = current(migration_map)
    Note(
        file_of_note(store, process, 0),
        store=store_for_note(store, identity),
        identity=identity,
        process=process,
        interval=INTERVAL,
        since=process.started,
        till=process.started,
        ending=DISABLED,
        notices=[mode.notice()],
    ).write()
