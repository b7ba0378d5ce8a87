"""Write from several processes at once, and read meanwhile."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store.queries import Span
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE

PROCESSES = 6
BATCHES = 40

WRITER = """
    import sys
    from contextlib import closing
    from enforcer.recording.process import current
    from enforcer.recording.use import ALIASED, CallSite, Use
    from enforcer.rules.model import MigrationMap, Rule
    from enforcer.store.sqlite.writer import Store

    path, name, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
    rule = Rule("a.old", "a.new")
    process = current(MigrationMap([rule]))
    for sequence in range(batches):
        uses = [
            Use(rule, stage="alias", outcome=ALIASED, count=3, first_seen=1, last_seen=2,
                site=CallSite("a.old", file=file, line=1, function="f", module="m",
                              mechanism="import_statement"))
            for file in ("shared.py", name)
        ]
        with closing(Store(path)) as store:
            store.watch(process, [rule])
            store.write(process, sequence, uses, 1)
"""


def start_writers(path: str, environ: dict[str, str]) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(
            [sys.executable, "-c", dedent(WRITER), path, f"own{number}.py", str(BATCHES)],
            env=environ,
        )
        for number in range(PROCESSES)
    ]


@pytest.mark.process
def test_counts_are_exact(path: str, environ: dict[str, str]) -> None:
    """Six processes that make the store and write to it at the same time lose nothing."""
    codes = [writer.wait(PATIENCE) for writer in start_writers(path, environ)]

    assert codes == [0] * PROCESSES
    with Reader(path) as reader:
        uses = {row.file: row.count for row in reader.uses(Span())}
        assert uses.pop("shared.py") == 3 * PROCESSES * BATCHES
        assert uses == {f"own{number}.py": 3 * BATCHES for number in range(PROCESSES)}
        assert reader.dropped(Span()) == PROCESSES * BATCHES
        assert reader.processes(Span()) == PROCESSES


@pytest.mark.process
def test_reads_while_others_write(path: str, environ: dict[str, str]) -> None:
    """A reader never waits for the writers to end, and sees whole batches only."""
    Store(path).close()
    writers = start_writers(path, environ)
    looks = 0
    while any(writer.poll() is None for writer in writers):
        with Reader(path) as reader:
            counts = [row.count for row in reader.uses(Span())]
        assert sum(counts) == 2 * max(counts, default=0)
        looks += 1

    assert looks > 1
    assert [writer.wait(PATIENCE) for writer in writers] == [0] * PROCESSES


def test_reader_sees_one_moment(
    path: str, make_process: Callable[..., Process], make_use: Callable[..., Use]
) -> None:
    """Everything that one reader gives belongs together."""
    with closing(Store(path)) as store:
        store.write(make_process(), 0, [make_use(count=2)])
        with Reader(path) as reader:
            before = reader.processes(Span())
            store.write(make_process(), 0, [make_use(count=5)])
            assert reader.processes(Span()) == before
            assert [row.count for row in reader.uses(Span())] == [2]


def test_leaves_only_its_file(
    path: str, make_process: Callable[..., Process], make_use: Callable[..., Use]
) -> None:
    """When nobody has the store open any more, only its one file is there."""
    with closing(Store(path)) as store:
        store.write(make_process(), 0, [make_use()])
    with Reader(path):
        pass

    assert os.listdir(Path(path).parent) == ["uses.db"]  # noqa: PTH208 - names are compared
