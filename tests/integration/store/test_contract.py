"""Whatever engine keeps them, the same facts give the same answers."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import time_ns
from typing import Any

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.report.hosts import stages_on_hosts
from enforcer.rules.model import Rule
from enforcer.store.queries import (
    DAY,
    HOUR,
    WEEK,
    Health,
    RuleUses,
    ServiceUses,
    SiteServiceUses,
    SiteUses,
    Span,
    StoreReader,
)

MakeUse = Callable[..., Use]

NOON = 493_000 * HOUR
"""2026-03-29 16:00 UTC."""
MIDNIGHT = NOON // DAY * DAY
MINUTE = HOUR // 60

CART = Rule("shop.old_cart", "shop.cart", stage="warn", removal="2.0")
TREE = Rule("shop.gone.*", "shop.here.*", stage="strict")
NAME = Rule("shop.mod:old", "shop.mod:new", stage="alias")
RULES = [CART, TREE, NAME]


def process(number: int, **fields: Any) -> Process:
    values: dict[str, Any] = {
        "id": f"{number:032x}",
        "pid": number,
        "service": "shop",
        "service_version": "1.0",
        "environment": "production",
        "host": "web1",
        "python": "3.12.1",
        "started": NOON,
    }
    return Process(**{**values, **fields})


@pytest.fixture(scope="module")
def reader(make_engine: Callable[[], Any], facts: Any, make_use: MakeUse) -> Iterator[StoreReader]:
    """Read two days of a web process, its successor, and a job."""
    engine = make_engine()
    web = process(1)
    newer = process(2, service_version="1.1", started=NOON + 26 * HOUR)
    job = process(3, service="job", environment="", started=NOON + 26 * HOUR)
    engine.record(
        [
            facts.Flush(
                web,
                RULES,
                NOON,
                [
                    make_use(CART, 5, NOON - MINUTE, NOON, names=("Cart",)),
                    make_use(TREE, 2, NOON, path="shop.gone.items", outcome="blocked", line=3),
                ],
            ),
            facts.Flush(
                web,
                RULES,
                NOON + HOUR,
                [
                    make_use(CART, 7, NOON + HOUR, names=("Cart",)),
                    make_use(CART, 40, NOON + HOUR, mechanism="probe", line=0),
                ],
            ),
            facts.Flush(
                newer,
                [CART],
                NOON + 26 * HOUR,
                [make_use(CART, 11, NOON + 26 * HOUR, names=("Cart",), outcome="exempted")],
            ),
            facts.Flush(
                job,
                RULES,
                NOON + 26 * HOUR,
                [
                    make_use(
                        CART,
                        13,
                        NOON + 26 * HOUR,
                        file="/venv/basket.py",
                        relation="third_party",
                        distribution="basket",
                    )
                ],
            ),
        ]
    )
    with engine.open() as opened:
        yield opened


def by_site(uses: Iterable[SiteUses]) -> dict[tuple[str, str, int, str], tuple[int, int, int]]:
    return {
        (use.legacy, use.file, use.line, use.outcome): (use.count, use.first_seen, use.last_seen)
        for use in uses
    }


VIEWS = "shop/views.py"


def test_uses_of_all_time(reader: StoreReader) -> None:
    """Counts add up over processes, hours and deployments; first and last times are exact."""
    uses = list(reader.uses(Span()))

    assert by_site(uses) == {
        (CART.legacy, VIEWS, 12, "aliased"): (12, NOON - MINUTE, NOON + HOUR),
        (CART.legacy, VIEWS, 12, "exempted"): (11, NOON + 26 * HOUR, NOON + 26 * HOUR),
        (CART.legacy, VIEWS, 0, "aliased"): (40, NOON + HOUR, NOON + HOUR),
        (CART.legacy, "/venv/basket.py", 12, "aliased"): (13, *[NOON + 26 * HOUR] * 2),
        (TREE.legacy, VIEWS, 3, "blocked"): (2, NOON, NOON),
    }


def test_every_field_of_a_site(reader: StoreReader) -> None:
    """Nothing of a call site gets lost on the way."""
    (site,) = [use for use in reader.uses(Span()) if use.relation == "third_party"]

    assert site == SiteUses(
        legacy=CART.legacy,
        path="shop.old_cart",
        file="/venv/basket.py",
        line=12,
        function="checkout",
        module="shop.views",
        mechanism="import_statement",
        names="",
        via="",
        relation="third_party",
        distribution="basket",
        outcome="aliased",
        count=13,
        first_seen=NOON + 26 * HOUR,
        last_seen=NOON + 26 * HOUR,
    )


def test_uses_of_one_rule(reader: StoreReader) -> None:
    """A page about one rule reads nothing of the others."""
    spans = (Span(), Span(since=NOON), Span(since=NOON - 40 * DAY, until=NOON + 40 * DAY))
    for span in spans:
        assert [use.count for use in reader.uses(span, TREE.legacy)] == [2]
        assert list(reader.uses(span, "shop.unknown")) == []


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (NOON, 0, 78),
        (NOON + 1, 0, 71),
        (NOON + HOUR, 0, 71),
        (NOON + HOUR + 1, 0, 24),
        (NOON + 27 * HOUR, 0, 0),
        (0, NOON - MINUTE, 0),
        (0, NOON, 0),
        (0, NOON + 1, 7),
        (NOON, NOON + HOUR, 7),
        (NOON + HOUR, NOON + 26 * HOUR, 47),
        (NOON - 400 * DAY, NOON + 400 * DAY, 78),
        (NOON - 400 * DAY, NOON + 2 * HOUR, 54),
    ],
)
def test_span_in_time(reader: StoreReader, since: int, until: int, expected: int) -> None:
    """An hour's uses count if any of them lies inside, wherever days and months begin."""
    span = Span(since=since, until=until)
    assert sum(use.count for use in reader.uses(span)) == expected
    found = list(reader.rule_uses(span))
    assert sum(rule.count + rule.probes for rule in found) == expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"service": "shop"}, 65),
        ({"service": "shop", "version": "1.1"}, 11),
        ({"environment": "production"}, 65),
        ({"version": "1.0"}, 67),
        ({"service": "job"}, 13),
        ({"service": "nobody"}, 0),
    ],
)
def test_span_of_a_service(reader: StoreReader, chosen: dict[str, str], expected: int) -> None:
    """Only what the chosen processes did counts."""
    for since in (0, NOON):
        span = Span(since=since, **chosen)
        assert sum(use.count for use in reader.uses(span)) == expected


