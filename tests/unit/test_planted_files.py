"""Whatever others put under the names of our files, nobody waits for it and nobody believes it.

Each way of reading a file in the watched program meets a pipe, a folder, a link, a file without
an end, and one of another user in a folder that everybody may write to.
"""

import ast
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.reader import BaselineError, read_baseline, read_sides
from enforcer.baseline.renamed_functions import renamed_functions
from enforcer.baseline.writer import write_baseline
from enforcer.errors import EnforcerError
from enforcer.owners import Owners
from enforcer.recording import process
from enforcer.recording.backlog import Backlog, Estate
from enforcer.recording.distributions import distribution_of, forget
from enforcer.recording.notes import Note, file_of_note, read_pairs
from enforcer.recording.safe_mode import switched_off
from enforcer.rules.loader import load_map
from enforcer.rules.location import find_map
from enforcer.rules.regular_files import MOST_BYTES, is_trusted, read_regular, read_trusted
from enforcer.rules.store_address import file_of
from enforcer.source.extensions import ExtensionSearch
from enforcer.source.files import read_source
from enforcer.source.own_files import read_source as read_own_source
from enforcer.store import StoreError
from enforcer.store.queries import Span
from enforcer.store.sqlite.damage import is_ours, stores_set_aside
from enforcer.store.sqlite.losses import leave_losses, losses_beside
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE
from tests.unit.conftest import MakeProcess

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs files of POSIX")

STRANGER = 12345
MAP = '[[rule]]\nlegacy = "a.old"\ncanonical = "a.new"\n'
BASELINE = "version = 1\ncall_sites = []\n"

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away"
)


class Way(NamedTuple):
    """One way in which the enforcer reads a file: the file's name, and the call that reads it."""

    name: str
    read: Callable[[Path], object]


def run_file(file: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(process.RUN_FILE_KEY, str(file))
        patch.setattr("sys.orig_argv", ["multiprocessing.forkserver"])
        return process._read_run_file()  # noqa: SLF001 - called in a forked child only


def distribution(file: Path) -> object:
    forget()
    return distribution_of(f"{file.parents[1]}/acme/jobs.py")


def renamed(file: Path) -> object:
    entry = Entry("a.old", file.name, "gone", "import", count=1)
    return renamed_functions([entry], file.parent, lambda _: "def gone(): pass")


def extension(file: Path) -> object:
    return ExtensionSearch(load_map_of(file.with_name("map.toml"))).search(file)


def load_map_of(file: Path) -> "object":
    file.write_text(MAP)
    return load_map(str(file), environ={})


WAYS = {
    "map": Way("enforcer.toml", lambda file: load_map(str(file), environ={})),
    "map that is looked for": Way("pyproject.toml", lambda file: find_map(str(file.parent))),
    "baseline": Way("enforcer-baseline.toml", read_baseline),
    "sides of a baseline": Way("enforcer-baseline.toml", read_sides),
    "source of a baseline": Way("cart.py", renamed),
    "run file": Way("run", run_file),
    "note": Way("uses.db.watched-x-1", lambda file: read_pairs(str(file), str(file.parent))),
    "loss": Way("uses.db.lost--x-3", lambda file: list(losses_beside(f"{file.parent}/uses.db"))),
    "damaged store": Way("uses.db", lambda file: is_ours(str(file))),
    "store that is written": Way("uses.db", lambda file: Store(str(file))),
    "store that is read": Way("uses.db", lambda file: Reader(str(file))),
    "its log": Way("uses.db-wal", lambda file: Store(str(file).removesuffix("-wal"))),
    "its index": Way("uses.db-shm", lambda file: Store(str(file).removesuffix("-shm"))),
    "distribution": Way("acme-1.dist-info/METADATA", distribution),
    "source": Way("cart.py", read_source),
    "source of the page": Way("cart.py", lambda file: read_own_source(str(file.parent), file.name)),
    "owners of the page": Way("CODEOWNERS", lambda file: Owners(str(file.parent))),
    "extension": Way("fast.so", extension),
}

# SQLite reads the pages that it needs; of a loss only the name is read.
OF_SQLITE = (
    "loss",
    "damaged store",
    "store that is written",
    "store that is read",
    "its log",
    "its index",
)


def result_of(way: Way, file: Path) -> object:
    """Return what a way of reading returns, or its error; a pipe that holds it up is a failure."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(way.read(file))
        except (EnforcerError, OSError) as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert results, f"{file} holds up whoever reads it"
    return results[0]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_file_is_not_waited_for(
    tmp_path: Path, way: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reader ends, and finds nothing in it."""
    tmp_path.chmod(0o700)
    file = tmp_path / WAYS[way].name
    file.parent.mkdir(exist_ok=True)
    monkeypatch.syspath_prepend(tmp_path)
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        os.mknod(file, 0o600 | 0o140000)

    result = result_of(WAYS[way], file)

    empty = ([], (), "", None, False, {}, ([], 0))
    assert isinstance(result, EnforcerError | OSError | Owners) or result in empty, result


@pytest.mark.parametrize("way", [way for way in WAYS if way not in OF_SQLITE])
def test_what_has_no_end_is_not_read(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terabyte of zeros takes neither time nor memory."""
    tmp_path.chmod(0o700)
    file = tmp_path / WAYS[way].name
    file.parent.mkdir(exist_ok=True)
    monkeypatch.syspath_prepend(tmp_path)
    with file.open("wb") as opened:
        opened.truncate(1 << 40)
    file.chmod(0o600)

    result = result_of(WAYS[way], file)

    empty = ((), "", None, {}, ([], 0))
    assert isinstance(result, EnforcerError | OSError | Owners) or result in empty, result


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder like ``/tmp``."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def plant(file: Path, content: str | bytes = "") -> Path:
    """Write a file, and leave it to a stranger."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    os.chown(file, STRANGER, STRANGER)
    return file


@needs_root
@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("enforcer.toml", MAP, lambda file: load_map(str(file), environ={})),
        ("enforcer-baseline.toml", BASELINE, read_baseline),
    ],
)
def test_file_of_a_stranger_is_not_believed(
    shared: Path, name: str, content: str, read: Callable[[Path], object]
) -> None:
    """What a map names is imported and called; a baseline lets callers through."""
    file = plant(shared / name, content)
    with pytest.raises(EnforcerError, match=f"it belongs to user {STRANGER}, in a folder that ev"):
        read(file)

    os.chown(file, 0, 0)
    read(file)
    os.chown(file, STRANGER, STRANGER)
    shared.chmod(0o755)  # whoever may write into the folder decided that it is there
    read(file)


