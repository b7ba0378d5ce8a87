"""A yes is refused, with the reason, where the evidence only looks like silence."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.terms import AcceptedBreak, Job
from enforcer.store.not_enabled import MARK
from enforcer.store.queries import DAY, HOUR
from enforcer.verdict.model import CAN_GO, IN_USE, TESTS, UNKNOWN, UNWATCHED, Verdict
from tests.fleets import OLD, REVISION, Fleet

SECOND = 10**9


def refused(verdict: Verdict) -> tuple[str, str, str]:
    """Return the answer, the condition that leads to it, and its first fact."""
    first = verdict.deciding[0]
    return verdict.answer, first.name, first.facts[0]


@pytest.fixture
def web(fleet: Fleet) -> Process:
    """Let a process watch for 31 days: without more, its rule can go."""
    process = fleet.start()
    fleet.pass_days(31, process)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO
    return process


def test_a_service_that_was_never_enabled(fleet: Fleet, web: Process) -> None:
    fleet.beat(web)
    verdict = fleet.verdict(expected=("web", "worker"))

    assert refused(verdict) == (UNWATCHED, "watched", "worker was not watched for 30 d")


def test_a_service_that_lost_its_watch(fleet: Fleet, web: Process) -> None:
    """Nobody noticed that it is not enabled since a deployment."""
    fleet.leave(web)
    fleet.pass_days(2)
    fleet.scan()
    answer, name, fact = refused(fleet.verdict())

    assert (answer, name) == (UNWATCHED, "watched")
    assert fact.startswith("web was not watched from 2024-11-04 00:00 till 2024-11-06 00:00 UTC")


def test_a_process_that_crashed_at_its_start(fleet: Fleet, web: Process) -> None:
    """What it used is lost. Another one that lives as long makes up for it."""
    fleet.start()
    fleet.pass_days(2.5, web)
    fleet.now += HOUR
    again = fleet.start()
    fleet.pass_days(2.5, web)
    fleet.scan()
    assert fleet.verdict().answer == UNKNOWN, "it may run on, cut off from the store"
    successor = fleet.start()
    fleet.pass_days(1, web, successor)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO, "the long-lived one was there before and after"

    fleet.leave(successor)
    fleet.leave(web)
    for _ in range(40):
        fleet.start()
        fleet.now += DAY
    fleet.scan()
    answer, name, fact = refused(fleet.verdict())

    assert (answer, name) == (UNKNOWN, "complete")
    assert "processes of web ended without a last write" in fact
    assert again.service == "web"


def test_a_day_in_which_a_service_crashed_at_each_start(fleet: Fleet, web: Process) -> None:
    """It is watched for a moment every forty minutes, and what would have run then did not.

    Found by the simulation, seed 123: a job of that day was skipped, so its pause was twice as
    long as the longest one seen.
    """
    fleet.leave(web)
    for _ in range(40):
        fleet.start(interval=5)
        fleet.now += 40 * HOUR // 60
    again = fleet.start()
    fleet.pass_days(3, again)
    fleet.scan()
    answer, name, fact = refused(fleet.verdict())

    assert (answer, name) == (UNWATCHED, "watched")
    assert "and 39 more breaks" in fact
    fleet.pass_days(31, again)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO


def test_a_map_without_the_rule_yet(fleet: Fleet, web: Process) -> None:
    """One of two processes has an old map: it would use the path unseen."""
    old = fleet.start(rules=[Rule("shop.other", "shop.new")])
    fleet.beat(web)
    fleet.scan()
    verdict = fleet.verdict()

    fact = "with a map that lacks the rule: 1 process of web"
    assert refused(verdict) == (UNWATCHED, "maps", fact)

    fleet.leave(old)
    fact = "1 process of web had a map without the rule, until 2024-11-04 00:00 UTC"
    assert refused(fleet.verdict()) == (UNWATCHED, "maps", fact)


def test_another_service_without_the_rule(fleet: Fleet, web: Process) -> None:
    """It is not expected, and it runs."""
    fleet.start("cron", rules=[Rule("shop.other", "shop.new")])
    fleet.beat(web)

    assert refused(fleet.verdict())[:2] == (UNWATCHED, "maps")


def test_dropped_events(fleet: Fleet, web: Process) -> None:
    fleet.drop(web, 7)

    assert refused(fleet.verdict()) == (
        UNKNOWN,
        "complete",
        "7 uses were dropped, the last ones 2024-11-04 00:00 UTC",
    )
    fleet.pass_days(31, web)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO


def test_a_clock_that_jumped_forward(fleet: Fleet) -> None:
    """One heartbeat now, and one in a month by a wrong clock, are no month of watching."""
    process = fleet.start()
    fleet.now += 31 * DAY
    fleet.beat(process)
    fleet.scan()

    assert refused(fleet.verdict())[:2] == (UNWATCHED, "watched")


def test_a_clock_that_is_ahead(fleet: Fleet, web: Process) -> None:
    """Times of the future are none."""
    now = fleet.now
    fleet.now += 40 * DAY
    fleet.start()
    fleet.now = now
    fleet.beat(web)

    assert refused(fleet.verdict())[:2] == (UNKNOWN, "complete")


def test_a_clock_that_is_behind(fleet: Fleet, web: Process) -> None:
    """Its uses look old; it says that its clock differs from the others'."""
    now = fleet.now
    fleet.now -= 40 * DAY
    behind = fleet.start()
    fleet.use(behind)
    fleet.now = now
    fleet.pass_days(1, web)
    fleet.scan()
    fleet.beat(web)

    assert refused(fleet.verdict())[:2] == (UNKNOWN, "complete")


