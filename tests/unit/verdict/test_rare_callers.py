"""Callers that come rarely, and that no scan of the source shows: what the simulation found."""

from contextlib import closing

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, IMPORT_MODULE, IMPORT_STATEMENT, CallSite, Use
from enforcer.rules.terms import AcceptedBreak
from enforcer.store.queries import DAY
from enforcer.store.sqlite.writer import Store
from enforcer.verdict.model import CAN_GO, IN_USE, UNKNOWN
from tests.fleets import OLD, START, Fleet

MINUTE = 60 * 10**9


def use(fleet: Fleet, process: Process, mechanism: str = IMPORT_MODULE, first: int = 0) -> None:
    """Use the rule once, now, in a process that has counted its uses since a first one."""
    site = CallSite(OLD.module, "shop/jobs.py", 3, "run", "shop.jobs", mechanism)
    first_seen = first or fleet.now
    with closing(fleet.store()) as store:
        uses = [Use(OLD, OLD.stage, ALIASED, site, 1, first_seen, fleet.now)]
        store.write(process, fleet.now // DAY, uses)


@pytest.mark.parametrize(
    ("mechanism", "answer"), [(IMPORT_MODULE, UNKNOWN), (IMPORT_STATEMENT, CAN_GO)]
)
def test_a_caller_in_an_expected_service_that_came_once(
    fleet: Fleet, mechanism: str, answer: str
) -> None:
    """Its period is not known. A statement would still be in the source, where the scan looks."""
    process = fleet.start()
    fleet.pass_days(5, process)
    use(fleet, process, mechanism)
    fleet.pass_days(31, process)
    fleet.scan()
    assert fleet.verdict().answer == answer

    accepted = AcceptedBreak("web", "2024-10-09", "2024-10-09", "it was the last run")
    assert fleet.verdict(accept=[accepted]).answer == CAN_GO


def test_a_pause_in_a_process_that_lives_for_months(fleet: Fleet) -> None:
    """A process counts from its first use of a call site on, which is no use of today."""
    process = fleet.start()
    use(fleet, process)
    fleet.pass_days(40, process)
    use(fleet, process, first=START)
    fleet.pass_days(50, process)
    fleet.scan()
    assert fleet.verdict().answer == IN_USE, "40 days are a pause that was seen"

    fleet.pass_days(11, process)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO


@pytest.mark.parametrize(
    ("mechanism", "answer"), [(IMPORT_MODULE, UNKNOWN), (IMPORT_STATEMENT, CAN_GO)]
)
def test_a_kill_where_a_caller_comes_rarely(fleet: Fleet, mechanism: str, answer: str) -> None:
    """Its next use may have been in the last seconds of the process that was killed."""
    web = fleet.start()
    use(fleet, web, mechanism)
    fleet.pass_days(10, web)
    use(fleet, web, mechanism)
    killed = fleet.start()
    fleet.pass_days(11, web, killed)
    fleet.pass_days(20, web, fleet.start())
    fleet.scan()
    verdict = fleet.verdict()

    assert verdict.answer == answer, verdict.deciding
    if answer == UNKNOWN:
        assert "has a caller that no scan shows" in verdict.deciding[0].facts[0]


def test_a_clock_that_is_minutes_behind_is_no_kill(fleet: Fleet) -> None:
    """Its heartbeats are minutes old whenever somebody looks, and it runs."""
    process = fleet.start()
    fleet.pass_days(31, process)
    fleet.now += DAY // 2
    behind = fleet.start("worker")
    with closing(Store(fleet.path, clock=lambda: fleet.now - 40 * MINUTE)) as store:
        store.watch(behind, fleet.rules, 5)
    fleet.beat(process)
    fleet.scan()

    assert fleet.verdict().answer == CAN_GO
    assert fleet.verdict().conditions[4].facts[0].endswith("2 processes")
