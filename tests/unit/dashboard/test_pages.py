"""Every page shows what the report says, under the filters of its address."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.not_enabled import leave_trace
from enforcer.verdict.code_kind import whose

Keep = Callable[..., None]
Visit = Callable[..., Any]

Report = dict[str, Any]

NEVER = "\N{EN DASH}"

PAGES = (
    "/",
    "/rules",
    "/rules/shop.cart_utils",
    "/rules/shop.legacy_pricing.*",
    "/rules/shop.models:OldOrder",
    "/rules/shop.admin.views",
    "/callers",
    "/callers?by=package",
    "/callers?by=distribution",
    "/callers?by=owner",
    "/callers?by=site&whose=tests",
    "/services",
    "/services?versions=all",
)


def exact(shown: str) -> str:
    """Return the exact time of a cell that has a relative one before it."""
    return shown[-16:] if shown != NEVER else shown


def is_left(site: dict[str, Any]) -> bool:
    """Return whether a call site was used within the usual 30 days, also of a removed path."""
    last = datetime.fromisoformat(site["last_seen"])
    return last > datetime.now(UTC) - timedelta(days=30)


def number(text: str) -> int:
    return int(text.replace(",", ""))


def sites_of(report: Report) -> list[dict[str, Any]]:
    return [site for rule in report["rules"] for site in rule["call_sites"]]


@pytest.mark.parametrize("address", PAGES)
def test_page_is_there(visit: Visit, address: str) -> None:
    """Each page answers, has a heading and a title, and marks where it is."""
    page = visit(address)
    assert page.status == 200
    assert sum(1 for tag, _ in page.elements if tag == "h1") == 1
    assert sum(1 for tag, _ in page.elements if tag == "main") == 1
    current = [attrs for tag, attrs in page.elements if attrs.get("aria-current") == "page"]
    assert len(current) == 1


@pytest.mark.parametrize("address", PAGES)
def test_ids_are_unique(visit: Visit, address: str) -> None:
    """What refers to an id finds one thing."""
    ids = [attrs["id"] for _, attrs in visit(address).elements if "id" in attrs]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("address", PAGES)
def test_nothing_needs_inline_code(visit: Visit, address: str) -> None:
    """The content policy forbids inline scripts and styles; none are written."""
    elements = visit(address).elements
    assert all("style" not in attrs for _, attrs in elements)
    assert all(not name.startswith("on") for _, attrs in elements for name in attrs)
    assert all(attrs.get("src") for tag, attrs in elements if tag == "script")
    assert "style" not in {tag for tag, _ in elements}


def test_overview_says_what_the_report_says(visit: Visit, report: Report) -> None:
    """The sums on the first page are the report's."""
    page = visit("/")
    text = " ".join(page.text.split())
    lanes = [attrs for tag, attrs in page.elements if "lane " in (attrs.get("class") or "")]
    assert lanes[0]["href"].endswith("state=refused")
    numbers = re.findall(
        r"(\d+)  ?(?:refused|can go today|silent, but|in use|not watched|can.t tell)", text
    )
    assert sum(map(int, numbers)) == len(report["rules"]) + 1
    left = [site for site in sites_of(report) if is_left(site)]
    assert f"{len(left)} call sites left" in text


def test_rules_are_the_reports(visit: Visit, report: Report) -> None:
    """Uses, call sites, stage and last use of every rule are the report's."""
    shown = {
        row["Legacy path"].split(" → ")[0]: (
            row["Stage"],
            number(row["Uses"]),
            number(row["Call sites"]),
            exact(row["Last use"]),
        )
        for row in visit("/rules").rows("rules")
    }
    assert shown.pop("shop.admin.views") == ("observe", 0, 0, NEVER)
    assert shown == {
        rule["legacy"]: (
            rule["stage"],
            rule["uses"],
            len(rule["call_sites"]),
            rule["last_seen"][:16].replace("T", " ") if rule["last_seen"] else NEVER,
        )
        for rule in report["rules"]
    }


@pytest.mark.parametrize(
    "legacy", ["shop.cart_utils", "shop.legacy_pricing.*", "shop.models:OldOrder", "shop.sessions"]
)
def test_call_sites_of_a_rule_are_the_reports(visit: Visit, report: Report, legacy: str) -> None:
    """Each call site of a rule stands on its page with its uses and times."""
    (rule,) = (rule for rule in report["rules"] if rule["legacy"] == legacy)
    rows = visit(f"/rules/{legacy}").rows("callers")
    assert [
        (number(row["Uses"]), exact(row["First seen"]), exact(row["Last seen"]), row["Team"] != "")
        for row in rows
    ] == [
        (
            site["uses"],
            site["first_seen"][:16].replace("T", " "),
            site["last_seen"][:16].replace("T", " "),
            site["relation"] == "own",
        )
        for site in rule["call_sites"]
    ]
    for row, site in zip(rows, rule["call_sites"], strict=True):
        inner = site["file"].rpartition("/site-packages/")[2]
        assert row["Call site"].startswith(f"{inner}:{site['line']}")


def test_uses_by_service_add_up(visit: Visit, report: Report) -> None:
    """The services that used a rule have all of its uses, and no more."""
    rows = [
        row
        for row in visit("/rules/shop.cart_utils").tables[""]
        if len(row) == 8 and row[3].replace(",", "").isdigit()
    ]
    (rule,) = (rule for rule in report["rules"] if rule["legacy"] == "shop.cart_utils")
    assert sum(number(row[3]) for row in rows) == rule["uses"]


