"""``enforcer verdict``: what it prints, and its exit codes."""

import json
import re
from pathlib import Path
from time import time_ns

import pytest

from enforcer.store.queries import DAY
from tests.commands import in_this_process
from tests.fleets import Fleet

MAP = """
[enforcer]
expected_services = ["web"]
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
[[rule]]
legacy = "shop.gone.*"
canonical = "shop.here.*"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a map, and what one process saw in the last 31 days, without a use of shop.old."""
    (tmp_path / "enforcer.toml").write_text(MAP, "utf-8")
    fleet = Fleet(str(tmp_path / ".enforcer" / "uses.db"), now=time_ns() - 31 * DAY)
    fleet.pass_days(31, fleet.start())
    fleet.scan()
    return tmp_path


def test_a_path_that_can_go(project: Path) -> None:
    """The exit code is for scripts."""
    found = in_this_process(["verdict", "shop.old"], project, {})

    assert found.returncode == 0, found.stdout
    assert found.stdout.startswith("shop.old: can go\n")
    assert found.stdout.count("✓") == 6
    assert found.stdout.endswith("1 legacy path: 1 can go\n")
    again = in_this_process(["can-remove", "shop.old"], project, {})
    minute = re.compile(r"\d\d:\d\d")
    assert minute.sub("", again.stdout) == minute.sub("", found.stdout)


def test_one_that_can_not_go_is_one_too_many(project: Path) -> None:
    """The map has a rule that nobody watched, and that the scan did not search for."""
    found = in_this_process(["verdict", "--short"], project, {})

    assert found.returncode == 1
    first, second, total = found.stdout.splitlines()
    assert first.startswith("shop.old: can go · no use in production was ever seen")
    assert second.startswith("shop.gone.*: can't tell · the recorded scan did not search for it")
    assert total == "2 legacy paths: 1 can't tell, 1 can go"


def test_a_path_of_no_rule_is_a_mistake(project: Path) -> None:
    found = in_this_process(["verdict", "shop.odl"], project, {})

    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        'enforcer: no rule has the path "shop.odl". Write "shop.old" (unknown-path)\n'
    )


def test_a_map_with_mistakes_is_not_judged(project: Path) -> None:
    """What it says of watching may be the mistake."""
    (project / "enforcer.toml").write_text(MAP.replace("[enforcer]", '[enforcer]\nquiet_for = "x"'))
    found = in_this_process(["verdict"], project, {})

    assert found.returncode == 2
    assert "(bad-days)" in found.stderr


def test_without_a_store_nothing_is_known(project: Path) -> None:
    """That is an answer, not a mistake."""
    found = in_this_process(["verdict", "--store", "none.db", "shop.old"], project, {})

    assert found.returncode == 1
    assert "no scan of the source is recorded" in found.stdout
    assert not (project / "none.db").exists()


def test_other_programs_get_json(project: Path) -> None:
    found = in_this_process(["verdict", "--json"], project, {})
    document = json.loads(found.stdout)

    assert list(document) == ["judged", "can_go", "verdicts"]
    assert document["can_go"] is False
    first, second = document["verdicts"]
    assert list(first) == [
        "legacy",
        "canonical",
        "kind",
        "stage",
        "owner",
        "verdict",
        "words",
        "reason",
        "can_go",
        "state",
        "call_sites_left",
        "period_days",
        "last_use",
        "quiet_since",
        "conditions",
        "callers",
        "unknowns",
        "proposed_services",
        "owners",
    ]
    assert (first["verdict"], first["can_go"], first["period_days"]) == ("can_go", True, 30)
    assert [one["name"] for one in first["conditions"]] == [
        "source",
        "installed",
        "quiet",
        "watched",
        "maps",
        "complete",
    ]
    assert {one["state"] for one in second["conditions"]} >= {"unknown", "unmet"}


def test_a_pull_request_gets_markdown(project: Path) -> None:
    found = in_this_process(["verdict", "--format", "markdown", "shop.old"], project, {})

    assert found.stdout.startswith("## May it be deleted? 1 legacy path: 1 can go\n\n| path |")
    assert "| `shop.old` | **can go** | no use in production was ever seen" in found.stdout
    assert "- ✓ source" in found.stdout


def test_callers_have_the_owners_of_their_files(project: Path) -> None:
    """Whose callers they are is another question than who is responsible for the rule."""
    (project / "CODEOWNERS").write_text("/shop/cart.py @web @mobile\n")
    (project / "enforcer.toml").write_text(f'{MAP}owner = "@gone"\n')
    fleet = Fleet(str(project / ".enforcer" / "uses.db"), now=time_ns(), count=9)
    fleet.use(fleet.start())
    found = in_this_process(["verdict", "shop.old", "shop.gone", "--json"], project, {})
    old, gone = json.loads(found.stdout)["verdicts"]
    assert [one["owners"] for one in old["callers"]] == [["@web", "@mobile"]]
    assert (old["owners"], gone["owners"]) == ([], ["@gone"])
    text = in_this_process(["verdict", "shop.old"], project, {}).stdout
    assert "callers in files of @web 1, @mobile 1" in text
