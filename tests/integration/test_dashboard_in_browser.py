"""The dashboard in a real browser: every page and everything that one can do there.

``ENFORCER_SCREENSHOTS`` names a folder to keep pictures of the pages in.
"""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from enforcer.dashboard.demo.history import Demo, invent
from enforcer.recording.process import Process
from enforcer.recording.use import CallSite, Use
from enforcer.report import build
from enforcer.rules.model import Rule
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE, environment_without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.component("chromium", "playwright", "axe_core_python")

SCREENSHOTS = os.environ.get("ENFORCER_SCREENSHOTS", "")
PAGES = {
    "to-do": "/",
    "paths": "/rules",
    "last-week": "/rules?range=7d",
    "path": "/rules/shop.cart_utils",
    "silent-path": "/rules/shop.emailer",
    "callers": "/callers",
    "call-sites": "/callers?by=site",
    "owners": "/callers?by=owner",
    "coverage": "/services",
    "api": "/api/",
}
WIDTHS = (1440, 1024, 768, 390)
AXE = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
CHROMIUM = (
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)

Open = Callable[..., "Page"]


@contextmanager
def dashboard(*options: str, **variables: str) -> Iterator[str]:
    """Run the command, and give the address that it says."""
    command = [sys.executable, "-m", "enforcer", "dashboard", "--port", "0", *options]
    with subprocess.Popen(
        command,
        env={**environment_without("ENFORCER"), **variables},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found, line + process.stderr.read()
            yield found[0].rstrip("/") if "?" not in found[0] else found[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return invent(tmp_path_factory.mktemp("demo"), time.time_ns())


@pytest.fixture(scope="module")
def address(demo: Demo) -> Iterator[str]:
    with dashboard("--map", str(demo.map_file)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a component

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=list(CHROMIUM)
        )
        yield found
        found.close()


@pytest.fixture
def open_page(browser: "Browser", address: str) -> Iterator[Open]:
    """Open pages that may neither complain nor ask another host for anything."""
    complaints: list[str] = []
    contexts = []

    def make(path: str = "/", *, base: str = "", **options: object) -> "Page":
        base = base or address
        own = base.partition("?")[0].rstrip("/")
        context = browser.new_context(
            viewport={"width": options.pop("width", 1280), "height": 860}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(own) or complaints.append(request.url),
        )
        page.goto(base + path if "?" not in base else base)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def rows(page: "Page", table: str) -> list[str]:
    return [
        row.inner_text() for row in page.query_selector_all(f"#{table} > tbody > tr:first-child")
    ]


def keep_picture(page: "Page", name: str) -> None:
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SCREENSHOTS, f"{name}.png")), full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible(open_page: Open, name: str) -> None:
    """No page has a fault that axe-core knows, in any width and theme, nor is it too wide."""
    page = open_page(PAGES[name], color_scheme="light", reduced_motion="reduce")
    page.evaluate(
        "[...document.querySelectorAll('main details')].slice(0, 4).map(each => each.open = true)"
    )
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            if width in (WIDTHS[0], WIDTHS[-1]):
                assert faults(page) == []
            keep_picture(page, f"{name}-{width}-{theme}")


def faults(page: "Page") -> list[object]:
    """Return what axe-core finds by WCAG 2.2 AA and as best practice."""
    from axe_core_python.sync_playwright import Axe  # noqa: PLC0415 - a component

    return [
        (each["id"], each["help"], [node["html"][:160] for node in each["nodes"]][:3])
        for each in Axe().run(page, options={"runOnly": list(AXE)})["violations"]
    ]


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_axes_can_be_read(open_page: Open, width: int) -> None:
    """Text of an axis is as large as other text, however narrow the chart is."""
    page = open_page("/", width=width)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.plot-x span, .plot-y span')]"
        ".map(each => parseFloat(getComputedStyle(each).fontSize))"
    )
    assert min(sizes) >= 11
    assert page.query_selector("svg text") is None