def test_rule_uses(reader: StoreReader) -> None:
    """Probes are apart, and are no call sites."""
    found = list(reader.rule_uses(Span()))

    assert found == [
        RuleUses(TREE.legacy, 2, 0, 1, NOON, NOON),
        RuleUses(CART.legacy, 36, 40, 2, NOON - MINUTE, NOON + 26 * HOUR),
    ]


def test_uses_in_time(reader: StoreReader) -> None:
    """There is a bar for each hour, day or week that has uses; probes are none."""
    first, second = MIDNIGHT, MIDNIGHT + DAY
    hours = [(each.start, each.legacy, each.count) for each in reader.uses_in_time(Span(), HOUR)]
    days = [(each.start, each.legacy, each.count) for each in reader.uses_in_time(Span(), DAY)]
    weeks = Counter[int]()
    for each in reader.uses_in_time(Span(), WEEK):
        weeks[each.start] += each.count
    one = list(reader.uses_in_time(Span(since=NOON + 2 * HOUR), DAY, TREE.legacy))
    (job,) = reader.uses_in_time(Span(service="job"), DAY)
    with pytest.raises(ValueError, match="an hour, a day or a week"):
        list(reader.uses_in_time(Span(), 1))

    assert hours == [
        (NOON, TREE.legacy, 2),
        (NOON, CART.legacy, 5),
        (NOON + HOUR, CART.legacy, 7),
        (NOON + 26 * HOUR, CART.legacy, 24),
    ]
    assert days == [(first, TREE.legacy, 2), (first, CART.legacy, 12), (second, CART.legacy, 24)]
    assert weeks == {second - WEEK: 14, second: 24}, "weeks begin on Mondays"
    assert [(each.start, each.count) for each in one] == [(first, 2)]
    assert (job.start, job.count) == (second, 13)