def test_a_store_that_was_deleted_in_between(fleet: Fleet, web: Process) -> None:
    for file in Path(fleet.path).parent.glob("uses.db*"):
        file.unlink()
    fleet.pass_days(10, web)
    fleet.scan()
    answer, name, fact = refused(fleet.verdict())

    assert (answer, name) == (UNWATCHED, "watched")
    assert fact.startswith("web was not watched from")


def test_a_kill_in_a_store_that_was_begun_anew(fleet: Fleet, web: Process) -> None:
    """Who comes rarely was known to the old store only, and may have come as it was killed."""
    for file in Path(fleet.path).parent.glob("uses.db*"):
        file.unlink()
    fleet.beat(web)
    begun = fleet.now
    fleet.pass_days(10, web, fleet.start())
    fleet.pass_days(30, web)
    fleet.scan()
    found = refused(fleet.verdict())
    assert found[:2] == (UNKNOWN, "complete")
    assert found[2].startswith("1 process of web ended without a last write")
    assert found[2].endswith("and the store was begun anew 2024-11-04 00:00 UTC")

    fleet.now = begun + 60 * DAY - DAY // 2
    fleet.pass_days(1, web, fleet.start())
    assert fleet.now > begun + 60 * DAY
    fleet.scan()
    fleet.beat(web)
    verdict = fleet.verdict(accept=[AcceptedBreak("web", "2024-01-01", "2025-12-31", "a test")])
    assert "complete" not in {one.name for one in verdict.deciding}


def test_a_store_that_was_damaged(fleet: Fleet, web: Process) -> None:
    """It was set aside, with what it knew."""
    Path(f"{fleet.path}.corrupt-20241103T101500").touch()
    found = refused(fleet.verdict())

    assert found[:2] == (UNKNOWN, "complete")
    assert "the store was damaged" in found[2]
    fleet.beat(web)


@pytest.mark.parametrize(
    ("kind", "subject", "is_refused"),
    [
        ("blind", "builtins.__import__", True),
        ("blind", "safe mode", True),
        ("left-out", "shop.old", True),
        ("late", "shop.old", True),
        ("fork", "enforcer", True),
        ("late", "shop.other", False),
        ("implementation", "shop.old", False),
    ],
)
def test_a_process_that_could_not_see(
    fleet: Fleet, web: Process, kind: str, subject: str, *, is_refused: bool
) -> None:
    """``__import__`` is replaced, the enforcer is switched off, a rule is left out, …."""
    fleet.note(web, kind, subject)
    verdict = fleet.verdict()

    if is_refused:
        assert refused(verdict)[:2] == (UNKNOWN, "complete")
        assert "something can't be seen" in refused(verdict)[2]
    else:
        assert verdict.answer == CAN_GO


def test_an_enforcer_that_was_switched_off(fleet: Fleet, web: Process) -> None:
    """Its process went on."""
    other = fleet.start()
    fleet.leave(other, "disabled")
    fleet.beat(web)
    found = refused(fleet.verdict())

    assert found[:2] == (UNKNOWN, "complete")
    assert found[2].startswith("1 process switched the enforcer off and went on")


def test_a_process_that_could_not_be_enabled(fleet: Fleet, web: Process) -> None:
    line = f"{fleet.now - DAY} not enabled: the map is broken\n"
    Path(f"{fleet.path}{MARK}").write_text(line, "utf-8")
    found = refused(fleet.verdict())

    assert found[:2] == (UNKNOWN, "complete")
    assert "the map is broken" in found[2]
    fleet.beat(web)


def test_one_second_of_watching(fleet: Fleet) -> None:
    process = fleet.start()
    fleet.now += SECOND
    fleet.beat(process)
    fleet.scan()
    answer, name, fact = refused(fleet.verdict())

    assert (answer, name) == (UNWATCHED, "watched")
    assert "(30 d)" in fact