@needs_root
def test_link_of_a_stranger_is_not_followed(shared: Path, tmp_path: Path) -> None:
    """Neither is a link of our own to what a stranger wrote."""
    own, link = tmp_path / "own.toml", shared / "enforcer.toml"
    own.write_text(MAP)
    link.symlink_to(own)
    assert read_trusted(str(link)) == MAP.encode()
    os.lchown(link, STRANGER, STRANGER)
    with pytest.raises(OSError, match="belongs to user"):
        read_trusted(str(link))
    planted = plant(shared / "planted.toml", MAP)
    own.unlink()
    own.symlink_to(planted)
    with pytest.raises(OSError, match="belongs to user"):
        read_trusted(str(own))
    assert not is_trusted(str(own))


@needs_root
@pytest.mark.parametrize("name", ["enforcer.toml", "pyproject.toml"])
def test_map_that_a_stranger_put_above_is_passed_over(shared: Path, name: str) -> None:
    """As git does: else a map in ``/tmp`` would hold for all that is unpacked below it."""
    text = MAP if name == "enforcer.toml" else "[tool.enforcer]\n"
    file = plant(shared / name, text)
    (shared / "unpacked").mkdir()

    assert find_map(str(shared / "unpacked")) != str(file)
    os.chown(file, 0, 0)
    assert find_map(str(shared / "unpacked")) == str(file)


@needs_root
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_store_of_a_stranger_is_not_written(shared: Path, suffix: str) -> None:
    """It would get the names of our files, or give us records that nobody made."""
    path = str(shared / "uses.db")
    Store(path).close()
    plant(Path(path + suffix), Path(path).read_bytes() if not suffix else b"")

    with pytest.raises(StoreError, match=r"may be forged, it belongs to user .*store-of-stranger"):
        Store(path)
    assert not list(shared.glob("*.corrupt-*"))


@needs_root
def test_store_that_is_shared_on_purpose_is_written(shared: Path) -> None:
    """Its owner has let others write it; then the log may be any of theirs."""
    path = str(shared / "uses.db")
    Store(path).close()
    Path(path).chmod(0o666)
    plant(Path(f"{path}-wal"))

    Store(path).close()