def test_sites_in_time(reader: StoreReader) -> None:
    """Each day has the call sites that were active on it, however often and by whom."""
    first, second = MIDNIGHT, MIDNIGHT + DAY
    found = [(each.start, each.legacy, each.sites) for each in reader.sites_in_time(Span())]
    shop = [each.sites for each in reader.sites_in_time(Span(service="shop"))]
    active = [(each.start, each.sites) for each in reader.active_sites(Span())]
    cart = [each.sites for each in reader.active_sites(Span(), CART.legacy)]

    assert found == [(first, TREE.legacy, 1), (first, CART.legacy, 1), (second, CART.legacy, 2)]
    assert shop == [1, 1, 1]
    assert active == [(first, 2), (second, 2)]
    assert cart == [1, 2]


def test_new_sites(reader: StoreReader) -> None:
    """A call site is new if nobody used it before, not only if the chosen service did not."""
    later = list(reader.new_sites(Span(since=NOON + 2 * HOUR)))
    earlier = list(reader.new_sites(Span(until=NOON + 2 * HOUR)))
    newer = list(reader.new_sites(Span(since=NOON + 2 * HOUR, version="1.1")))

    assert [use.file for use in later] == ["/venv/basket.py"]
    assert sum(use.count for use in earlier) == 25
    assert newer == []


def test_new_sites_of_some_services(
    make_engine: Callable[[], Any], facts: Any, make_use: MakeUse
) -> None:
    """Whoever may read some services only does not learn whether others used a call site before."""
    later = NOON + 26 * HOUR
    engine = make_engine()
    engine.record(
        [
            facts.Flush(process(1), RULES, NOON, [make_use(CART, 1, NOON)]),
            facts.Flush(process(2, service="job"), RULES, later, [make_use(CART, 1, later)]),
        ]
    )
    with engine.open() as reader:
        since = NOON + 2 * HOUR
        assert list(reader.new_sites(Span(since=since))) == []
        assert list(reader.new_sites(Span(since=since, services=("shop",)))) == []
        (found,) = reader.new_sites(Span(since=since, services=("job",)))
    assert (found.file, found.count, found.first_seen) == (VIEWS, 1, later)


def test_uses_by_service(reader: StoreReader) -> None:
    """Uses are told apart by who is deployed how."""
    end = NOON + 26 * HOUR
    found = list(reader.service_uses(Span(), CART.legacy))
    everything = list(reader.service_uses(Span(since=NOON - 60 * DAY)))
    lines = list(reader.site_service_uses(Span(), CART.legacy))

    assert found == [
        ServiceUses(CART.legacy, "job", "1.0", "", 13, 1, end, end),
        ServiceUses(CART.legacy, "shop", "1.0", "production", 12, 1, NOON - MINUTE, NOON + HOUR),
        ServiceUses(CART.legacy, "shop", "1.1", "production", 11, 1, end, end),
    ]
    assert len(everything) == 4
    where = (CART.legacy, VIEWS, 12, "checkout")
    assert lines == [
        SiteServiceUses(
            CART.legacy, "/venv/basket.py", 12, "checkout", "job", "1.0", "", 13, end, end
        ),
        SiteServiceUses(*where, "shop", "1.0", "production", 12, NOON - MINUTE, NOON + HOUR),
        SiteServiceUses(*where, "shop", "1.1", "production", 11, end, end),
    ]


def test_rules(engine: Any, facts: Any) -> None:
    """A rule is what the process that began last says, used or not."""
    older = replace_rule(CART, stage="alias")
    engine.record(
        [
            facts.Beat(process(1, started=NOON + 1), RULES, NOON + 1),
            facts.Beat(process(2, started=NOON), [older], NOON),
        ]
    )
    with engine.open() as reader:
        found = {rule.legacy: rule for rule in reader.rules(Span())}
        assert list(reader.rules(Span(since=NOON + HOUR))) == []

    assert {legacy: (rule.kind, rule.canonical, rule.stage) for legacy, rule in found.items()} == {
        "shop.old_cart": ("module", "shop.cart", "warn"),
        "shop.gone.*": ("tree", "shop.here.*", "strict"),
        "shop.mod:old": ("name", "shop.mod:new", "alias"),
    }
    assert found["shop.old_cart"].removal == "2.0"


