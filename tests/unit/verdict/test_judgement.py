"""The nine verdicts, through a real store."""

from enforcer.findings import InstalledReference, ScanFinding
from enforcer.recording.use import BLOCKED, THIRD_PARTY
from enforcer.rules.model import Rule
from enforcer.verdict.model import (
    ANSWERS,
    ASKED_FOR,
    CAN_GO,
    IN_USE,
    NAMED,
    REFUSED,
    TESTS,
    THIRD_PARTIES,
    UNKNOWN,
    UNWATCHED,
    Verdict,
)
from tests.fleets import START, Fleet


def quiet_fleet(fleet: Fleet, days: float = 31) -> None:
    """Let one process of the expected service watch for a while, without a use."""
    fleet.pass_days(days, fleet.start())
    fleet.scan()


def finding(file: str, kind: str = "python") -> ScanFinding:
    """Return a statement that imports the old path."""
    return ScanFinding(file, 1, 1, 1, 20, "shop.old", "shop.new", "shop.old", "import", kind)


def fact(verdict: Verdict, name: str) -> str:
    """Return the first fact of one condition."""
    return next(one.facts[0] for one in verdict.conditions if one.name == name)


def test_a_path_that_is_quiet_watched_and_not_named_can_go(fleet: Fleet) -> None:
    """All six conditions are met."""
    quiet_fleet(fleet)
    verdict = fleet.verdict()

    assert verdict.answer == CAN_GO, verdict.deciding
    assert all(one.is_met and one.facts and not one.act for one in verdict.conditions)
    assert (verdict.last_use, verdict.since) == (0, START)


def test_a_use_in_the_period_is_in_use(fleet: Fleet) -> None:
    """Whatever else is not known: there is no scan, and no expected service."""
    process = fleet.start()
    fleet.use(process)
    fleet.pass_days(29, process)
    verdict = fleet.verdict(expected=())

    assert verdict.answer == IN_USE
    assert "shop/cart.py:3 (web in production)" in fact(verdict, "quiet")


def test_a_use_before_the_period_does_not_count(fleet: Fleet) -> None:
    process = fleet.start()
    fleet.use(process)
    fleet.pass_days(31, process)
    fleet.scan()

    assert fleet.verdict().answer == CAN_GO


def test_refused_callers_come_first(fleet: Fleet) -> None:
    """They break now."""
    process = fleet.start()
    fleet.use(process, outcome=BLOCKED)

    assert fleet.verdict().answer == REFUSED


def test_a_removed_path_that_is_asked_for_says_so(fleet: Fleet) -> None:
    """It is gone, and its callers fail."""
    fleet.rules = [Rule("shop.old", "shop.new", stage="removed", removed_on="2024-10-04")]
    process = fleet.start()
    fleet.use(process, outcome=BLOCKED)

    assert fleet.verdict().answer == ASKED_FOR


def test_a_tombstone_stays_until_its_time_is_over(fleet: Fleet) -> None:
    """Nobody asks; the rule may leave the map after ``tombstone_for``."""
    fleet.rules = [Rule("shop.old", "shop.new", stage="removed", removed_on="2024-10-04")]
    process = fleet.start()
    fleet.pass_days(20, process)
    fleet.scan()
    assert fleet.verdict(tombstone_for=30).answer == UNKNOWN
    fleet.pass_days(12, process)
    fleet.scan()

    assert fleet.verdict(tombstone_for=30).answer == CAN_GO


def test_without_expected_services_nobody_can_tell(fleet: Fleet) -> None:
    """Those that were seen are proposed, ready to be copied into the map."""
    fleet.start("worker")
    quiet_fleet(fleet)
    verdict = fleet.verdict(expected=())

    assert verdict.answer == UNKNOWN
    assert verdict.proposed == ("web", "worker")
    assert any('expected_services = ["web", "worker"]' in one.act for one in verdict.deciding)


def test_a_service_that_was_never_enabled_is_not_watched(fleet: Fleet) -> None:
    quiet_fleet(fleet)
    verdict = fleet.verdict(expected=("web", "worker"))

    assert verdict.answer == UNWATCHED
    assert fact(verdict, "watched") == "worker was not watched for 30 d"


def test_third_parties_alone_are_named(fleet: Fleet) -> None:
    process = fleet.start()
    fleet.use(process, "site-packages/lib/x.py", relation=THIRD_PARTY, distribution="oldlib")
    verdict = fleet.verdict()

    assert verdict.answer == THIRD_PARTIES
    assert fact(verdict, "quiet") == "used by oldlib"


def test_an_installed_distribution_that_names_the_path_keeps_it(fleet: Fleet) -> None:
    """Nobody has used it so far."""
    quiet_fleet(fleet)
    reference = InstalledReference(
        "oldlib", "1.2", "oldlib/x.py", 4, "shop.old", "shop.old", "from"
    )
    fleet.scan(installed=(reference,))
    verdict = fleet.verdict()

    assert verdict.answer == THIRD_PARTIES
    assert fact(verdict, "installed") == "named by oldlib 1.2"


def test_only_tests_name_it(fleet: Fleet) -> None:
    quiet_fleet(fleet)
    fleet.scan(findings=(finding("tests/test_cart.py"),))

    assert fleet.verdict().answer == TESTS


def test_source_that_names_it_keeps_it(fleet: Fleet) -> None:
    """Documents do not."""
    quiet_fleet(fleet)
    fleet.scan(findings=(finding("README.md", "markdown"),))
    assert fleet.verdict().answer == CAN_GO
    fleet.scan(findings=(finding("shop/cart.py"), finding("tests/test_cart.py")))
    verdict = fleet.verdict()

    assert verdict.answer == NAMED
    assert fact(verdict, "source") == (
        "named in shop/cart.py:1, tests/test_cart.py:1, scanned 2024-11-04 00:00 UTC"
    )
    (act,) = [one.act for one in verdict.conditions if one.name == "source"]
    assert act == "Change 2 lines, and scan again: enforcer fix --rule shop.old."


def test_every_verdict_has_words_and_an_order() -> None:
    answers = list(ANSWERS)

    assert (answers[0], answers[-1], len(answers)) == (ASKED_FOR, CAN_GO, 9)