def test_targets_can_be_hit(open_page: Open) -> None:
    """Buttons and links outside of sentences are at least 24 px high (WCAG 2.2, 2.5.8)."""
    for path in ("/", "/rules", "/services"):
        page = open_page(path, width=390)
        small = page.evaluate(
            "[...document.querySelectorAll('button, select, summary, .tool, .tabs a, .chips a, "
            ".downloads a, .pager a')].filter(each => each.checkVisibility())"
            ".filter(each => each.getBoundingClientRect().height < 24).map(each => each.outerHTML)"
        )
        assert small == []


def test_phone_has_one_button_for_filters(open_page: Open) -> None:
    page = open_page("/rules", width=390)
    assert not page.is_visible("select[name=service]")
    page.click("text=Filters")
    page.select_option("select[name=service]", "chat-backend")
    page.wait_for_url("**service=chat-backend")
    assert "Filters (1)" in page.inner_text(".filter-box > summary")


def test_back_shows_the_filters_in_force(open_page: Open) -> None:
    """A select shows what the address says, not what was chosen on a page left behind."""
    page = open_page("/rules")
    page.select_option("select[name=service]", "chat-backend")
    page.wait_for_url("**service=chat-backend")
    page.go_back()
    page.wait_for_url(re.compile(r"/rules$"))
    assert page.input_value("select[name=service]") == ""


def test_focus_stays_at_the_filter(open_page: Open) -> None:
    page = open_page("/rules")
    page.focus("select[name=stage]")
    page.select_option("select[name=stage]", "warn")
    page.wait_for_url("**stage=warn")
    page.wait_for_function("document.activeElement.name === 'stage'")