def test_stages_on_hosts(engine: Any, facts: Any) -> None:
    """What a service had last on a host counts; stages alone make no other family of maps."""
    strict = [replace_rule(CART, stage="strict", removal="2.0"), TREE]
    engine.record(
        [
            facts.Beat(process(1, started=NOON), strict, NOON),
            facts.Beat(process(2, started=NOON + 1), [CART, TREE], NOON + 1),
            facts.Beat(process(3, started=NOON, host="web2"), strict, NOON),
            facts.Beat(process(4, started=NOON, host="web2", service="job"), [CART], NOON),
            # A container of the day before, whose name nobody has any more.
            facts.Beat(process(5, started=NOON - 2 * DAY, host="gone"), [CART], NOON - 2 * DAY),
        ]
    )
    with engine.open() as reader:
        hosts = [(one.service, one.environment, one.host) for one in reader.hosts(Span())]
        found = stages_on_hosts(reader, Span())
        later = list(reader.hosts(Span(since=NOON + HOUR)))

    assert hosts == [
        ("job", "production", "web2"),
        ("shop", "production", "web1"),
        ("shop", "production", "web2"),
    ]
    assert later == []
    assert found == {CART.legacy: {"warn": 2, "strict": 1}, TREE.legacy: {"strict": 2}}


def replace_rule(rule: Rule, **fields: Any) -> Rule:
    return Rule(rule.legacy, rule.canonical, **{"stage": rule.stage, **fields})


def test_maps(reader: StoreReader) -> None:
    """Who watches which set of rules, in which stages, can be seen."""
    found = list(reader.maps(Span()))
    both = {each.digest: list(reader.map_rules(each.digest)) for each in found}

    assert [
        (each.service, each.version, each.processes, each.since, each.till) for each in found
    ] == [
        ("job", "1.0", 1, NOON + 26 * HOUR, NOON + 26 * HOUR),
        ("shop", "1.1", 1, NOON + 26 * HOUR, NOON + 26 * HOUR),
        ("shop", "1.0", 1, NOON, NOON + HOUR),
    ]
    assert [each.stages for each in found] == [
        (("alias", 1), ("strict", 1), ("warn", 1)),
        (("warn", 1),),
        (("alias", 1), ("strict", 1), ("warn", 1)),
    ]
    assert found[0].digest == found[2].digest != found[1].digest
    assert [rule.legacy for rule in both[found[1].digest]] == [CART.legacy]
    assert len(both[found[0].digest]) == 3


def test_clock_that_is_years_ahead(engine: Any, facts: Any) -> None:
    """Such a process does not run until then: for all that is known it ended without a word."""
    now = time_ns()
    engine.record(
        [
            facts.Beat(process(1), RULES, now + 5 * 365 * DAY),
            facts.Beat(process(2), RULES, now + HOUR),
            facts.Beat(process(3), RULES, now),
            facts.End(process(3), now),
        ]
    )
    with engine.open() as reader:
        endings = {each.pid: each.ending for each in reader.process_watches(Span())}
        watching = reader.watching(Span())
    assert endings == {1: "vanished", 2: "running", 3: "exit"}
    assert (watching.vanished, watching.running, watching.ended) == (1, 1, 1)


def test_processes(engine: Any, facts: Any) -> None:
    """Each process shows from when till when it was there, what is missing, and its end."""
    gapped, ended, silent = process(1), process(2), process(3, host="web2", started=NOON + MINUTE)
    blind = Notice("blind", "enforcer", "Cached imports can't be seen.")
    engine.record(
        [
            facts.Beat(gapped, RULES, NOON),
            facts.Beat(gapped, RULES, NOON + MINUTE),
            facts.Flush(gapped, RULES, NOON + HOUR, [], dropped=3),
            facts.Flush(gapped, RULES, NOON + 2 * HOUR, [], dropped=4),
            facts.Beat(ended, RULES, NOON),
            facts.Beat(silent, RULES, NOON + MINUTE),
            facts.Saying(ended, blind),
            facts.Saying(silent, Notice("late", CART.legacy, "It was imported before.")),
            facts.End(ended, NOON + MINUTE),
        ]
    )
    with engine.open() as reader:
        found = {each.id: each for each in reader.process_watches(Span())}
        pages = [
            [each.id for each in reader.process_watches(Span(), limit=2, offset=offset)]
            for offset in (0, 2)
        ]
        health = reader.health(Span())
        watching = reader.watching(Span())
        lost = [reader.dropped(Span(since=NOON + hours * HOUR)) for hours in (0, 2, 3)]
        early = reader.dropped(Span(until=NOON + 2 * HOUR))
        notices = list(reader.notices(Span()))
        quiet = reader.health(Span(since=NOON + DAY))

    first, second, third = (found[f"{number:032x}"] for number in (1, 2, 3))
    assert (first.since, first.till, first.gaps, first.longest_gap) == (
        NOON,
        NOON + 2 * HOUR,
        2,
        HOUR,
    )
    assert (first.dropped, first.ending, first.blind) == (7, "vanished", ())
    assert (second.ending, second.gaps, second.dropped) == ("exit", 0, 0)
    assert second.blind == (blind.text,)
    assert (third.host, third.python, third.pid) == ("web2", "3.12.1", 3)
    assert (third.service, third.version, third.environment) == ("shop", "1.0", "production")
    assert [each for page in pages for each in page] == [
        first.id,
        *(each.id for each in list(found.values())[1:]),
    ]
    assert [len(page) for page in pages] == [2, 1]
    assert health == Health(
        processes=3,
        dropped=7,
        vanished=2,
        unknown=0,
        gaps=1,
        blind=1,
        set_aside=(),
        last_written=NOON + 2 * HOUR,
    )
    assert not health.is_whole
    assert (watching.ended, watching.vanished, watching.longest_gap) == (1, 2, HOUR)
    assert [(each.processes, each.since, each.till) for each in watching.services] == [
        (3, NOON, NOON + 2 * HOUR)
    ]
    assert (lost, early) == ([7, 4, 0], 3)
    assert [(each.kind, each.subject, each.processes) for each in notices] == [
        ("blind", "enforcer", 1),
        ("late", CART.legacy, 1),
    ]
    assert quiet == Health(0, 0, 0, 0, 0, 0, (), 0)


