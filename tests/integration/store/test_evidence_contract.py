"""Whatever engine keeps the facts, verdicts get the same evidence."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.queries import DAY, HOUR, LostUses, StoreReader, UsePause

MakeUse = Callable[..., Use]

NOON = 493_000 * HOUR
"""2026-03-29 16:00 UTC."""
MINUTE = HOUR // 60

CART = Rule("shop.old_cart", "shop.cart", stage="warn")
NAME = Rule("shop.mod:old", "shop.mod:new", stage="alias")


def process(number: int, **fields: Any) -> Process:
    values: dict[str, Any] = {
        "id": f"{number:032x}",
        "pid": number,
        "service": "shop",
        "service_version": "1.0",
        "environment": "production",
        "started": NOON,
    }
    return Process(**{**values, **fields})


@pytest.fixture(scope="module")
def reader(make_engine: Callable[[], Any], facts: Any, make_use: MakeUse) -> Iterator[StoreReader]:
    """Read a web process with a silence of an hour, and a job that comes on three days."""
    engine = make_engine()
    web, job = process(1), process(2, service="job", environment="", started=NOON + DAY)
    late = NOON + HOUR
    engine.record(
        [
            facts.Flush(web, [CART], NOON, [make_use(CART, 2, NOON)]),
            facts.Beat(web, [CART], NOON + MINUTE),
            facts.Flush(web, [CART], late, [make_use(CART, 3, late, line=14)], dropped=7),
            facts.Beat(web, [CART], late + MINUTE),
            facts.Saying(web, Notice("blind", "builtins.__import__", "it is replaced")),
            facts.Saying(web, Notice("missing", "shop.cart", "it does not exist")),
            *(
                facts.Flush(job, [CART, NAME], time, [make_use(CART, 1, time, function="run")])
                for time in (NOON + DAY, NOON + 3 * DAY, NOON + 10 * DAY)
            ),
            facts.Flush(
                job,
                [CART, NAME],
                NOON + 10 * DAY + MINUTE,
                [make_use(CART, 9, NOON + 10 * DAY, mechanism="probe", line=0)],
            ),
            facts.End(job, NOON + 10 * DAY + MINUTE),
        ]
    )
    with engine.open() as opened:
        yield opened


def test_lives_have_the_times_that_were_watched(reader: StoreReader) -> None:
    """Without those in which a process was silent for too long."""
    web, job = sorted(reader.lives(0), key=lambda one: one.id)

    assert (web.service, web.version, web.environment) == ("shop", "1.0", "production")
    assert web.spans == ((NOON, NOON + MINUTE), (NOON + HOUR, NOON + HOUR + MINUTE))
    assert (web.written, web.ending) == (NOON + HOUR + MINUTE, "")
    assert 2 * MINUTE < web.silence < 4 * MINUTE
    assert (job.environment, job.ending, job.written) == ("", "exit", NOON + 10 * DAY + MINUTE)
    assert [one.id for one in reader.lives(NOON + DAY)] == [job.id]


def test_lives_name_the_rules_that_were_watched(reader: StoreReader) -> None:
    """By their set."""
    rules = {
        one.id: sorted(rule.legacy for rule in reader.map_rules(one.map)) for one in reader.lives(0)
    }

    assert list(rules.values()) == [[CART.legacy], [NAME.legacy, CART.legacy]]


def test_uses_by_service_and_environment(reader: StoreReader) -> None:
    """Of all time, each call site apart, without probes."""
    found = sorted(
        (
            one.line,
            one.function,
            one.service,
            one.environment,
            one.count,
            one.first_seen,
            one.last_seen,
        )
        for one in reader.deployed_uses()
    )

    assert found == [
        (12, "checkout", "shop", "production", 2, NOON, NOON),
        (12, "run", "job", "", 3, NOON + DAY, NOON + 10 * DAY),
        (14, "checkout", "shop", "production", 3, NOON + HOUR, NOON + HOUR),
    ]
    one = next(iter(reader.deployed_uses()))
    assert (one.legacy, one.path, one.file) == (CART.legacy, "shop.old_cart", "shop/views.py")
    assert (one.mechanism, one.relation, one.distribution) == ("import_statement", "own", "")
    assert one.outcome == "aliased"


def test_pauses_are_those_between_days(reader: StoreReader) -> None:
    """Of each function, whatever its line, and of each service."""
    job = ("job", "", 3, 7 * DAY, NOON + DAY, NOON + 10 * DAY)
    shop = ("shop", "production", 1, 0, NOON, NOON + HOUR)
    expected = [
        UsePause(CART.legacy, service, environment, file, function, *rest)
        for file, functions in (("", ("", "")), ("shop/views.py", ("run", "checkout")))
        for (service, environment, *rest), function in zip((job, shop), functions, strict=True)
    ]

    assert list(reader.pauses([CART.legacy])) == expected
    assert list(reader.pauses([NAME.legacy])) == []
    assert list(reader.pauses([])) == []


def test_losses_by_hour_and_service(reader: StoreReader) -> None:
    lost = LostUses("shop", "production", NOON + HOUR, 7)

    assert list(reader.lost_uses(0)) == [lost]
    assert list(reader.lost_uses(NOON + HOUR + 1)) == [lost]
    assert list(reader.lost_uses(NOON + 2 * HOUR)) == []


def test_notices_of_the_kinds_that_are_asked_for(reader: StoreReader) -> None:
    (notice,) = reader.process_notices(0, ["blind", "late"])

    assert (notice.service, notice.environment) == ("shop", "production")
    assert (notice.kind, notice.subject) == ("blind", "builtins.__import__")
    assert list(reader.process_notices(NOON + 20 * DAY, ["blind"])) in ([], [notice])
    assert list(reader.process_notices(0, ["late"])) == []