def test_a_store_of_version_0_1_0(fleet: Fleet, web: Process) -> None:
    """It knew neither environments nor gaps: its processes are in production, and no evidence."""
    connection = sqlite3.connect(fleet.path)
    connection.execute("UPDATE deployment SET environment = ''")
    connection.execute("UPDATE process SET ending = 'unknown', ended = written")
    connection.commit()
    connection.close()
    verdict = fleet.verdict()

    assert verdict.answer == UNKNOWN
    assert any(
        "before 0.2 recorded neither gaps" in fact for one in verdict.deciding for fact in one.facts
    )
    assert web.service == "web"


def test_processes_without_an_environment_count_as_production(fleet: Fleet, web: Process) -> None:
    """And the verdict says how many there were."""
    nameless = fleet.start("script", environment="")
    fleet.use(nameless)
    fleet.leave(nameless)
    fleet.beat(web)
    verdict = fleet.verdict()

    assert verdict.answer == IN_USE
    assert "1 process names no environment, and counts as production." in verdict.unknowns


def test_tests_without_an_environment_are_tests(fleet: Fleet, web: Process) -> None:
    """In production a file in a folder named "tests" is production."""
    nameless = fleet.start("", environment="")
    fleet.use(nameless, "tests/test_cart.py")
    fleet.leave(nameless)
    fleet.now += HOUR
    fleet.beat(web)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO, fleet.verdict().deciding
    fleet.use(web, "tests/factories.py")
    assert fleet.verdict().answer == IN_USE


def test_staging_is_apart(fleet: Fleet, web: Process) -> None:
    """It counts until the scan; afterwards something names the path that the scan did not see."""
    staging = fleet.start("web", environment="staging")
    fleet.use(staging)
    fleet.now += HOUR
    fleet.beat(web)
    fleet.scan()
    assert fleet.verdict().answer == CAN_GO
    fleet.now += HOUR
    fleet.use(staging)

    assert fleet.verdict().answer == TESTS


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda fleet: fleet.scan(rules=("shop.other",)), "did not search for it"),
        (lambda fleet: fleet.scan(scanned=fleet.now - 8 * DAY), "is older than 7 days"),
        (lambda fleet: fleet.scan(is_dirty=True), "the scanned tree differed from its commit"),
        (lambda fleet: fleet.scan(revision="f" * 40), "web 0123456789ab runs in production"),
    ],
)
def test_a_scan_of_something_else(
    fleet: Fleet, web: Process, change: Callable[[Fleet], None], fact: str
) -> None:
    """The tree that was searched has to be the one that runs, and of this week."""
    fleet.beat(web)
    change(fleet)
    found = refused(fleet.verdict())

    assert found[:2] == (UNKNOWN, "source")
    assert fact in found[2]


def test_a_version_that_is_no_revision_can_not_be_compared(fleet: Fleet, web: Process) -> None:
    """The verdict says so."""
    fleet.start(version="1.4")
    fleet.beat(web)

    assert any(
        "web 1.4 runs: its version is no revision" in one for one in fleet.verdict().unknowns
    )
    assert REVISION not in str(fleet.verdict().unknowns)


def test_a_pause_that_was_seen_before(fleet: Fleet, web: Process) -> None:
    """Who came after 40 days comes again: the period is one and a half times as long."""
    fleet.use(web)
    fleet.pass_days(40, web)
    fleet.use(web)
    fleet.pass_days(59, web)
    fleet.scan()
    verdict = fleet.verdict()
    assert (verdict.answer, verdict.period) == (IN_USE, 60 * DAY)
    fleet.pass_days(2, web)
    fleet.scan()

    assert fleet.verdict().answer == CAN_GO


def test_a_pause_of_one_caller_is_not_hidden_by_another(fleet: Fleet, web: Process) -> None:
    """One is used each day, until it was fixed; the other one each 40 days."""
    fleet.use(web, "shop/monthly.py")
    for _ in range(40):
        fleet.use(web, "shop/daily.py")
        fleet.pass_days(1, web)
    fleet.use(web, "shop/monthly.py")
    fleet.pass_days(35, web)

    assert fleet.verdict().answer == IN_USE


def test_a_use_after_a_long_silence_counts_as_a_pause(fleet: Fleet, web: Process) -> None:
    """It was used on one day only: 31 days had passed before it."""
    fleet.use(web)
    fleet.pass_days(40, web)
    fleet.scan()
    verdict = fleet.verdict()

    assert (verdict.answer, verdict.period) == (IN_USE, int(46.5 * DAY))


