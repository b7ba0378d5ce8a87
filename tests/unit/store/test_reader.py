"""Read a store, or say in one line why not."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store import StoreError
from enforcer.store.queries import DAY, Span
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.schema import HOUR, SCHEMA_VERSION
from enforcer.store.sqlite.statements import uses_in_time
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]
OpenStore = Callable[[], Store]


def test_missing_store(path: str) -> None:
    """Without a store the message says how to get one, and nothing is made."""
    with pytest.raises(StoreError) as caught:
        Reader(path)

    assert str(caught.value) == (
        f'nothing recorded: no store at "{path}"; '
        'run your program with "enforcer run" first (no-store)'
    )
    assert not Path(path).parent.exists()


def test_empty_file(tmp_path: Path) -> None:
    """A file that a killed process left empty is no store yet."""
    (tmp_path / "uses.db").touch()

    with pytest.raises(StoreError, match=r"\(no-store\)$"):
        Reader(str(tmp_path / "uses.db"))


def test_file_that_is_no_database(tmp_path: Path) -> None:
    """A text file is named as what it is not."""
    (tmp_path / "uses.db").write_text("hello " * 1000)

    with pytest.raises(StoreError, match=r"is no store of the enforcer.*\(not-a-store\)$"):
        Reader(str(tmp_path / "uses.db"))


def test_database_of_another_program(tmp_path: Path) -> None:
    """A database without our mark is not read."""
    with closing(sqlite3.connect(tmp_path / "uses.db")) as connection:
        connection.execute("CREATE TABLE customer (name)")

    with pytest.raises(StoreError, match=r"database of another program.*\(not-a-store\)$"):
        Reader(str(tmp_path / "uses.db"))


def test_store_of_a_newer_enforcer(open_store: OpenStore, path: str) -> None:
    """A schema from the future is not guessed at."""
    open_store().close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    with pytest.raises(StoreError, match=r"\(newer-store\)$"):
        Reader(path)


def test_path_with_odd_characters(tmp_path: Path, make_process: MakeProcess) -> None:
    """A question mark or a percent sign in a path is not taken for an option of SQLite."""
    path = str(tmp_path / "50%25 ?mode=memory#x.db")
    with closing(Store(path)) as store:
        store.watch(make_process(), [])

    with Reader(path) as reader:
        assert reader.processes(Span()) == 1


@pytest.mark.process
@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
def test_folder_that_may_not_be_written(make_process: MakeProcess, environ: dict[str, str]) -> None:
    """Somebody who may read the file, but not write its folder, can read the store."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "uses.db"
        with closing(Store(str(path))) as store:
            store.watch(make_process(), [])
        code = (
            "import os, sys; from enforcer.store.queries import Span\n"
            "from enforcer.store.sqlite.reader import Reader; os.setuid(65534)\n"
            "with Reader(sys.argv[1]) as reader: print(reader.processes(Span()))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, str(path)], env=environ, capture_output=True, check=True
        )

    assert result.stdout == b"1\n"


def test_rules_are_those_of_the_newest_process(
    open_store: OpenStore, path: str, make_process: MakeProcess
) -> None:
    """A rule has the stage and target that the process which started last knew."""
    store = open_store()
    store.watch(make_process(started=2), [Rule("a.old", "a.new", stage="strict")])
    store.watch(make_process(started=1), [Rule("a.old", "a.newer", stage="alias")])

    with Reader(path) as reader:
        (rule,) = reader.rules(Span())
    assert (rule.stage, rule.canonical) == ("strict", "a.new")


def test_rule_of_a_use_is_known_without_watching(
    open_store: OpenStore, path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """A use whose rule the process had not announced brings the rule with it."""
    store, process = open_store(), make_process()
    store.watch(process, [])
    store.write(process, 0, [make_use("a.old", "a.new")])

    with Reader(path) as reader:
        assert [rule.legacy for rule in reader.rules(Span())] == ["a.old"]


def test_span_leaves_out_what_was_last_seen_before(
    open_store: OpenStore, path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What was last seen within the span counts, whole hours at a time."""
    old, new = make_use(count=2), make_use(count=5)
    new.last_seen += 3 * HOUR
    store, process = open_store(), make_process()
    store.write(process, 0, [old])
    store.write(process, 1, [new])

    with Reader(path) as reader:
        assert [row.count for row in reader.uses(Span(since=new.last_seen))] == [5]
        assert [row.count for row in reader.uses(Span(since=new.last_seen + 1))] == []
        assert [row.count for row in reader.uses(Span())] == [7]


def test_span_of_one_run(
    open_store: OpenStore, path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """A run sees its own processes, rules, uses and losses."""
    store = open_store()
    store.write(make_process(run="r1"), 0, [make_use("a.old", "a.new", count=2)], 1)
    store.write(make_process(run="r2"), 0, [make_use("b.old", "b.new", count=3)], 4)

    span = Span(run="r1")
    with Reader(path) as reader:
        assert reader.runs() == ["r2", "r1"]
        assert reader.processes(span) == 1
        assert reader.dropped(span) == 1
        assert [rule.legacy for rule in reader.rules(span)] == ["a.old"]
        assert [row.count for row in reader.uses(span)] == [2]


def test_process_that_was_last_there_before_a_span(
    open_store: OpenStore, path: str, make_process: MakeProcess
) -> None:
    """A process counts for a span if it wrote in it."""
    open_store().watch(make_process(), [Rule("a.old", "a.new")])
    with closing(sqlite3.connect(path)) as connection:
        ((written,),) = connection.execute("SELECT written FROM process").fetchall()

    with Reader(path) as reader:
        assert reader.processes(Span(since=written)) == 1
        assert reader.processes(Span(since=written + 1)) == 0
        assert list(reader.rules(Span(since=written + 1))) == []


def test_a_bucket_is_an_hour_a_day_or_a_week() -> None:
    """Any other would be cut out of hours that it does not begin with."""
    with pytest.raises(ValueError, match="not 7 ns"):
        uses_in_time(Span(), 7)


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_span_within_an_hour_leaves_out_processes_that_ended_before(
    path: str, make_process: MakeProcess, make_use: MakeUse, hour: int
) -> None:
    """Though the hour's row has the uses of both; a process that goes on counts whole."""
    noon, minute = 20_542 * DAY + hour * HOUR, HOUR // 60
    for start, count in ((1, 7), (40, 2)):
        begun = noon + start * minute
        with closing(Store(path, clock=lambda begun=begun: begun)) as store:
            process = make_process(started=begun)
            store.write(process, 0, [make_use(count=count, first_seen=begun, last_seen=begun)])

    def counted(since: int) -> tuple[list[int], list[int]]:
        with Reader(path) as reader:
            span = Span(since=since)
            rules = [rule.count for rule in reader.rule_uses(span)]
            return [use.count for use in reader.uses(span)], rules

    assert counted(noon) == ([9], [9])
    assert counted(noon + 30 * minute) == ([2], [2])
    assert counted(noon + 50 * minute) == ([], [])
