"""Keep the uses of a process that ends before what emits them could be loaded.

That happens to short programs on busy machines: an exit does not wait for long. Nothing is
loaded here, because the thread that is still loading may hold the lock of any module. What is
kept lies beside the requests that wait (``enforcer.telemetry.spool``) and is as private. Whoever
sends those makes log events of it, with the ids that this process would have given them.
"""

import marshal
import os
from contextlib import suppress
from stat import S_ISDIR
from time import time_ns

from enforcer.recording.process import Process
from enforcer.recording.use import CallSite, Use
from enforcer.rules.delegated import Factory
from enforcer.rules.digest import digest
from enforcer.rules.model import FACTORY, Rule
from enforcer.rules.regular import is_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import MigrationMap

FOLDER = "telemetry"
USES = "uses"
"""How the name of such a file ends, where that of a request has its signal."""

_FORMAT = "enforcer uses 1"
_MARSHAL = 4  # the version that every Python from 3.11 on reads


def places(migration_map: "MigrationMap", environ: "Mapping[str, str]") -> "Iterator[str]":
    """Give where something may be kept, the best place first.

    That is beside the store; else, for those who may not write there, in the user's cache.

    Args:
        migration_map: the map that is in force.
        environ: says where the user's cache folder is.

    """
    if migration_map.store:
        yield os.path.join(os.path.dirname(migration_map.store), FOLDER)
    caches = environ.get("XDG_CACHE_HOME", "")
    if not caches.startswith("/"):
        home = environ.get("HOME", "")
        caches = f"{home}/.cache" if home.startswith("/") else ""
    if caches:
        name = digest(os.fsencode(migration_map.path or migration_map.root))
        yield os.path.join(caches, "enforcer", FOLDER, name)


def keep(folders: "Iterable[str]", process: Process, totals: "Iterable[tuple[Tally, int]]") -> bool:
    """Write all uses of a process into the first folder that takes them, and tell whether one did.

    Args:
        folders: where to try.
        process: who ends.
        totals: every tally with its uses.

    """
    now = time_ns()
    uses = [_packed(tally, total, now) for tally, total in totals if total]
    if not uses:
        return True
    fields = {name: getattr(process, name) for name in Process.__slots__}
    data = marshal.dumps((_FORMAT, fields, uses), _MARSHAL)
    name = f"{now:020}-{process.id}-0-{len(uses)}.{USES}"
    for folder in folders:
        try:
            make(folder)
            write(folder, name, data)
        except OSError:
            continue
        return True
    return False


def read(data: bytes) -> "tuple[Process, list[Use]]":
    """Read what :func:`keep` has written.

    Raises:
        ValueError: if it is something else.

    """
    try:
        form, fields, uses = marshal.loads(data)  # noqa: S302 - a file that is ours alone
        if form == _FORMAT:
            return Process(**fields), [_unpacked(*each) for each in uses]
    except (EOFError, TypeError) as error:
        raise ValueError(str(error)) from error
    message = f"{form!r} is not known"
    raise ValueError(message)


def make(folder: str) -> None:
    """Make a folder for this user alone.

    Raises:
        OSError: if that can't be, or others may write there.

    """
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if not is_own_folder(folder):
        message = f'"{folder}" can be written by others'
        raise PermissionError(message)


def is_own_folder(folder: str) -> bool:
    """Return whether a folder, which is no link, is written by this user alone.

    Raises:
        OSError: if it is not there.

    """
    status = os.lstat(folder)
    return S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and is_private(status)


def write(folder: str, name: str, data: bytes) -> None:
    """Write a file that is whole or not there.

    Raises:
        OSError: if that can't be.

    """
    draft = os.path.join(folder, f"{name}.draft")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            if os.write(file, data) != len(data):
                message = f'"{folder}" is full'
                raise OSError(message)
        finally:
            os.close(file)
        os.rename(draft, os.path.join(folder, name))
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise


def _packed(tally: "Tally", total: int, now: int) -> "tuple[object, ...]":
    rule, site = tally.rule, tally.site
    told = (rule.legacy, rule.canonical, rule.stage, rule.removal, rule.remove_after)
    return (
        (rule.kind == FACTORY, *told),
        {name: getattr(site, name) for name in CallSite.__slots__},
        (tally.outcome, total, tally.first_seen, max(now, tally.first_seen)),
    )


def _unpacked(
    rule: "tuple[Any, ...]", site: "dict[str, Any]", counted: "tuple[str, int, int, int]"
) -> Use:
    is_factory, legacy, canonical, stage, removal, remove_after = rule
    make_rule = Factory if is_factory else Rule
    outcome, count, first_seen, last_seen = counted
    return Use(
        make_rule(legacy, canonical, stage=stage, removal=removal, remove_after=remove_after),
        stage=stage,
        outcome=outcome,
        site=CallSite(**site),
        count=count,
        first_seen=first_seen,
        last_seen=last_seen,
    )