@pytest.mark.parametrize("by", ["file", "package", "distribution"])
def test_groups_add_up(visit: Visit, report: Report, by: str) -> None:
    """Every use of every call site is in exactly one group."""
    rows = visit(f"/callers?by={by}").rows("groups")
    assert sum(number(row["Uses"]) for row in rows) == sum(rule["uses"] for rule in report["rules"])
    assert sum(number(row["Call sites"]) for row in rows) == len(sites_of(report))


def test_file_of_two_owners_is_in_the_group_of_each(visit: Visit) -> None:
    """A line of CODEOWNERS with "@data @platform" names two owners, not one."""
    groups = {row["Owner"] for row in visit("/callers?by=owner").rows("groups")}
    assert {"@data", "@platform"} <= groups
    assert not any(" " in name for name in groups - {"(third party)"})


def test_files_are_the_reports(visit: Visit, report: Report) -> None:
    """The uses of each file are the report's."""
    expected: dict[str, int] = {}
    for site in sites_of(report):
        file = site["file"].rpartition("/site-packages/")[2]
        expected[file] = expected.get(file, 0) + site["uses"]
    rows = visit("/callers").rows("groups")
    assert {row["File"]: number(row["Uses"]) for row in rows} == expected


@pytest.mark.parametrize("kind", ["own", "tests", "third_party"])
def test_callers_are_told_apart(visit: Visit, report: Report, kind: str) -> None:
    """Own code, tests and others' code are shown apart."""
    rows = visit(f"/callers?by=site&whose={kind}&size=500").rows("callers")
    sites = [site for site in sites_of(report) if whose(site["file"], site["relation"]) == kind]
    assert sites
    assert sorted(number(row["Uses"]) for row in rows) == sorted(site["uses"] for site in sites)


def test_services_are_the_reports(visit: Visit, report: Report) -> None:
    """Who watched, in how many processes and until when, is the report's."""
    rows = visit("/services?size=500&versions=all").rows("services")
    assert sorted(
        (row["Service"], row["Version"], row["Environment"], number(row["Processes"]))
        for row in rows
    ) == sorted(
        (each["service"], each["version"], each["environment"], each["processes"])
        for each in report["services"]
    )
    assert sorted(exact(row["Watched till"]) for row in rows) == sorted(
        each["till"][:16].replace("T", " ") for each in report["services"]
    )


def test_processes_are_listed(visit: Visit, report: Report) -> None:
    """Every process is in the table of processes, with its map."""
    page = visit("/services?processes-size=500")
    rows = page.rows("processes")
    assert len(rows) == report["processes"]
    assert {row["Map"] for row in page.rows("maps")} == {row["Map"] for row in rows}
    assert page.rows("maps")[0]["Stages of its rules"] == (
        "6 alias 1 observe 1 removed 3 strict 2 warn"
    )


def test_chart_has_all_uses(visit: Visit, report: Report) -> None:
    """The table below the chart of uses adds up to all uses of the report."""
    rows = visit("/rules/shop.cart_utils").tables[""]
    uses = [number(row[1]) for row in rows if row and row[0].startswith("week from")]
    (rule,) = (rule for rule in report["rules"] if rule["legacy"] == "shop.cart_utils")
    assert sum(uses) == rule["uses"]


def test_rule_that_nobody_watched_says_so(visit: Visit) -> None:
    """A rule of the map without a process is not the same as a rule without a use."""
    page = visit("/rules/shop.admin.views")
    assert "No process has watched this path" in page.text


def test_unknown_rule_is_not_found(visit: Visit) -> None:
    """A page for a path that no map has says so."""
    page = visit("/rules/no.such.rule")
    assert page.status == 404
    assert "No such path" in page.text


def test_unknown_page_is_not_found(visit: Visit) -> None:
    page = visit("/nothing/here")
    assert page.status == 404
    assert "No such page" in page.text


def test_trust_is_one_sentence_with_a_link(visit: Visit) -> None:
    """What was lost weeks ago dates the sentence; Coverage leads to the process."""
    assert "Whole for 27 d (since" in " ".join(visit("/").text.split())
    page = visit("/services")
    assert "1 process ended without a last write" in page.text
    link = next(link for link in page.links if "problem=vanished" in link)
    (row,) = visit(link.partition("#")[0]).rows("processes")
    assert row["Ending"] == "vanished"


def test_source_is_shown_with_its_change(visit: Visit) -> None:
    """A call site shows its lines, and the statement written anew."""
    page = visit("/rules/shop.emailer?q=returns")
    text = " ".join(page.text.split())
    assert "\N{MINUS SIGN} from shop.emailer import send_mail, Message" in text
    assert "+ from shop.notifications.email import send as send_mail, Message" in text


def test_link_leads_to_the_code_host(visit: Visit) -> None:
    """The map's template gives a permanent link to the line."""
    page = visit("/callers?by=site")
    assert any(
        link.startswith("https://code.example/shop/blob/") and link.endswith("#L15")
        for link in page.links
    )


def test_processes_that_were_not_enabled_are_missing(keep: Keep, show: Visit, path: str) -> None:
    """A page with a path without a use must not call its data whole."""
    keep(rules=[Rule("a.old", "a.new")])
    assert "Whole for" in show("/").text
    leave_trace(path, "not enabled: a reason")
    assert "Whole for" not in show("/").text
    text = show("/services").text
    assert "1 process that names a map saw nothing: not enabled: a reason" in text


def test_one_of_a_kind_is_in_the_singular(
    keep: Keep, make_use: Callable[..., Use], show: Visit
) -> None:
    """In the lanes, and beside the tables."""
    keep(make_use(count=1))
    for address, noun in {
        "/callers?by=site": "call site",
        "/callers?by=file": "file",
        "/rules": "path",
        "/services": "service",
    }.items():
        assert f" 1 {noun} CSV of {noun}s " in " ".join(show(address).text.split())
