"""Silence counts for each rule and version: who has no such rule says nothing of it."""

import json
from typing import Any

from enforcer.recording.notice import Notice
from enforcer.report import build
from enforcer.report.as_json import as_json
from enforcer.report.as_markdown import as_markdown
from enforcer.report.words import unwatched
from enforcer.rules.model import Rule
from tests.unit.conftest import MakeUse
from tests.unit.report.conftest import NOON, Keep

HOUR = 3_600_000_000_000
OLD, OTHER = Rule("old", "new"), Rule("other.*", "elsewhere.*")


def services(path: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return version, processes with the rule, those without it, and uses, by rule."""
    document = json.loads(as_json(build(path)))
    keys = ("version", "processes", "unwatched", "uses")
    return {
        rule["legacy"]: [tuple(one[key] for key in keys) for one in rule["services"]]
        for rule in document["rules"]
    }


def test_a_rule_that_only_the_new_version_has(keep: Keep, path: str, make_use: MakeUse) -> None:
    """The old version runs on, and its silence is no evidence."""
    keep(rules=[OLD], service="shop", service_version="1", times=(NOON, NOON + 3 * HOUR))
    use = make_use(rule=OLD, count=3)
    keep(use, rules=[OLD, OTHER], service="shop", service_version="2", times=(NOON + HOUR,))

    assert services(path) == {
        "old": [("1", 1, 0, 0), ("2", 1, 0, 3)],
        "other.*": [("1", 0, 1, 0), ("2", 1, 0, 0)],
    }
    by_legacy = {rule.legacy: rule for rule in build(path).rules}
    assert unwatched(by_legacy["old"]) == ""
    assert unwatched(by_legacy["other.*"]) == "not watched by shop 1 (1 process)"
    assert "`other.*` is not watched by shop 1 (1 process)." in as_markdown(build(path), top=3)


def test_a_process_that_ended_before_a_rule_was_watched_is_not_asked(keep: Keep, path: str) -> None:
    """A rule that is new in the map would never be called quiet."""
    keep(rules=[OLD], service_version="1")
    keep(rules=[OLD, OTHER], service_version="2", times=(NOON + HOUR,))

    assert services(path)["other.*"] == [("2", 1, 0, 0)]


def test_a_process_that_left_a_rule_out_does_not_watch_it(keep: Keep, path: str) -> None:
    """It counts as blind, and the rule names it."""
    text = 'the rule "other" is left out: enforcer.toml:4: …'
    keep(rules=[OLD, OTHER])
    keep(rules=[OLD], notices=[Notice("left-out", "other", text)], times=(NOON, NOON + HOUR))
    report = build(path)

    assert report.watching.blind == 1
    assert services(path)["other.*"] == [("", 1, 1, 0)]
    assert [(one.kind, one.text) for one in build(path, path="old").notices] == [("left-out", text)]