@pytest.fixture(scope="module")
def fates(make_engine: Callable[[], Any], facts: Any) -> Iterator[StoreReader]:
    """Read a process that exits, one that vanishes a day later, and one that sleeps after that.

    The fourth is there now.
    """
    engine = make_engine()
    exits, vanishes, sleeps, runs = (
        process(1, service="shop", started=NOON),
        process(2, service="cron", started=NOON + DAY),
        process(3, service="job", started=NOON + 2 * DAY),
        process(4, service="web", started=time_ns() - 10**9),
    )
    engine.record(
        [
            facts.Beat(exits, RULES, NOON),
            facts.Beat(exits, RULES, NOON + MINUTE),
            facts.End(exits, NOON + MINUTE),
            facts.Beat(vanishes, RULES, NOON + DAY),
            facts.Beat(vanishes, RULES, NOON + DAY + MINUTE),
            facts.Beat(sleeps, RULES, NOON + 2 * DAY),
            facts.Beat(sleeps, RULES, NOON + 2 * DAY + HOUR),
            facts.Beat(sleeps, RULES, NOON + 2 * DAY + HOUR + MINUTE),
            facts.End(sleeps, NOON + 2 * DAY + HOUR + MINUTE),
            facts.Beat(runs, RULES, runs.started),
        ]
    )
    with engine.open() as opened:
        yield opened


def days(first: float, last: float) -> dict[str, int]:
    return {"since": NOON + int(first * DAY), "until": NOON + int(last * DAY)}


WHOLE = (0, 0)
VANISHED = (1, 0)
GAP = (0, 1)


@pytest.mark.parametrize(
    ("chosen", "processes", "missing"),
    [
        ({}, 4, (1, 1)),
        (days(-1, 0), 0, WHOLE),
        (days(0, 1), 1, WHOLE),
        (days(0.5, 1), 0, WHOLE),
        (days(1, 2), 1, VANISHED),
        (days(1.5, 2), 0, WHOLE),
        (days(2, 3), 1, GAP),
        (days(2.01, 2.02), 1, GAP),
        ({"since": NOON + 2 * DAY + HOUR + 1}, 2, WHOLE),
        (days(0, 2), 2, VANISHED),
        ({"service": "shop"}, 1, WHOLE),
        ({"service": "cron"}, 1, VANISHED),
        ({"service": "job"}, 1, GAP),
        ({"service": "web"}, 1, WHOLE),
        ({"service": "cron", **days(0, 1)}, 0, WHOLE),
        ({"service": "cron", **days(0, 2)}, 1, VANISHED),
    ],
)
def test_what_is_missing_in_a_span(
    fates: StoreReader, chosen: dict[str, Any], processes: int, missing: tuple[int, int]
) -> None:
    """What is missing is told of each span that it touches, and of no other."""
    health = fates.health(Span(**chosen))

    assert (health.processes, health.vanished, health.unknown, health.gaps) == (
        processes,
        missing[0],
        0,
        missing[1],
    )
    assert health.is_whole == (processes > 0 and missing == WHOLE)


