"""Build reports from real stores."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from enforcer.recording.use import ALIASED, BLOCKED, PROBE, Use
from enforcer.report import build
from enforcer.rules.model import Rule, covers_path
from enforcer.store import StoreError
from enforcer.store.sqlite.schema import HOUR
from enforcer.store.sqlite.writer import Store

Keep = Callable[..., None]
MakeUse = Callable[..., Use]


def test_same_site_in_several_processes_is_one_row(
    path: str, keep: Keep, make_use: MakeUse
) -> None:
    """Uses add up over processes; the times stretch from the first to the last."""
    first, last = make_use(count=2), make_use(count=3)
    first.first_seen -= HOUR
    last.last_seen += HOUR
    keep(first)
    keep(last)

    report = build(path)
    (site,) = report.rules[0].call_sites
    assert (site.uses, site.first_seen, site.last_seen) == (5, first.first_seen, last.last_seen)
    assert (report.processes, report.uses, report.call_sites) == (2, 5, 1)


def test_outcomes_of_a_site_are_one_row(path: str, keep: Keep, make_use: MakeUse) -> None:
    """A site that was refused here and tolerated there is one caller."""
    keep(make_use(count=2, outcome=BLOCKED), make_use(count=3, outcome=ALIASED))

    (site,) = build(path).rules[0].call_sites
    assert (site.uses, site.blocked) == (5, 2)
    assert site.outcomes == {"aliased": 3, "blocked": 2}


def test_main_module_has_one_name(path: str, keep: Keep, make_use: MakeUse) -> None:
    """A script is one caller, whether it was started or spawned by multiprocessing."""
    keep(make_use(module="__main__", count=2), make_use(module="__mp_main__", count=3))

    (site,) = build(path).rules[0].call_sites
    assert (site.module, site.uses, site.outcomes) == ("__main__", 5, {"aliased": 5})


@pytest.mark.parametrize(
    "field",
    [
        {"path": "shop.old_cart.sub"},
        {"file": "shop/other.py"},
        {"line": 13},
        {"function": "other"},
        {"module": "shop.other"},
        {"mechanism": "import_module"},
        {"names": ("Cart",)},
        {"via": "kombu/utils.py:8"},
        {"relation": "third_party"},
        {"distribution": "celery"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_sites_that_differ_are_two_rows(
    path: str, keep: Keep, make_use: MakeUse, field: dict[str, object]
) -> None:
    """Any field tells two call sites apart."""
    keep(make_use(), make_use(**field))

    assert len(build(path).rules[0].call_sites) == 2


def test_probes_are_no_uses(path: str, keep: Keep, make_use: MakeUse) -> None:
    """Who only asked whether the path is there is counted apart."""
    keep(make_use(count=2), make_use(count=7, mechanism=PROBE, line=40))

    (rule,) = build(path).rules
    assert (rule.uses, rule.probes, len(rule.call_sites)) == (2, 7, 1)


def test_rule_without_a_use_is_shown(path: str, keep: Keep) -> None:
    """What was watched and not used is there with no uses and no times."""
    keep(rules=[Rule("a.old", "a.new", stage="warn", owner="@a", reason="it moved")])

    (rule,) = build(path).rules
    assert (rule.legacy, rule.canonical, rule.stage) == ("a.old", "a.new", "warn")
    assert (rule.owner, rule.reason) == ("@a", "it moved")
    assert (rule.uses, rule.first_seen, rule.last_seen) == (0, None, None)


def test_stage_is_the_newest(path: str, keep: Keep, make_use: MakeUse) -> None:
    """The stage is that of the process which started last, whoever wrote last."""
    keep(make_use(stage="strict"), started=2)
    keep(make_use(stage="alias"), started=1)

    assert [rule.stage for rule in build(path).rules] == ["strict"]


def test_order(path: str, keep: Keep, make_use: MakeUse) -> None:
    """Rules and callers come by uses, and then by name or place."""
    keep(
        make_use("b.old", "b.new", count=2, file="z.py"),
        make_use("a.old", "a.new", count=1, file="b.py", line=1),
        make_use("a.old", "a.new", count=1, file="a.py", line=20),
        make_use("c.old", "c.new", count=9),
        make_use("a.old", "a.new", count=1, file="a.py", line=3),
        make_use("a.old", "a.new", count=5, file="z.py"),
        rules=[Rule("e.old", "e.new"), Rule("d.old", "d.new")],
    )

    report = build(path)
    assert [rule.legacy for rule in report.rules] == ["c.old", "a.old", "b.old", "d.old", "e.old"]
    assert [f"{site.file}:{site.line}" for site in report.rules[1].call_sites] == [
        "z.py:12",
        "a.py:3",
        "a.py:20",
        "b.py:1",
    ]


def test_lost_uses_are_told(path: str, keep: Keep, make_use: MakeUse) -> None:
    """What processes had to drop is summed up."""
    keep(make_use(), dropped=3)
    keep(dropped=4)

    assert build(path).dropped == 7


def test_since(path: str, keep: Keep, make_use: MakeUse) -> None:
    """What was last seen before is left out; the rule that was watched stays."""
    old, new = make_use(), make_use("b.old", "b.new")
    new.last_seen += 2 * HOUR
    keep(old, new, times=[new.last_seen])

    report = build(path, since=datetime.fromtimestamp(new.last_seen / 1e9, UTC))
    assert {rule.legacy: rule.uses for rule in report.rules} == {"b.old": 1, "shop.old_cart": 0}


def test_since_after_everything(path: str, keep: Keep, make_use: MakeUse) -> None:
    """A time in which nobody watched says nothing, and "0 uses" would look like good news."""
    keep(make_use())

    with pytest.raises(StoreError, match=r"no process watched then.*\(nothing-since\)$"):
        build(path, since=datetime(2200, 1, 1, tzinfo=UTC))


def test_path(path: str, keep: Keep, make_use: MakeUse) -> None:
    """Only rules at or below a path are shown, on the dots of it."""
    keep(
        make_use("shop.old", "shop.new"),
        make_use("shop.old.inner", "shop.inner"),
        make_use("shop.old:Cart", "shop.new:Cart", path="shop.old:Cart"),
        make_use("shop.older", "shop.new"),
    )

    found = [rule.legacy for rule in build(path, path="shop.old").rules]
    assert found == ["shop.old", "shop.old.inner", "shop.old:Cart"]


def test_path_inside_a_tree(path: str, keep: Keep, make_use: MakeUse) -> None:
    """Of a tree that holds the path, only the uses at or below the path are shown."""
    tree = Rule("old.*", "new.*")
    keep(make_use(rule=tree, path="old.a.x", count=2), make_use(rule=tree, path="old.b", count=3))

    (rule,) = build(path, path="old.a").rules
    assert (rule.legacy, rule.uses) == ("old.*", 2)


def test_path_of_a_tree_as_it_is_written(path: str, keep: Keep, make_use: MakeUse) -> None:
    """A tree may be named as in the map."""
    keep(make_use(rule=Rule("old.*", "new.*"), path="old.a"))

    assert [rule.uses for rule in build(path, path="old.*").rules] == [1]


def test_run(path: str, keep: Keep, make_use: MakeUse) -> None:
    """The report of one run is of its processes only."""
    keep(make_use(count=2), run="r1")
    keep(make_use(count=5), run="r2")

    report = build(path, run="r1")
    assert (report.uses, report.processes) == (2, 1)


def test_store_in_which_nobody_wrote(path: str) -> None:
    """A store without a process is as good as none."""
    Store(path).close()

    with pytest.raises(StoreError, match=r"no process has written to .*\(no-store\)$"):
        build(path)


@pytest.mark.parametrize(
    ("legacy", "prefix", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b.c", "a.b", True),
        ("a.b:name", "a.b", True),
        ("a.bc", "a.b", False),
        ("a", "a.b", False),
    ],
)
def test_covers_path(legacy: str, prefix: str, *, expected: bool) -> None:
    """A prefix ends at a dot or a colon."""
    assert covers_path(prefix, legacy) is expected