def test_issue_is_copied(open_page: Open) -> None:
    """What a team has to change is on the clipboard, ready for an issue."""
    page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
    page.click("#owners tbody:has-text('@checkout') >> text=Copy issue")
    page.wait_for_selector("text=Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "call sites of deprecated import paths" in text
    assert "- [ ] `shop/checkout/" in text


def test_patch_is_copied(open_page: Open) -> None:
    page = open_page("/rules/shop.cart_utils", permissions=["clipboard-read", "clipboard-write"])
    page.click("#verdict >> text=Copy patch")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("--- a/")


def test_forced_colours_keep_the_marks(open_page: Open) -> None:
    """With the system's colours only, days that were used still differ from others."""
    page = open_page("/rules/shop.emailer", forced_colors="active")
    fills = page.evaluate(
        "['used', 'watched', 'unwatched'].map(kind => "
        "getComputedStyle(document.querySelector('.day-' + kind)).fill)"
    )
    assert len(set(fills)) == 3


def test_print_is_light(open_page: Open) -> None:
    page = open_page("/", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "light"
    assert not page.is_visible("#theme")


def test_page_says_when_the_server_is_gone(open_page: Open, tmp_path: Path) -> None:
    """Numbers that nobody renews any more are not called live."""
    store = tmp_path / "uses.db"
    record(store, "first")
    with dashboard("--store", str(store)) as address:
        page = open_page("/rules", base=address)
        page.wait_for_selector("#live >> text=Live")
    page.wait_for_selector("#live >> text=Server gone", timeout=PATIENCE * 1000)
    page.goto("about:blank")


def test_filters_act_at_once_and_stay(open_page: Open) -> None:
    """A choice is in the address, on the next page too, and can be taken back."""
    page = open_page("/callers")
    page.select_option("select[name=service]", "chat-backend")
    page.wait_for_url("**/callers?service=chat-backend")
    page.click("nav[aria-label=Pages] >> text=Paths")
    page.wait_for_url("**/rules?service=chat-backend")
    assert page.input_value("select[name=service]") == "chat-backend"
    page.select_option("select[name=stage]", "alias")
    page.wait_for_url("**stage=alias**")
    assert "service=chat-backend" in page.url
    page.click(".chips >> text=service: chat-backend")
    page.wait_for_url(re.compile(r"/rules\?stage=alias$"))
    assert all("alias" in row for row in rows(page, "rules"))


def test_dates_are_filters(open_page: Open, demo: Demo) -> None:
    page = open_page("/services")
    page.click("text=Dates")
    page.fill("input[name=since]", "2020-01-01")
    page.fill("input[name=until]", "2020-02-01")
    page.click(".filters >> text=Show")
    page.wait_for_url("**since=2020-01-01&until=2020-02-01**")
    assert "No service was watched in this time" in page.inner_text("main")
    assert build(str(demo.store)).uses


def test_headings_sort(open_page: Open) -> None:
    """A click sorts, the highest first; another one turns around; keys do the same."""
    page = open_page("/rules")
    page.click("#rules th >> text=Uses")
    page.wait_for_url("**sort=-uses**")
    assert page.get_attribute("#rules th:has-text('Uses')", "aria-sort") == "descending"
    down = rows(page, "rules")
    page.focus("#rules th >> text=Uses")
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=uses**")
    assert page.get_attribute("#rules th:has-text('Uses')", "aria-sort") == "ascending"
    assert sorted(rows(page, "rules")) == sorted(down)
    assert rows(page, "rules")[-1] == down[0]


def test_search_finds(open_page: Open) -> None:
    page = open_page("/callers?by=site")
    page.fill("#callers-q", "nightly carts")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=nightly+carts**")
    (row,) = rows(page, "callers")
    assert "shop/jobs/nightly.py" in row
    page.click("text=Clear")
    page.wait_for_url(lambda url: "q=" not in url)


@pytest.mark.parametrize("form", ["CSV", "JSON"])
def test_tables_download(open_page: Open, demo: Demo, tmp_path: Path, form: str) -> None:
    """What is downloaded holds every row of the table, and the report's numbers."""
    page = open_page("/callers?by=site")
    with page.expect_download() as waiting:
        page.click(f".amount >> text={form}")
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    report = build(str(demo.store))
    if form == "CSV":
        assert file.name == "call-sites.csv"
        with file.open(newline="") as lines:
            found = list(csv.DictReader(lines))
        assert sum(int(row["uses"]) for row in found) == report.uses
        assert len(found) == report.call_sites
    else:
        assert file.name == "call-sites.json"
        assert f'"total":{report.call_sites}' in file.read_text()


def test_chart_tells_and_zooms(open_page: Open) -> None:
    """The pointer shows the numbers of a week; dragging over some weeks shows only those."""
    page = open_page("/rules/shop.cart_utils")
    hits = page.query_selector_all("#uses .hit")
    hits[3].scroll_into_view_if_needed()
    first, last = hits[3].bounding_box(), hits[8].bounding_box()
    page.mouse.move(first["x"] + 4, first["y"] + 40)
    page.wait_for_selector("#tip:not([hidden])")
    assert hits[3].get_attribute("data-title") in page.inner_text("#tip")
    since, until = hits[3].get_attribute("data-since"), hits[8].get_attribute("data-until")
    page.mouse.down()
    page.mouse.move(last["x"] + 4, last["y"] + 40, steps=5)
    page.mouse.up()
    page.wait_for_url(f"**since={since}&until={until}**")
    assert page.query_selector("#uses .hit").get_attribute("data-since") == since
    assert since in page.inner_text(".chips")
    page.focus("#uses svg.columns")
    page.keyboard.press("Home")
    assert page.inner_text("#tip strong").startswith("Mon") or since in page.inner_text("#tip")


def test_dark_and_light(open_page: Open) -> None:
    """The button turns the page around, and the next page stays so, from the server."""
    page = open_page("/", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.click("#theme")
    dark = page.evaluate(background)
    assert dark != light
    page.goto(page.url.rstrip("/") + "/rules")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate(background) == dark
    page.click("#theme")
    assert page.evaluate(background) == light


def test_source_opens_with_keys(open_page: Open) -> None:
    page = open_page("/rules/shop.emailer?q=returns")
    page.focus("details.snippet summary")
    page.keyboard.press("Enter")
    assert page.is_visible("details.snippet .is-site")
    assert "from shop.notifications.email import send as send_mail, Message" in page.inner_text(
        "details.snippet .added"
    )


def test_keys_reach_the_content(open_page: Open) -> None:
    """The first key press offers to skip the navigation; focus can always be seen."""
    page = open_page("/rules")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none"


def test_tables_work_without_scripts(open_page: Open) -> None:
    page = open_page("/rules", java_script_enabled=False)
    assert len(rows(page, "rules")) == 14
    page.click("#rules th >> text=Call sites")
    assert "sort=-call_sites" in page.url
    page.select_option("select[name=stage]", "strict")
    page.click(".filters >> text=Show")
    page.wait_for_url("**stage=strict**")
    page.wait_for_selector("#rules")
    assert len(rows(page, "rules")) == 3
    assert not page.is_visible("#live")


def record(store: Path, function: str) -> None:
    """Write what a program does that comes by."""
    process = Process(id=os.urandom(16).hex(), pid=1, started=time.time_ns(), service="shop-web")
    rule = Rule("shop.cart_utils", "shop.cart")
    site = CallSite(
        rule.module, file="shop/new.py", line=1, function=function, module="shop.new",
        mechanism="import_statement",
    )  # fmt: skip
    use = Use(
        rule, stage="alias", outcome="aliased", site=site, count=1, first_seen=time.time_ns(),
        last_seen=time.time_ns(),
    )  # fmt: skip
    with closing(Store(str(store))) as opened:
        opened.watch(process, [rule])
        opened.write(process, 0, [use])
        opened.leave(process, "exit")


def test_open_page_follows(open_page: Open, tmp_path: Path) -> None:
    """A page before the first use fills by itself, and grows; what is open and focused stays so."""
    store = tmp_path / "uses.db"
    with dashboard("--store", str(store)) as address:
        page = open_page("/rules/shop.cart_utils", base=address)
        assert "Nothing recorded yet" in page.inner_text("main")
        record(store, "first")
        page.wait_for_selector("#callers")
        assert len(rows(page, "callers")) == 1
        page.evaluate("window.stays = true")
        page.focus("details.snippet summary")
        page.keyboard.press("Enter")
        record(store, "second")
        page.wait_for_selector("#callers > tbody:nth-of-type(2)", state="attached")
        assert page.evaluate("window.stays")
        assert page.evaluate("document.querySelector('details.snippet').open")
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert page.inner_text("#news").startswith("Updated at")
        page.click("#live")
        assert page.get_attribute("#live", "aria-pressed") == "false"
        page.goto("about:blank")


def test_token_lets_in(open_page: Open, demo: Demo) -> None:
    """The address that the command shows opens the dashboard, and hides the token at once."""
    with dashboard("--map", str(demo.map_file), ENFORCER_DASHBOARD_TOKEN="open sesame") as address:  # noqa: S106
        assert "token=open%20sesame" in address
        page = open_page(base=address)
        assert "token" not in page.url
        assert page.is_visible("text=Who must act")
        page.click("nav[aria-label=Pages] >> text=Callers")
        assert page.is_visible("#groups")


def test_token_can_be_typed(browser: "Browser", demo: Demo) -> None:
    with dashboard("--map", str(demo.map_file), "--token", "sesame") as address:
        page = browser.new_context().new_page()
        page.goto(address.partition("?")[0])
        assert page.is_visible("text=A token is needed")
        keep_picture(page, "token")
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=This is not the token")
        page.fill("#token", "sesame")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Who must act")
        page.context.close()


def test_hostile_names_do_nothing(open_page: Open, tmp_path: Path) -> None:
    """Markup in a name stays a name, in a browser too."""
    store = tmp_path / "uses.db"
    record(store, "<img src=x onerror=\"document.title='owned'\">")
    with dashboard("--store", str(store)) as address:
        page = open_page("/callers?by=site", base=address)
        page.hover("#callers th")
        assert "<img src=x" in page.inner_text("#callers")
        assert page.query_selector("#callers img") is None
        assert "owned" not in page.title()
        page.goto(address)
        assert "owned" not in page.title()
