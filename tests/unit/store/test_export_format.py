"""Take all that is in a store to another one, once, and lose nothing on the way."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store import StoreError
from enforcer.store.queries import DAY, Span
from enforcer.store.sqlite.check import check
from enforcer.store.sqlite.export import export
from enforcer.store.sqlite.import_ import Imported, import_lines
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.schema import HOUR
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]
OpenStore = Callable[[], Store]

VERSION_2 = Path(__file__).resolve().parents[2] / "fixtures" / "store" / "version-2.db"


@pytest.fixture
def old(tmp_path: Path) -> str:
    return str(shutil.copy(VERSION_2, tmp_path / "old.db"))


def answers(path: str) -> list[object]:
    """Give all that a store says, whatever its keys are."""
    with Reader(path) as reader:
        return [
            sorted(reader.uses(Span()), key=repr),
            sorted(reader.rules(Span()), key=repr),
            list(reader.rule_uses(Span())),
            list(reader.uses_in_time(Span(), HOUR)),
            list(reader.uses_in_time(Span(), DAY)),
            list(reader.sites_in_time(Span())),
            list(reader.service_uses(Span(since=HOUR))),
            list(reader.process_watches(Span())),
            list(reader.notices(Span())),
            reader.dropped(Span()),
            list(reader.uses(Span(run="r1"))),
        ]


def test_import_of_an_export_is_the_same_store(old: str, path: str) -> None:
    """Every answer is the one that the exported store gives, and the roll-ups agree."""
    import_lines(path, export(old))

    assert answers(path) == answers(old)
    assert check(path).problems == ()


def test_same_export_counts_once(old: str, path: str) -> None:
    """To import again is harmless, also when the store was written meanwhile."""
    lines = list(export(old))
    assert import_lines(path, lines).is_new
    before = answers(path)

    assert import_lines(path, lines) == Imported(len(lines) - 2, is_new=False)
    assert answers(path) == before


def test_later_export_of_the_same_store_is_refused(
    old: str, path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What both have would count twice."""
    import_lines(path, export(old))
    with closing(Store(old)) as store:
        store.write(make_process(id="f" * 32), 0, [make_use()])

    with pytest.raises(StoreError, match=r"count twice.*\(already-imported\)$"):
        import_lines(path, export(old))
    with pytest.raises(StoreError, match=r"\(already-imported\)$"):
        import_lines(old, export(old))
    with pytest.raises(StoreError, match=r"\(already-imported\)$"):
        import_lines(old, export(path))


def test_two_stores_add_up(
    old: str, path: str, tmp_path: Path, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """One call site on two machines is one call site, with the uses of both."""
    other = str(tmp_path / "other.db")
    with closing(Store(other)) as store:
        same = make_use("shop.old_cart", stage="warn", outcome="warned", count=100, names=("Cart",))
        same.last_seen += HOUR // 2
        store.write(make_process(id="f" * 32, service="shop", service_version="1.0"), 0, [same])
    for each in (old, other):
        import_lines(path, export(each))

    with Reader(path) as reader:
        assert sum(use.count for use in reader.uses(Span())) == 178
        assert reader.processes(Span()) == 5
        sites = {each.legacy: each.sites for each in reader.rule_uses(Span())}
    assert sites["shop.old_cart"] == 2
    assert check(path).problems == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[:9] + lines[10:],
        lambda lines: [*lines[:9], "no JSON", *lines[10:]],
        lambda lines: [*lines[:9], "[]", *lines[10:]],
        lambda lines: [*lines[:9], '{"table": "secrets"}', *lines[10:]],
        lambda lines: [*lines[:2], '{"table": "rule", "key": 1}', *lines[3:]],
        lambda lines: [line.replace('"count": 5', '"count": 6') for line in lines],
        lambda lines: [line.replace('"rule": 1', '"rule": 77') for line in lines],
        lambda lines: lines[1:],
        lambda _: ["{}"],
        lambda _: [],
    ],
)
def test_broken_export_adds_nothing(
    spoil: Callable[[list[str]], list[str]], old: str, path: str
) -> None:
    """What was cut off or changed on its way is noticed before anything of it is kept."""
    lines = spoil(list(export(old)))

    with pytest.raises(StoreError, match=r"Nothing of it was added.*\(broken-export\)$"):
        import_lines(path, lines)
    with Reader(path) as reader:
        assert reader.processes(Span()) == 0
        assert list(reader.uses(Span())) == []


def test_export_is_documented_lines(old: str) -> None:
    """The first line names the format, the last one how many rows there are."""
    head, *rows, end = map(json.loads, export(old))

    assert (head["enforcer-store"], head["schema"], len(head["sources"])) == (1, 3, 1)
    assert end["end"] == len(rows)
    assert {row["table"] for row in rows} >= {"process", "use_by_hour", "use_ever", "heartbeat"}


def test_exports_of_an_old_store_have_one_name(old: str) -> None:
    """A store gets its name once, or its export could be imported twice."""
    assert next(iter(export(old))) == next(iter(export(old)))


def test_import_holds_no_half_transaction(old: str, path: str) -> None:
    """After an import the store is written on at once."""
    import_lines(path, export(old))
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("BEGIN IMMEDIATE")


def test_broken_export_is_said_with_its_line(old: str, path: str) -> None:
    """The line that a person finds in an editor."""
    lines = list(export(old))
    for number in (1, 2, 10, len(lines)):
        broken = [*lines[: number - 1], '{"table": "secrets"}', *lines[number:]]
        with pytest.raises(StoreError, match=rf"\bline {number}\b"):
            import_lines(path, broken)
    # Which row is missing can't be known: the last line says how many there were.
    with pytest.raises(StoreError, match=rf"\bline {len(lines) - 1}: the rows are not those"):
        import_lines(path, [*lines[:9], *lines[10:]])


def test_progress_is_told_every_so_many_rows(
    old: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By how many rows were read so far."""
    told: list[int] = []
    monkeypatch.setattr("enforcer.store.sqlite.import_._EVERY", 10)
    imported = import_lines(path, export(old), progress=told.append)

    assert told == list(range(10, imported.rows + 1, 10))
    assert told