@needs_root
def test_link_of_a_stranger_is_no_way_to_another_store(shared: Path, tmp_path: Path) -> None:
    """What is recorded would go into a file of this user that the stranger chose."""
    link, chosen = shared / "uses.db", tmp_path / "chosen.db"
    link.symlink_to(chosen)
    assert file_of(str(link)) == str(chosen)
    os.lchown(link, STRANGER, STRANGER)

    with pytest.raises(StoreError, match="store-of-stranger"):
        Store(file_of(str(link)))
    assert not chosen.exists()


@needs_root
def test_stranger_switches_nothing_off(shared: Path) -> None:
    """A file beside the map has processes count no more."""
    (shared / "enforcer.toml").write_text(MAP)
    switch = shared / "enforcer.off"
    switch.symlink_to("nowhere")
    os.lchown(switch, STRANGER, STRANGER)
    assert switched_off(str(shared / "enforcer.toml")) is None

    os.lchown(switch, 0, 0)
    mode = switched_off(str(shared / "enforcer.toml"))
    assert mode is not None
    assert mode.reason == "file"


def test_files_without_number_are_not_all_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million notes would keep whoever reads them busy for long."""
    path = str(tmp_path / "uses.db")
    Store(path).close()
    monkeypatch.setattr("enforcer.rules.store_address.MOST_BESIDE", 5)
    for number in range(20):
        Path(f"{path}.lost--p{number}-1").touch()

    assert len(list(losses_beside(path))) == 5


@needs_root
def test_losses_of_a_stranger_do_not_count(shared: Path) -> None:
    path = str(shared / "uses.db")
    Store(path).close()
    file = plant(shared / "uses.db.lost--p-3")
    assert list(losses_beside(path)) == []

    os.chown(file, 0, 0)
    assert [loss.count for loss in losses_beside(path)] == [3]


@needs_root
def test_damaged_stores_of_a_stranger_do_not_count(shared: Path) -> None:
    """Nothing would ever be safe to delete."""
    path = str(shared / "uses.db")
    file = plant(shared / "uses.db.corrupt-20260101T000000")
    assert list(stores_set_aside(path)) == []

    os.chown(file, 0, 0)
    assert [name for name, _ in stores_set_aside(path)] == [str(file)]


@pytest.mark.parametrize("kind", ["link", "second name"])
def test_time_of_a_note_is_set_on_no_other_file(
    tmp_path: Path, make_process: MakeProcess, kind: str
) -> None:
    """Under the name of a process's next note there may be a link to a file of this user."""
    path, who = str(tmp_path / "uses.db"), make_process()
    Store(path).close()
    own = tmp_path / "own"
    own.touch()
    before = own.stat().st_mtime_ns
    note = Note(
        file_of_note(path, who, 0),
        store="s",
        identity="m",
        process=who,
        interval=5.0,
        since=1,
        till=2,
    )
    if kind == "link":
        Path(note.file).symlink_to(own)
    else:
        Path(note.file).hardlink_to(own)

    with pytest.raises(OSError, match=r"it has another name|symbolic links"):
        note.write()
    assert own.stat().st_mtime_ns == before
    Path(note.file).unlink()
    note.write()
    assert Path(note.file).stat().st_mtime_ns == 2


def test_loss_is_not_written_through_what_lies_there(
    tmp_path: Path, make_process: MakeProcess
) -> None:
    """A pipe would hold up the end of the program, and a link would make any file."""
    path, who = str(tmp_path / "uses.db"), make_process()
    pipe = Path(f"{path}.lost--{who.id}-3-0")
    os.mkfifo(pipe)

    arguments = (path, who, Backlog(), Estate([], 3))
    ended = threading.Thread(target=leave_losses, args=arguments, daemon=True)
    ended.start()
    ended.join(PATIENCE)
    assert not ended.is_alive()

    pipe.unlink()
    pipe.symlink_to(tmp_path / "made")
    leave_losses(path, who, Backlog(), Estate([], 3))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("count", ["9" * 100, "9223372036854775808", "0", "-1"])
def test_count_that_no_store_could_take(
    tmp_path: Path, make_process: MakeProcess, count: str
) -> None:
    """One file name would keep every process from writing."""
    path = str(tmp_path / "uses.db")
    Path(f"{path}.lost--p-{count}").touch()

    with closing(Store(path)) as store:
        store.watch(make_process(), [])
    with Reader(path) as reader:
        assert reader.dropped(Span()) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON process BEGIN SELECT randomblob(1000000000); END",
        "CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT 1",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
    ],
    ids=["trigger", "view", "virtual table"],
)
def test_store_that_computes_is_none(tmp_path: Path, statement: str) -> None:
    """Neither a program nor a report runs what a crafted file has SQLite do."""
    path = str(tmp_path / "uses.db")
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()

    for use in (Store, Reader):
        with pytest.raises(StoreError, match="triggers, views or virtual tables"):
            use(path)


