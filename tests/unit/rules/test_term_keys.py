"""The keys of the map that verdicts depend on."""

from pathlib import Path

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap

RULE = '[[rule]]\nlegacy = "a.old"\ncanonical = "a.new"\n'
TERMS = """
[enforcer]
production = ["production", "eu-production"]
quiet_for = "45d"
expected_services = ["web"]
jobs = [{ service = "quarterly", every = "92d" }]
accept = [{ service = "web", from = 2026-03-01, till = "2026-03-04", reason = "moved" }]
tombstone_for = "90d"
"""


def load(folder: Path, text: str, *, lenient: bool = False, cached: bool = False) -> MigrationMap:
    """Load a map as a command, or as a process."""
    path = folder / "enforcer.toml"
    path.write_text(text, encoding="utf-8")
    environ = {"HOME": str(folder)}
    return load_map(str(path), environ=environ, lenient=lenient, cached=cached)


def mistakes_of(folder: Path, text: str) -> list[str]:
    """Return the mistakes of a map, without the file's name."""
    with pytest.raises(MapError) as caught:
        load(folder, text)
    return [str(one).partition("enforcer.toml:")[2] for one in caught.value.mistakes]


@pytest.mark.parametrize("cached", [False, True])
def test_terms_come_from_the_map(tmp_path: Path, *, cached: bool) -> None:
    """Also from the compiled form of it."""
    rule = RULE + 'quiet_for = "7d"\nremoved_on = 2026-05-01\nforced = "a leak"\n'
    load(tmp_path, TERMS + rule, cached=cached)
    found = load(tmp_path, TERMS + rule, cached=cached)

    assert found.production == ("production", "eu-production")
    assert (found.quiet_for, found.tombstone_for) == (45, 90)
    assert [(job.service, job.every, job.line) for job in found.jobs] == [("quarterly", 92, 6)]
    (accepted,) = found.accept
    assert (accepted.service, accepted.since, accepted.till) == ("web", "2026-03-01", "2026-03-04")
    assert (accepted.reason, accepted.line) == ("moved", 7)
    (one,) = found.rules
    assert (one.quiet_for, one.removed_on, one.forced) == (7, "2026-05-01", "a leak")


def test_terms_have_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, RULE)

    assert (found.production, found.quiet_for, found.tombstone_for) == (("production",), 30, 180)
    assert (found.jobs, found.accept) == ((), ())
    assert found.rules[0].quiet_for == 0


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        (
            'quiet_for = "a month"',
            (
                'quiet_for: "a month" is no number of days. '
                'Write whole days, at least one: quiet_for = "30d". (bad-days)'
            ),
        ),
        (
            "quiet_for = 30",
            (
                "quiet_for: an integer is no number of days. "
                'Write whole days, at least one: quiet_for = "30d". (bad-days)'
            ),
        ),
        (
            'tombstone_for = "0d"',
            (
                'tombstone_for: "0d" is no number of days. '
                'Write whole days, at least one: tombstone_for = "180d". (bad-days)'
            ),
        ),
        (
            'jobs = [{ service = "job" }]',
            (
                'jobs: a job has no "every". '
                'Write jobs = [{ service = "quarterly-report", every = "92d" }]. (missing-key)'
            ),
        ),
        (
            'jobs = "quarterly"',
            (
                'jobs: "jobs" is a string. '
                'Write jobs = [{ service = "quarterly-report", every = "92d" }]. (wrong-type)'
            ),
        ),
        (
            'accept = [{ service = "web", from = 2026-03-04, till = 2026-03-01, reason = "x" }]',
            (
                "accept.till: 2026-03-01 is before 2026-03-04, the day in from. "
                "Write a later day, or mend from. (dates-reversed)"
            ),
        ),
        (
            "production = []",
            (
                'production: "production" names no environment. Write the environments whose uses '
                'count: production = ["production"]. (empty-name)'
            ),
        ),
        (
            'production = ["production", ""]',
            (
                "production: a name is empty. Write the environments whose uses "
                'count: production = ["production"]. (empty-name)'
            ),
        ),
    ],
)
def test_mistakes_say_what_to_write(tmp_path: Path, line: str, mistake: str) -> None:
    """With the line and the key."""
    assert mistakes_of(tmp_path, f"[enforcer]\n{line}\n{RULE}") == [f"2: enforcer.{mistake}"]


def test_a_break_needs_a_reason(tmp_path: Path) -> None:
    """It is an exception to what everybody else relies on."""
    text = '[enforcer]\naccept = [{ service = "web", from = 2026-03-01, till = 2026-03-04 }]\n'
    (mistake,) = mistakes_of(tmp_path, text + RULE)

    assert 'an accepted break has no "reason"' in mistake


def test_a_running_program_ignores_mistakes_in_terms(tmp_path: Path) -> None:
    """They change nothing in it: strict rules refuse as before."""
    text = '[enforcer]\nquiet_for = "x"\njobs = 3\n' + RULE + 'stage = "strict"\nquiet_for = 7\n'
    found = load(tmp_path, text, lenient=True)

    assert found.quiet_for == 30
    assert found.rules[0].refuses
    assert len(found.ignored) == 3
