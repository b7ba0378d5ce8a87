"""Reports show on how many hosts a rule has which stage, and whom a dry run let pass."""

import io
import json
from collections.abc import Callable

from enforcer.recording.use import ALIASED, WOULD_BLOCK, Use
from enforcer.report import build
from enforcer.report.as_json import as_json
from enforcer.report.as_markdown import as_markdown
from enforcer.report.as_table import as_table
from enforcer.rules.model import Rule

Keep = Callable[..., None]
MakeUse = Callable[..., Use]


def rules(stage: str) -> list[Rule]:
    return [
        Rule("shop.old_cart", "shop.cart", stage=stage),
        Rule("shop.old_tax", "shop.tax", stage="warn"),
    ]


def stages(path: str) -> dict[str, tuple[dict[str, int], str]]:
    return {rule.legacy: (dict(rule.hosts), rule.shown_stage) for rule in build(path).rules}


def test_hosts_of_each_stage_are_counted(path: str, keep: Keep) -> None:
    for number, stage in enumerate(("alias", "observe", "observe")):
        for process in "ab":  # two of each host
            keep(rules=rules(stage), id=f"{number}{process}", host=f"web-{number}")

    assert stages(path) == {
        "shop.old_cart": ({"observe": 2, "alias": 1}, "observe on 2 hosts, alias on 1 host"),
        "shop.old_tax": ({"warn": 3}, "warn"),
    }


def test_the_newest_process_of_a_host_counts(path: str, keep: Keep) -> None:
    """A stage that was raised is what the host has; the other one is history."""
    keep(rules=rules("observe"), id="1", host="web", started=1)
    keep(rules=rules("strict"), id="2", host="web", started=2)

    assert stages(path)["shop.old_cart"] == ({"strict": 1}, "strict (elsewhere observe)")


def test_services_of_one_host_may_differ(path: str, keep: Keep) -> None:
    keep(rules=rules("observe"), id="1", host="web", service="cart")
    keep(rules=rules("strict"), id="2", host="web", service="pay")

    assert stages(path)["shop.old_cart"][0] == {"observe": 1, "strict": 1}


def test_every_format_shows_the_hosts_and_who_would_have_been_refused(
    path: str, keep: Keep, make_use: MakeUse
) -> None:
    uses = [make_use(outcome=WOULD_BLOCK, count=3), make_use(outcome=ALIASED, count=2)]
    keep(*uses, rules=rules("alias"), id="1", host="web-1")
    keep(rules=rules("strict"), id="2", host="web-2")

    report = build(path)

    for text in (as_table(report, io.StringIO()), as_markdown(report, top=3)):
        assert "alias on 1 host, strict on 1 host" in text
        assert ", 3 would have been refused" in text
    (rule, _) = json.loads(as_json(report))["rules"]
    assert rule["hosts"] == {"alias": 1, "strict": 1}
    assert rule["call_sites"][0]["outcomes"] == {"aliased": 2, "would_block": 3}
