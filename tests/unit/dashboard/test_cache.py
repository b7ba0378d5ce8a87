"""Sums are kept only while nobody has written since."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enforcer.dashboard import cache
from enforcer.dashboard.cache import KeptSums
from enforcer.dashboard.settings import Settings
from enforcer.recording.use import Use
from enforcer.store.queries import Span
from enforcer.store.sqlite import reader

Keep = Callable[..., None]
MakeUse = Callable[..., Use]
Visit = Callable[..., Any]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    """Note each time that all sums are read."""
    found: list[Span] = []
    real = reader.Reader.uses

    def uses(reader: reader.Reader, span: Span, legacy: str = "") -> Any:  # noqa: ANN401
        found.append(span)
        return real(reader, span, legacy)

    monkeypatch.setattr(reader.Reader, "uses", uses)
    return found


def let_rest(path: str) -> None:
    """Let a store look as if it was written a while ago."""
    for file in Path(path).parent.glob(f"{Path(path).name}*"):
        os.utime(file, (1, 1))


def test_second_look_reads_nothing_twice(
    keep: Keep,
    path: str,
    make_use: MakeUse,
    reads: list[Span],
    open_dashboard: Callable[..., Visit],
) -> None:
    keep(make_use(count=3))
    let_rest(path)
    visit = open_dashboard(Settings(path))
    for page in ("/rules", "/callers", "/callers?by=site&sort=-uses", "/"):
        assert visit(page).status == 200
    assert len(reads) == 1
    visit("/rules?service=other")
    assert len(reads) == 2


def test_every_write_is_seen(
    keep: Keep, path: str, make_use: MakeUse, open_dashboard: Callable[..., Visit]
) -> None:
    """Numbers are never older than the store, however quickly the next look comes."""
    visit = open_dashboard(Settings(path))
    for number in range(1, 6):
        keep(make_use(count=1))
        (row,) = visit("/rules").rows("rules")
        assert row["Uses"] == str(number)


def test_nothing_is_kept_of_a_server() -> None:
    kept = KeptSums("clickhouse://host/otel")
    assert kept.state() == ()
    results: list[list[Any]] = [kept.get((), Span(), list) for _ in range(2)]
    assert results[0] is not results[1]


def test_few_spans_are_kept(path: str, keep: Keep) -> None:
    keep()
    assert KeptSums(path).state() == ()  # it was written just now
    let_rest(path)
    kept = KeptSums(path)
    state = kept.state()
    assert state
    first = kept.get(state, Span(), list)
    assert kept.get(state, Span(), list) is first
    for number in range(1, 20):
        kept.get(state, Span(since=number), list)
    assert kept.get(state, Span(), list) is not first


def test_pages_show_how_old_their_verdicts_are(
    keep: Keep,
    path: str,
    make_use: MakeUse,
    open_dashboard: Callable[..., Visit],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a store takes long to judge, verdicts are kept, and each page that has them says so."""
    monkeypatch.setattr(cache, "_QUICK", 0.0)
    keep(make_use())
    clock = [time.time_ns()]
    visit = open_dashboard(Settings(path, now=lambda: clock[0]))
    pages = {
        "/": "What can be done was judged 20 s ago.",
        "/rules": "whatever the filters are (judged 20 s ago);",
        "/rules/shop.old_cart": "without a use in production; judged 20 s ago",
    }
    assert not any(" s ago" in visit(page).text for page in pages)

    clock[0] += 20_000_000_000
    for page, words in pages.items():
        assert words in " ".join(visit(page).text.split())