@pytest.mark.parametrize("chosen", [{}, {"service": "shop"}, days(0, 1)])
def test_nobody_said_goodbye(engine: Any, facts: Any, chosen: dict[str, Any]) -> None:
    """Who fell silent may have lost uses, even where it is not known how anybody ended."""
    silent, runs = process(1), process(2, service="web", started=time_ns() - 10**9)
    engine.record(
        [
            facts.Beat(silent, RULES, NOON),
            facts.Beat(silent, RULES, NOON + MINUTE),
            facts.Beat(runs, RULES, runs.started),
        ]
    )
    with engine.open() as reader:
        health = reader.health(Span(**chosen))
        others = reader.health(Span(service="web"))

    assert health.vanished + health.unknown == 1
    assert not health.is_whole
    assert others.is_whole


def test_flush_that_comes_twice(engine: Any, facts: Any, make_use: MakeUse) -> None:
    """What is sent again, because nobody knew whether it arrived, counts once."""
    web = process(1)
    flush = facts.Flush(web, RULES, NOON, [make_use(CART, 5, NOON), make_use(TREE, 2, NOON)], 3)
    engine.record([flush, replace(flush, is_repeated=True)])
    engine.record([replace(flush, is_repeated=True)])

    with engine.open() as reader:
        assert sum(use.count for use in reader.uses(Span())) == 7
        assert sum(each.count for each in reader.uses_in_time(Span(), DAY)) == 7
        assert [each.sites for each in reader.active_sites(Span())] == [2]
        assert reader.dropped(Span()) == 3


def test_flush_that_comes_late(engine: Any, facts: Any, make_use: MakeUse) -> None:
    """What could not be written for a day belongs to the time when it happened."""
    web = process(1)
    engine.record(
        [
            facts.Flush(web, RULES, NOON + DAY, [make_use(CART, 1, NOON + DAY)]),
            facts.Flush(web, RULES, NOON + DAY, [make_use(CART, 2, NOON), make_use(CART, 4, NOON)]),
        ]
    )
    with engine.open() as reader:
        assert [each.count for each in reader.uses_in_time(Span(), DAY)] == [6, 1]
        assert [each.sites for each in reader.active_sites(Span())] == [1, 1]
        (use,) = reader.uses(Span())
    assert (use.count, use.first_seen, use.last_seen) == (7, NOON, NOON + DAY)


def test_names_that_mean_something_elsewhere(engine: Any, facts: Any, make_use: MakeUse) -> None:
    """Markup, quotes, separators and other scripts are only text."""
    odd = "<script>alert('1')</script>\\\n\t\"; DROP TABLE use; --\u2028é{x:String}"
    web = process(1, service=odd)
    rule = Rule("shop.old:naïve", "shop.new:x")
    use = make_use(rule, 1, NOON, file=odd, function=odd, names=("a", "b'"))
    engine.record([facts.Flush(web, [rule], NOON, [use])])

    with engine.open() as reader:
        (found,) = reader.uses(Span(service=odd), rule.legacy)
        (watch,) = reader.process_watches(Span(service=odd))
        (service,) = reader.service_uses(Span())
    assert (found.file, found.function, found.names) == (odd, odd, "a,b'")
    assert watch.service == service.service == odd


def test_nothing_was_used(engine: Any, facts: Any) -> None:
    """A rule without any use is known, and is told from one that nobody watched."""
    engine.record([facts.Beat(process(1), RULES, NOON)])
    with engine.open() as reader:
        assert len(list(reader.rules(Span()))) == 3
        assert list(reader.uses(Span())) == []
        assert list(reader.rule_uses(Span())) == []
        assert list(reader.uses_in_time(Span(), DAY)) == []
        assert list(reader.active_sites(Span())) == []
        assert reader.processes(Span()) == 1
        assert reader.last_written(Span()) == NOON