def test_baseline_is_written_through_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the name of the draft there may be a link to a file of this user."""
    own, file = tmp_path / "own", tmp_path / "enforcer-baseline.toml"
    own.write_text("kept")
    monkeypatch.setattr("os.urandom", lambda size: b"\0" * size)
    for end in ("", ".00000000"):
        Path(f"{tmp_path}/.{file.name}.{os.getpid()}{end}").symlink_to(own)

    with pytest.raises(BaselineError, match="can't be written"):
        write_baseline(Baseline(), file)
    assert own.read_text() == "kept"


def test_probe_for_locks_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the name of the probe there may be a link to a file of this user."""
    own = tmp_path / "own"
    own.write_text("kept")
    monkeypatch.setattr("os.urandom", lambda size: b"\0" * size)
    probes = [tmp_path / f"uses.db.lock-{os.getpid()}{end}" for end in ("", "-00000000")]
    for probe in probes:
        probe.symlink_to(own)

    Store(str(tmp_path / "uses.db")).close()

    assert all(probe.is_symlink() for probe in probes)
    assert own.read_text() == "kept"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_store_is_for_those_whom_the_umask_leaves(tmp_path: Path, mask: int, mode: int) -> None:
    """It has names of files, and command lines."""
    before = os.umask(mask)
    try:
        Store(str(tmp_path / "uses.db")).close()
    finally:
        os.umask(before)

    assert (tmp_path / "uses.db").stat().st_mode & 0o777 == mode


def test_length_is_exact(tmp_path: Path) -> None:
    """A file of just that length is read, one byte more is too long."""
    file = tmp_path / "file"
    file.write_bytes(b"x" * 5)

    assert read_regular(str(file), 5) == b"xxxxx"
    with pytest.raises(OSError, match="it is longer than 4 bytes"):
        read_regular(str(file), 4)
    with file.open("wb") as opened:
        opened.truncate(MOST_BYTES + 1)
    with pytest.raises(OSError, match="it is longer than 16 MiB"):
        read_regular(str(file))


# Where else files are opened, and why nobody can put anything there, or somebody means it.
ELSEWHERE = {
    "enforcer/cli/run.py": "/dev/tty",
    "enforcer/cli/main.py": "/dev/null",
    "enforcer/status/interpreter.py": "a file of the package",
    "enforcer/status/probe.py": "metadata of the package",
    "enforcer/dashboard/templating.py": "files of the package",
    "enforcer/demo/backend.py": "the demo's own log",
    "enforcer/gate/seen.py": "a record that the command line names, a pipe too",
    "enforcer/recording/notes.py": "made anew, never opened",
    "enforcer/rules/atomic.py": "made anew, never opened",
    "enforcer/rules/own_folder.py": "made anew, never opened",
    "enforcer/store/sqlite/check.py": "a store that is open",
    "enforcer/store/sqlite/folder_lock.py": "a folder",
    "enforcer/store/persistence.py": "/proc",
    "enforcer/store/sqlite/lock_support.py": "made anew, never opened",
    "enforcer/store/sqlite/losses.py": "made anew, never opened",
    "enforcer/store/not_enabled.py": "to append a line, and looked at before",
}
OPENING = {"open", "FileIO", "read_text", "read_bytes", "open_code", "fdopen"}


def test_files_are_opened_in_one_place() -> None:
    """Whoever opens one elsewhere has to say why a pipe or a stranger is no matter there."""
    root = Path(__file__).resolve().parents[2]
    found = set()
    for file in (root / "enforcer").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in OPENING:
                    found.add((file.relative_to(root).as_posix(), ast.unparse(node.func)))
    ours = {name for name, _ in found if not name.startswith("enforcer/demo/app/")}
    # Duplicates of standard output, and a browser.
    ours -= {"enforcer/verification/examination.py", "enforcer/source/import_probe.py"}
    ours -= {"enforcer/cli/dashboard.py"}

    assert sorted(ours) == sorted(ELSEWHERE)


@pytest.mark.parametrize("name", ["open", "read", "fstat"])
def test_mocks_of_the_program_are_not_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Tests replace functions of ``os``, and what the enforcer reads is none of theirs."""
    file = tmp_path / "file"
    file.write_text("real")

    with monkeypatch.context() as patch:
        patch.setattr(f"os.{name}", None)
        data = read_regular(str(file))
    assert data == b"real"
