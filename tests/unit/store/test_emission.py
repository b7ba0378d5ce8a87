"""The ledger in the store knows what is missing at a collector, and who may send it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store import emission
from enforcer.store.emission import identify
from enforcer.store.sqlite.retention import Transaction
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]
OWN = "0" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "uses.db"))
    yield store
    store.close()


def site_of(use: Use) -> str:
    return identify(use.rule.legacy, use.stage, use.outcome, use.site)


def write(store: Store, process: Process, *uses: Use, sequence: int = 0) -> None:
    store.watch(process, [uses[0].rule])
    store.write(process, sequence, uses)


def test_nothing_is_missing_of_who_does_not_emit(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    process = make_process()
    write(store, process, make_use())
    store.leave(process, "exit")
    assert store.claim_emission() is None
    store.note_emission(make_process().id, [])
    assert store.claim_emission() is None


def test_what_a_process_left_is_claimed_once(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """And found again by nobody, once it is sent."""
    process, use = make_process(), make_use(count=5, names=("A", "B"), file="ü.py")
    write(store, process, use)
    store.note_emission(process.id, [])
    assert store.claim_emission() is None  # it lives
    store.leave(process, "exit")

    remainder = store.claim_emission(OWN)
    assert remainder is not None
    ((found, site, since),) = remainder.uses
    assert (found.count, found.site, found.rule.canonical) == (5, use.site, use.rule.canonical)
    assert (site, since, remainder.ending) == (site_of(use), 0, "exit")
    assert store.claim_emission(OWN) is None  # somebody is about it
    store.end_claim(remainder, is_emitted=True)
    assert store.claim_emission(OWN, lease=0) is None


def test_a_claim_that_fails_is_left_to_others(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    process = make_process()
    write(store, process, make_use())
    store.note_emission(process.id, [])
    store.leave(process, "exit")
    first = store.claim_emission(OWN)
    assert first is not None
    store.end_claim(first, is_emitted=False)

    second = store.claim_emission(OWN)
    assert second is not None
    assert second.rows() == first.rows()


def test_an_offer_is_sent_again_unchanged(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Whoever took it knows it by its id; what came after it is another record."""
    process, use = make_process(), make_use(count=5)
    write(store, process, use)
    store.note_emission(process.id, [(site_of(use), 1, 3, 77)])
    store.leave(process, "exit")

    for expected in ((2, 1, 77), (2, 3, use.last_seen)):
        remainder = store.claim_emission(OWN, lease=0)
        assert remainder is not None
        ((found, _, since),) = remainder.uses
        assert (found.count, since, found.last_seen) == expected
        store.end_claim(remainder, is_emitted=True)


def test_who_was_taken_for_gone_goes_on_from_the_ledger(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Otherwise it would send again, with other ids, what somebody has sent for it."""
    process, use = make_process(), make_use(count=5)
    write(store, process, use)
    assert store.note_emission(process.id, []) is None
    store.leave(process, "exit")
    remainder = store.claim_emission(OWN)
    assert remainder is not None
    store.end_claim(remainder, is_emitted=True)

    known = store.note_emission(process.id, [(site_of(use), 0, 8, 99)])
    assert known == {site_of(use): (site_of(use), 5, 5, use.last_seen)}
    assert store.note_emission(process.id, [(site_of(use), 5, 8, 99)]) is None


def test_a_complete_process_is_closed(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    process, use = make_process(), make_use(count=5)
    write(store, process, use)
    row = (site_of(use), 5, 5, use.last_seen)
    store.note_emission(process.id, [row], is_complete=True)
    store.leave(process, "exit")
    assert store.claim_emission(OWN, lease=0) is None


def test_the_ledger_goes_with_the_uses(
    store: Store, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """An older version removes rows and knows nothing of it."""
    process, use = make_process(), make_use()
    write(store, process, use)
    store.note_emission(process.id, [(site_of(use), 0, 1, 1)])
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM use")
        with Transaction(connection):
            emission.forget(connection)
        assert connection.execute("SELECT count(*) FROM emission").fetchone() == (0,)
        connection.execute("DELETE FROM process")
        with Transaction(connection):
            emission.forget(connection)
        assert connection.execute("SELECT count(*) FROM emitting").fetchone() == (0,)