def test_many_random_facts(engine: Any, facts: Any, make_use: MakeUse) -> None:
    """Random spans of random facts give what adding them up one by one gives."""
    dice = random.Random(7)  # noqa: S311 - no secrets
    rules = [Rule(f"shop.old{number}", f"shop.new{number}") for number in range(4)]
    processes = [
        process(number, service=f"s{number % 2}", service_version=f"{number % 3}")
        for number in range(1, 7)
    ]
    rows: list[tuple[Process, Use]] = []
    flushes = []
    for number in range(60):
        time = NOON + dice.randrange(10) * 7 * DAY + dice.randrange(DAY)
        each = processes[number % len(processes)]
        uses = [
            make_use(dice.choice(rules), dice.randrange(1, 9), time, line=dice.randrange(1, 6))
            for _ in range(4)
        ]
        rows += [(each, use) for use in uses]
        flushes.append(facts.Flush(each, rules, time, uses))
    engine.record(sorted(flushes, key=lambda flush: flush.time))

    with engine.open() as reader:
        for _ in range(engine.rounds):
            since, until = sorted(NOON + dice.randrange(70 * 24) * HOUR for _ in range(2))
            span = Span(since=since, until=until, service=dice.choice(["", "s0", "s1"]))
            within = [
                (use.rule.legacy, use.site.line, use.count)
                for each, use in rows
                if since <= use.last_seen < until and span.service in ("", each.service)
            ]
            expected = Counter[tuple[str, int]]()
            for legacy, line, count in within:
                expected[legacy, line] += count
            found = {(use.legacy, use.line): use.count for use in reader.uses(span)}
            assert found == expected
            assert {each.legacy: (each.count, each.sites) for each in reader.rule_uses(span)} == {
                rule.legacy: (
                    sum(n for (legacy, _), n in expected.items() if legacy == rule.legacy),
                    sum(legacy == rule.legacy for legacy, _ in expected),
                )
                for rule in rules
                if any(legacy == rule.legacy for legacy, _ in expected)
            }
            one = rules[0].legacy
            by_service = list(reader.service_uses(span, one))
            assert sum(each.count for each in by_service) == sum(
                n for (legacy, _), n in expected.items() if legacy == one
            )


@pytest.mark.parametrize("begin", [NOON, MIDNIGHT], ids=["noon", "midnight"])
def test_a_span_within_an_hour_leaves_out_processes_that_ended_before(
    make_engine: Callable[[], Any], facts: Any, make_use: MakeUse, begin: int
) -> None:
    """Whichever hour they began in; a process that goes on counts whole."""
    engine = make_engine()
    earlier, quick, lasting = (
        process(1, started=begin - HOUR),
        process(2, started=begin + MINUTE),
        process(3, started=begin + MINUTE),
    )
    engine.record(
        [
            facts.Beat(earlier, [CART], begin - HOUR),
            facts.Flush(earlier, [CART], begin + MINUTE, [make_use(CART, 3, begin + MINUTE)]),
            facts.Flush(quick, [CART], begin + 2 * MINUTE, [make_use(CART, 7, begin + 2 * MINUTE)]),
            facts.Flush(
                lasting, [CART], begin + 3 * MINUTE, [make_use(CART, 1, begin + 3 * MINUTE)]
            ),
            facts.Flush(
                lasting, [CART], begin + 40 * MINUTE, [make_use(CART, 2, begin + 40 * MINUTE)]
            ),
        ]
    )
    with engine.open() as opened:
        for since, expected in (
            (begin, [13]),
            (begin + 30 * MINUTE, [3]),
            (begin + 50 * MINUTE, []),
        ):
            span = Span(since=since)
            assert [use.count for use in opened.uses(span)] == expected
            assert [rule.count for rule in opened.rule_uses(span) if rule.count] == expected


@pytest.mark.parametrize("hour", [0, 23])
def test_a_span_that_ends_within_an_hour(
    make_engine: Callable[[], Any], facts: Any, make_use: MakeUse, hour: int
) -> None:
    """Leaves that hour out where all of it is later, also where the hour ends a day."""
    engine = make_engine()
    end = MIDNIGHT + hour * HOUR
    engine.record(
        [
            facts.Flush(process(1), [CART], at, [make_use(CART, count, at)])
            for at, count in ((end - HOUR, 3), (end + 40 * MINUTE, 7))
        ]
    )
    with engine.open() as opened:
        for until, expected in ((end + 30 * MINUTE, 3), (end + 50 * MINUTE, 10)):
            counts = [use.count for use in opened.uses(Span(until=until))]
            assert sum(counts) == expected


def test_no_scan_is_there_before_one_is_recorded(reader: StoreReader) -> None:
    assert reader.scan() is None