def test_a_store_that_keeps_too_little_to_know_how_rarely_callers_come(fleet: Fleet) -> None:
    """Uses 110 days apart, then 10: when the first one is forgotten, 10 days are the longest."""
    terms = {"keep_days_of": [("web", 120)]}
    fleet.rules = MigrationMap([OLD], **terms)  # type: ignore[assignment, arg-type]
    web = fleet.start()
    for days in (1, 110, 10, 45):
        if days != 1:
            fleet.use(web)
        fleet.pass_days(days, web)
    fleet.scan()
    verdict = fleet.verdict(**terms)

    assert (verdict.answer, verdict.period) == (IN_USE, 120 * DAY)
    assert "The store keeps 120 d of web: pauses that were longer are forgotten." in (
        verdict.unknowns
    )
    assert fleet.verdict(keep_days_of=[("web", 365)]).answer == CAN_GO, "the pause is forgotten"

    fleet.pass_days(76, web)
    fleet.scan()
    assert fleet.verdict(**terms).answer == CAN_GO


def test_a_job_that_came_once(fleet: Fleet, web: Process) -> None:
    """Nobody knows when it comes again, until the map declares it."""
    job = fleet.start("quarterly")
    fleet.use(job)
    fleet.leave(job)
    fleet.pass_days(60, web)
    fleet.scan()
    verdict = fleet.verdict()
    assert refused(verdict)[:2] == (UNKNOWN, "quiet")
    assert 'jobs = [{ service = "quarterly", every = "…d" }]' in verdict.deciding[0].act

    assert fleet.verdict(jobs=[Job("quarterly", 92)]).answer == IN_USE
    gone = AcceptedBreak("quarterly", "2024-11-01", "2025-12-31", "it was switched off")
    assert fleet.verdict(accept=[gone]).answer == CAN_GO


def test_a_declared_job_has_to_run(fleet: Fleet, web: Process) -> None:
    """Once in one and a half times its period, without the rule's use."""
    job = fleet.start("quarterly")
    fleet.leave(job)
    fleet.pass_days(100, web)
    fleet.scan()
    terms = {"jobs": [Job("quarterly", 92)]}
    assert fleet.verdict(**terms).answer == CAN_GO
    fleet.pass_days(40, web)
    fleet.scan()

    assert refused(fleet.verdict(**terms)) == (
        UNWATCHED,
        "watched",
        "the job quarterly was not watched within 138 d",
    )


def test_a_job_that_runs_right_now_has_not_run(fleet: Fleet, web: Process) -> None:
    """It may use the path in its next minute. Found by the simulation, seed 301."""
    terms = {"jobs": [Job("quarterly", 92)]}
    job = fleet.start("quarterly")
    fleet.beat(web)
    fact = "the job quarterly was not watched within 138 d"
    assert refused(fleet.verdict(**terms)) == (UNWATCHED, "watched", fact)

    fleet.leave(job)
    assert fleet.verdict(**terms).answer == CAN_GO


def test_a_break_can_be_accepted(fleet: Fleet) -> None:
    """In the map, with a reason, so that it is reviewed."""
    first = fleet.start()
    fleet.pass_days(10, first)
    fleet.leave(first)
    fleet.pass_days(3)
    second = fleet.start()
    fleet.pass_days(20, second)
    fleet.scan()
    assert refused(fleet.verdict())[:2] == (UNWATCHED, "watched")
    accepted = AcceptedBreak("web", "2024-10-14", "2024-10-17", "the cluster was moved")
    verdict = fleet.verdict(accept=[accepted])

    assert verdict.answer == CAN_GO
    assert any("the cluster was moved" in fact for one in verdict.conditions for fact in one.facts)


def test_code_that_is_the_implementation_stays(fleet: Fleet) -> None:
    """Canonical is built on it."""
    fleet.rules = [Rule("shop.old", "shop.new", implementation=True)]
    fleet.pass_days(31, fleet.start())
    fleet.scan()

    assert refused(fleet.verdict())[1] == "source"


def test_a_filter_changes_nothing(fleet: Fleet, web: Process) -> None:
    """Evidence is read of the whole store: there is nothing to filter by."""
    fleet.use(web, outcome=ALIASED)

    assert fleet.verdict().answer == IN_USE
    assert OLD.legacy == fleet.verdict().legacy


def test_a_version_that_was_deployed_after_the_scan(fleet: Fleet) -> None:
    """It is no revision to compare, and may have code that the scan has not seen."""
    web = fleet.start(version="4.2")
    fleet.pass_days(31, web)
    fleet.scan()
    again = fleet.start(version="4.2")
    assert fleet.verdict().answer == CAN_GO, "the scan has seen this version"

    fleet.now += HOUR
    new = fleet.start(version="4.3")
    fact = "deployed after the scan of 2024-11-04 00:00 UTC: web 4.3"
    assert refused(fleet.verdict()) == (UNKNOWN, "source", fact)

    fleet.scan()
    assert fleet.verdict().answer == CAN_GO
    assert again.service == new.service
