"""Programs that use nothing legacy: they are counted all the same, and pay little for it."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from enforcer.recording.notes import MOST_NOTES
from enforcer.store.notes import notes_beside
from enforcer.store.queries import Span
from enforcer.store.sqlite.reader import Reader
from tests.integration.conftest import Project
from tests.patience import PATIENCE, wait_until

BEATS = """
from tests_patience import wait_until
import enforcer.startup

leader = enforcer.startup.active().reporters[0]
beats, look = [], leader.on_beat
def beat():
    look()
    beats.append(1)
leader.on_beat = beat
def wait_for_beats():
    beats.clear()
    wait_until(lambda: len(beats) > 2)
"""


@pytest.fixture
def known(project: Project) -> Project:
    """Give a project whose store has its map."""
    project.run("")
    return project


def notes(project: Project) -> list[str]:
    return [note.ending for note in notes_beside(str(project.store))]


def rows(project: Project, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project.store)) as connection:
        return connection.execute(query).fetchall()


def endings(project: Project) -> dict[str, int]:
    """Count how processes ended, as reports have it."""
    with Reader(str(project.store)) as reader:
        watching = reader.watching(Span())
    counts = {name: getattr(watching, name) for name in ("ended", "running", "vanished")}
    return {name: count for name, count in counts.items() if count}


def test_it_loads_no_sqlite(known: Project) -> None:
    """Its end is a small file beside the store, which every reader counts."""
    _, imported = known.run("print('did its work')", "-X", "importtime")

    assert "enforcer.recording.notes" in imported
    assert "sqlite" not in imported
    assert "enforcer.store" not in imported
    assert notes(known) == ["exit"]
    assert known.numbers()["processes"] == 2
    assert endings(known) == {"ended": 2}


def test_a_package_that_a_legacy_module_lies_in_is_not_legacy(known: Project) -> None:
    """Every program of a project imports such packages."""
    (known.folder / "shop").mkdir()
    (known.folder / "shop" / "__init__.py").write_text("")
    with (known.folder / "enforcer.toml").open("a") as file:
        file.write('[[rule]]\nlegacy = "shop.cart.old"\ncanonical = "new"\n')
    known.run("")
    _, imported = known.run("import shop; shop.name = 1", "-X", "importtime")

    assert "enforcer.runtime.imports.watch" in imported
    assert "sqlite" not in imported
    assert endings(known) == {"ended": 3}


@pytest.mark.parametrize("is_first", [True, False])
def test_no_thread_of_ours_changes_the_loaded_modules(project: Project, is_first: bool) -> None:  # noqa: FBT001 - a case
    """Code that walks ``sys.modules`` fails if one comes in: what it takes is there before."""
    if not is_first:
        project.run("")
    output, _ = project.run(
        f"{BEATS}\nbefore = set(sys.modules)\nwait_for_beats()\nprint(set(sys.modules) - before)"
    )

    assert output == "set()\n"
    assert notes(project) == ([] if is_first else ["exit"])


def test_it_is_there_while_it_runs_and_vanishes_when_it_is_killed(known: Project) -> None:
    """No goodbye, no end: as of a process that wrote."""
    with known.start("sys.stdin.read()") as process:
        wait_until(lambda: notes(known) == [""])
        assert endings(known) == {"ended": 1, "running": 1}
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: endings(known) == {"ended": 1, "vanished": 1})
    known.run("use()")

    assert notes(known) == []
    assert endings(known) == {"ended": 2, "vanished": 1}


def test_it_may_use_something_at_last(known: Project) -> None:
    """What it noted before is part of the time in which it watched."""
    known.run(f"{BEATS}\nwait_for_beats()\nuse(3)\nwait_for_beats()")

    assert notes(known) == []
    assert known.uses() == 3
    assert endings(known) == {"ended": 2}
    query = (
        "SELECT since = started, till = written, ended >= written FROM heartbeat "
        "JOIN process ON key = process"
    )
    assert rows(known, query) == [(1, 1, 1)] * 2


def test_many_at_once(known: Project) -> None:
    """Each is counted once, whoever takes the notes in meanwhile, and however many do."""
    programs = [known.start("use()" if number % 3 == 0 else "") for number in range(12)]
    for program in programs:
        assert program.communicate(timeout=PATIENCE) == ("", "")
        assert program.returncode == 0

    assert known.uses() == 4
    assert endings(known) == {"ended": 13}
    known.run("use()")
    assert notes(known) == []
    assert endings(known) == {"ended": 14}
    assert rows(known, "SELECT count(*) FROM process") == [(14,)]


def test_there_are_never_many_notes(known: Project) -> None:
    """Where only such programs run, one of them takes the notes into the store."""
    known.run("")
    (note,) = notes_beside(str(known.store))
    for number in range(MOST_NOTES):
        note.process.id = f"{number:032x}"
        note.file = f"{known.store}.watched-{note.process.id}-0"
        note.write()
    known.run("")

    assert notes(known) == []
    assert endings(known) == {"ended": MOST_NOTES + 3}


def test_what_hides_imports_is_said_while_it_runs(known: Project) -> None:
    """A verdict must not rest on a process that sees nothing."""
    with known.start("sys.meta_path.clear()\nsys.stdin.read()") as process:
        wait_until(lambda: any(note.notices for note in notes_beside(str(known.store))))
        assert "blind: The enforcer's finder is gone" in known.report()
        process.communicate("", timeout=PATIENCE)
    known.run("use()")

    assert rows(known, "SELECT subject FROM notice") == [("sys.meta_path",)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_forked_children(known: Project) -> None:
    """One that stays says so, in its own name; one that is gone at once leaves no trace."""
    known.run(
        f"""{BEATS}
wait_for_beats()
if not os.fork():
    os._exit(0)
if not os.fork():
    import gc
    gc.collect()
    leader = enforcer.startup.active().reporters[0]
    wait_until(lambda: gc.collect() < 0 or leader.has_begun)
    sys.exit()
os.wait(), os.wait()
"""
    )
    parents = {note.process.id: note.process.parent for note in notes_beside(str(known.store))}

    assert sorted(parent in parents for parent in parents.values()) == [False, True]
    assert endings(known) == {"ended": 3}


def test_store_that_is_deleted_meanwhile(known: Project) -> None:
    """The end of the process makes it anew, as any other does."""
    with known.start("sys.stdin.read()") as process:
        wait_until(lambda: notes(known) == [""])
        for file in known.store.parent.glob("uses.db*"):
            file.unlink()
        process.communicate("", timeout=PATIENCE)

    assert process.returncode == 0
    assert endings(known) == {"ended": 1}


def test_map_that_is_changed(known: Project) -> None:
    """The first process that has it brings its rules, as ever."""
    with (known.folder / "enforcer.toml").open("a") as file:
        file.write('[[rule]]\nlegacy = "older"\ncanonical = "new"\n')
    known.run("")
    assert notes(known) == []
    known.run("")
    assert notes(known) == ["exit"]
    known.run("", ENFORCER_STAGE="strict")

    assert notes(known) == []
    assert {rule["legacy"]: rule["stage"] for rule in known.numbers()["rules"]} == {
        "old": "strict",
        "older": "strict",
    }


def test_nothing_else_is_left(known: Project) -> None:
    """What lies beside the store is the store's, and one note for each process."""
    known.run("")
    names = sorted(each.name.split("watched-")[0] for each in Path(known.store).parent.iterdir())

    assert [name for name in names if name.startswith("uses")] == [
        "uses.db",
        "uses.db.",
        "uses.db.maps",
    ]
