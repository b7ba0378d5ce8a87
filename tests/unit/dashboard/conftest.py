"""Serve a dashboard over real stores, and read its pages as a browser would."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.demo.history import Demo, invent
from enforcer.dashboard.settings import Settings
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.report import build
from enforcer.report.as_json import as_json
from enforcer.rules.loader import load_map
from enforcer.rules.model import Rule
from enforcer.store.sqlite.schema import EXIT
from enforcer.store.sqlite.writer import Store

HOUR = 3_600_000_000_000
DAY = 24 * HOUR

Visit = Callable[..., "Page"]
Keep = Callable[..., None]


class Page(HTMLParser):
    """Read a page: its texts, its links, and its tables by id."""

    def __init__(self, status: int, html: str, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.status = status
        self.html = html
        self.headers = headers
        self.text = ""
        self.links: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._table: list[list[str]] | None = None
        self._is_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.text += " "
        self.elements.append((tag, values))
        if tag == "a":
            self.links.append(values.get("href") or "")
        if tag == "table":
            self._table = self.tables.setdefault(values.get("id") or "", [])
        if tag == "tr" and self._table is not None:
            self._table.append([])
        if tag in ("td", "th") and self._table:
            self._table[-1].append("")
            self._is_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._is_cell = False
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._is_cell and self._table:
            self._table[-1][-1] += data

    def rows(self, table: str) -> list[dict[str, str]]:
        """Give the rows of a table by their headings, without those that hold only details."""
        head, *rows = self.tables[table]
        names = [name.strip(" ▲▼\n") for name in head]
        return [
            dict(zip(names, (" ".join(cell.split()) for cell in row), strict=True))
            for row in rows
            if len(row) == len(names)
        ]


@pytest.fixture(scope="session")
def demo_moment() -> int:
    """Return when the demonstration's history ends."""
    return time.time_ns()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, demo_moment: int) -> Demo:
    """Invent six months, once for all tests."""
    return invent(tmp_path_factory.mktemp("demo"), demo_moment)


@pytest.fixture(scope="session")
def demo_settings(demo: Demo, demo_moment: int) -> Settings:
    """Return settings whose clock stands still: pages would say how old they are."""
    migration_map = load_map(str(demo.map_file), environ={})
    return Settings(str(demo.store), migration_map, now=lambda: demo_moment)


@pytest.fixture(scope="session")
def demo_client(demo_settings: Settings) -> TestClient:
    return client_of(demo_settings)


@pytest.fixture
def visit(demo_client: TestClient) -> Visit:
    """Open a page of the demonstration."""
    return visitor(demo_client)


@pytest.fixture(scope="session")
def report(demo: Demo) -> dict[str, Any]:
    """Give what ``enforcer report --format json`` says of the demonstration."""
    document: dict[str, Any] = json.loads(as_json(build(str(demo.store))))
    return document


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "uses.db")


@pytest.fixture
def keep(path: str, make_process: Callable[..., Process]) -> Keep:
    """Keep what one process recorded, in a store of this test."""

    def write(
        *uses: Use,
        rules: Iterable[Rule] = (),
        notices: Iterable[Notice] = (),
        dropped: int = 0,
        ending: str = EXIT,
        **process: object,
    ) -> None:
        recorder = make_process(**process)
        rules = [*rules, *{use.rule.legacy: use.rule for use in uses}.values()]
        with closing(Store(path)) as store:
            store.watch(recorder, rules)
            store.note(recorder, notices)
            store.write(recorder, 0, uses, dropped)
            if ending:
                store.leave(recorder, ending)

    return write


@pytest.fixture
def show(path: str) -> Visit:
    """Open a page over the store of this test."""
    return lambda *words, **fields: visitor(client_of(Settings(path, **fields)))(*words)


@pytest.fixture
def open_dashboard() -> Callable[[Settings], Visit]:
    """Open pages of one dashboard, one after the other."""
    return lambda settings: visitor(client_of(settings))


def client_of(settings: Settings) -> TestClient:
    app = create_dashboard(settings).app
    return TestClient(
        app, base_url="http://127.0.0.1:8765", follow_redirects=False, raise_server_exceptions=True
    )


def visitor(client: TestClient) -> Visit:
    def open_page(address: str, **options: object) -> Page:
        answer = client.get(address, **options)  # type: ignore[arg-type]
        return Page(answer.status_code, answer.text, answer.headers)

    return open_page
