"""Names come from outside: pages escape them, cut them, and tables disarm them."""

import csv
import io
from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.settings import Settings
from enforcer.recording.notice import Notice
from enforcer.recording.use import Use
from enforcer.rules.model import Rule

Keep = Callable[..., None]
Visit = Callable[..., Any]

MakeUse = Callable[..., Use]

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\" onmouseover='alert(1)' x=\""


def hostile_use(make_use: MakeUse, text: str, **fields: object) -> Use:
    rule = Rule(f"shop.{text}", f"new.{text}", reason=text, owner=text, link=f"javascript:{text}")
    values = {
        "file": f"shop/{text}.py",
        "function": text,
        "module": text,
        "names": (text,),
        "via": f"{text}:1",
        "relation": "third_party",
        "distribution": text,
    }
    return make_use(rule=rule, path=f"shop.{text}", **{**values, **fields})


def test_markup_is_text(keep: Keep, show: Visit, make_use: MakeUse) -> None:
    """Whatever field markup stands in, no page has an element or an attribute of it."""
    for text in (SCRIPT, ATTRIBUTE):
        keep(
            hostile_use(make_use, text),
            notices=[Notice("blind", text, text)],
            ending="",
            service=text,
            service_version=text,
            environment=text,
            host=text,
            command=text,
            python=text,
            map_path=text,
        )
    addresses = [
        "/",
        "/rules",
        "/callers?by=site",
        "/callers?by=distribution",
        "/callers",
        "/services",
        f"/rules?q={SCRIPT}&sort={ATTRIBUTE}",
        f"/callers?file={SCRIPT}&service={ATTRIBUTE}",
        f"/{SCRIPT}",
    ]
    addresses += [link for link in show("/rules").links if link.startswith("/rules/")]
    assert len(addresses) == 11
    for address in addresses:
        page = show(address)
        scripts = [attrs for tag, attrs in page.elements if tag == "script"]
        assert [attrs.get("src", "")[:8] for attrs in scripts] == ["/static/"], address
        assert all("onmouseover" not in attrs for _, attrs in page.elements), address
        assert all(not link.startswith("javascript:") for link in page.links), address
    assert SCRIPT in show("/callers?by=site").text


def test_a_megabyte_of_name_is_cut(keep: Keep, show: Visit, make_use: MakeUse) -> None:
    """Pages stay small, and the rule has a page, whatever length its names have."""
    long = "x" * 1_000_000
    keep(hostile_use(make_use, long), service=long, environment=long, command="ok")
    for address in ("/", "/rules", "/callers?by=site", "/callers", "/services"):
        page = show(address)
        assert page.status == 200
        assert len(page.html) < 200_000, address
    (link,) = {link for link in show("/rules").links if link.startswith("/rules/")}
    page = show(link)
    assert page.status == 200
    assert len(page.html) < 200_000
    assert "x…x" in page.text


def test_all_of_a_long_name_is_in_the_api(keep: Keep, path: str, make_use: MakeUse) -> None:
    """Only pages cut: nothing is lost for who reads the API."""
    long = "y" * 3000
    keep(hostile_use(make_use, long))
    client = TestClient(create_dashboard(Settings(path)).app, base_url="http://localhost")
    (site,) = client.get("/api/call-sites").json()["call_sites"]
    assert site["function"] == long


def test_spreadsheets_compute_nothing(keep: Keep, path: str, make_use: MakeUse) -> None:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    names = ("=1+1", "+1", "-1", "@SUM(1)", "\tx", "plain")
    for line, text in enumerate(names):
        keep(make_use(function=text, module=text, line=line))
    client = TestClient(create_dashboard(Settings(path)).app, base_url="http://localhost")
    answer = client.get("/api/call-sites?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert 'filename="call-sites.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["function"] for row in rows} == {
        *(f"'{name}" for name in names if name != "plain"),
        "plain",
    }


def test_names_of_files_that_are_no_utf8(keep: Keep, show: Visit, make_use: MakeUse) -> None:
    keep(make_use(file="shop/se\udcf1al.py"))
    page = show("/callers")
    assert page.status == 200
    assert "se\\udcf1al" in page.text


def test_day_that_is_none_is_left_out(keep: Keep, show: Visit, make_use: MakeUse) -> None:
    rules = [
        Rule("shop.a", "new.a", remove_after="2026-13-01"),
        Rule("shop.b", "new.b", remove_after="x" * 10),
        Rule("shop.c", "new.c", remove_after="2026-12-01"),
    ]
    keep(*[make_use(rule=rule, path=rule.legacy) for rule in rules])
    for address in ("/", "/rules", "/rules/shop.a", "/api/rules"):
        page = show(address)
        assert page.status == 200
        assert "2026-13-01" not in page.html


def test_what_cannot_be_seen_is_written_out(keep: Keep, show: Visit, make_use: MakeUse) -> None:
    """A mark that turns the direction of writing would show another name than there is."""
    keep(hostile_use(make_use, "\u202egnp\x1b[2J\x00"))
    for address in ("/", "/rules", "/callers?by=site", "/callers?by=distribution"):
        page = show(address)
        assert page.status == 200
        assert not {"\u202e", "\x1b", "\x00"} & set(page.html)
        assert "\\u202egnp\\x1b[2J\\x00" in page.text
