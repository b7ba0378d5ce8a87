"""What could not be sent is kept for whoever can, and for nobody else."""

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.rules.model import MigrationMap
from enforcer.telemetry.spool import Spool, folders

PROCESS = "a" * 32


def contents(spool: Spool) -> list[bytes]:
    found = []
    for waiting in spool.waiting():
        claim = spool.claim(waiting)
        assert claim is not None
        found.append(claim.read())
        claim.release()
    return found


def test_the_oldest_comes_first(tmp_path: Path) -> None:
    """With what has to be known of it."""
    spool = Spool([tmp_path / "telemetry"])
    for number in range(12):
        assert spool.keep("logs", b"%d" % number, process=PROCESS, records=number + 1)

    assert contents(spool) == [b"%d" % number for number in range(12)]
    first = spool.waiting()[0]
    assert (first.process, first.records, first.signal) == (PROCESS, 1, "logs")


def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "telemetry"
    Spool([folder]).keep("logs", b"x", process=PROCESS, records=1)

    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    """Somebody could have it send what they like."""
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    shared.chmod(0o777)
    spool = Spool([shared, own])

    assert spool.keep("logs", b"x", process=PROCESS, records=1)
    assert list(shared.iterdir()) == []
    assert len(list(own.iterdir())) == 1


def test_nothing_takes_it(tmp_path: Path) -> None:
    """Whoever asked knows."""
    (tmp_path / "file").write_text("")
    assert not Spool([tmp_path / "file"]).keep("logs", b"x", process=PROCESS, records=1)
    assert not Spool([]).keep("logs", b"x", process=PROCESS, records=1)


@pytest.mark.parametrize(("files", "size"), [(3, 1000), (100, 3)])
def test_the_oldest_give_way(tmp_path: Path, files: int, size: int) -> None:
    """And are counted."""
    spool = Spool([tmp_path / "telemetry"], files=files, size=size)
    for number in range(5):
        spool.keep("logs", b"%d" % number, process=PROCESS, records=10)

    assert contents(spool) == [b"2", b"3", b"4"]
    assert spool.overflowed == 20


def test_one_at_a_time_sends_a_request(tmp_path: Path) -> None:
    """Until it lets go, or has removed it."""
    mine, others = Spool([tmp_path / "telemetry"]), Spool([tmp_path / "telemetry"])
    mine.keep("logs", b"x", process=PROCESS, records=1)
    (waiting,) = others.waiting()
    claim = mine.claim(waiting)
    assert claim is not None
    assert others.claim(waiting) is None
    claim.release()
    again = others.claim(waiting)
    assert again is not None
    again.remove()
    again.release()

    assert mine.claim(waiting) is None
    assert mine.waiting() == []


def test_one_who_opened_it_before_it_went_does_not_send_it(tmp_path: Path) -> None:
    """A file without a name is one that was sent."""
    spool = Spool([tmp_path / "telemetry"])
    spool.keep("logs", b"x", process=PROCESS, records=1)
    (waiting,) = spool.waiting()
    real = fcntl.flock

    def flock(file: int, kind: int) -> None:
        waiting.path.unlink()
        real(file, kind)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", flock)
        assert spool.claim(waiting) is None


@pytest.mark.process
def test_a_killed_sender_leaves_it(tmp_path: Path) -> None:
    """Its lock goes with it."""
    spool = Spool([tmp_path / "telemetry"])
    spool.keep("logs", b"x", process=PROCESS, records=1)
    (waiting,) = spool.waiting()
    code = (
        "import fcntl, os, sys; file = os.open(sys.argv[1], os.O_RDONLY);"
        "fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, waiting.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as sender:
        assert sender.stdout is not None
        sender.stdout.readline()
        assert spool.claim(waiting) is None
        sender.kill()

    assert contents(spool) == [b"x"]


def test_other_files_are_passed_by(tmp_path: Path) -> None:
    """Drafts of processes that were killed are removed some day."""
    folder = tmp_path / "telemetry"
    spool = Spool([folder])
    spool.keep("logs", b"x", process=PROCESS, records=1)
    old, new = folder / "1-p-0-1.logs.draft", folder / "2-p-0-1.logs.draft"
    for path in (old, new, folder / "README", folder / "1-p-x-1.logs", folder / "1-p-0-1.other"):
        path.write_bytes(b"y")
    os.utime(old, (0, 0))

    assert contents(spool) == [b"x"]
    assert (old.exists(), new.exists()) == (False, True)


def test_where_it_is(tmp_path: Path) -> None:
    """Beside the store; in the user's cache for those who may not write there."""
    migration_map = MigrationMap(
        store="/srv/shop/.enforcer/uses.db", path="/srv/shop/enforcer.toml"
    )
    beside, cache = folders(migration_map, {"HOME": str(tmp_path)})

    assert beside == Path("/srv/shop/.enforcer/telemetry")
    assert cache.parent == tmp_path / ".cache/enforcer/telemetry"
    (other,) = folders(MigrationMap(path="/a"), {"XDG_CACHE_HOME": "/c"})
    assert other.parent == Path("/c/enforcer/telemetry")
    assert list(folders(MigrationMap(path="/a"), {})) == []
