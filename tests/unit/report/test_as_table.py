"""Write the table that people read."""

import io
import os
import pty
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from textwrap import dedent

import pytest

from enforcer.recording.use import BLOCKED, PROBE, Use
from enforcer.report import build
from enforcer.report.as_table import as_table
from enforcer.rules.model import Rule

Keep = Callable[..., None]
MakeUse = Callable[..., Use]

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def used(keep: Keep, make_use: MakeUse) -> None:
    """Keep what a small shop used."""
    tree = Rule("shop.old.*", "shop.*", stage="warn", owner="@shop")
    loader = "/srv/lib/python3.11/site-packages/celery/loaders/base.py"
    keep(
        make_use(count=1200),
        make_use(count=30, file="shop/jobs.py", line=7, function="<module>"),
        make_use(count=4, line=90),
        make_use(count=3, line=91),
        make_use(
            rule=tree,
            path="shop.old.stock",
            file=loader,
            function="Loader.load",
            relation="third_party",
            distribution="celery",
        ),
        make_use("a:gone", "a:new", stage="strict", outcome=BLOCKED, count=2, path="a:gone"),
        make_use("b.old", "b.new", mechanism=PROBE, count=5),
        run="r1",
    )


def terminal(text: Callable[[io.TextIOWrapper], str]) -> str:
    """Give what is written to a terminal."""
    leader, follower = pty.openpty()
    try:
        with os.fdopen(follower, "w", encoding="utf-8") as file:
            return text(file)
    finally:
        os.close(leader)


@pytest.mark.usefixtures("used")
def test_whole_table(path: str) -> None:
    """Everything is in it: paths, stage, counts, times, callers, whose code, and the sums."""
    assert as_table(build(path), io.StringIO()) == dedent("""\
         Uses   Legacy path → canonical path, and who uses it
        ────────────────────────────────────────────────────────────────────────────────
        1,237   shop.old_cart
                → shop.cart
                alias · 4 call sites · 2026-03-29 16:00 UTC
        1,200     shop/views.py:12 in checkout()
           30     shop/jobs.py:7
            4     shop/views.py:90 in checkout()
                  and 1 more call site with 3 uses

            2   a:gone
                → a:new
                strict · 1 call site · 2026-03-29 16:00 UTC
            2     shop/views.py:12 in checkout(), 2 refused

            1   shop.old.*
                → shop.*
                warn · 1 call site · 2026-03-29 16:00 UTC · @shop
            1     celery/loaders/base.py:12 in Loader.load() for shop.old.stock [celery]

        Uses   Legacy path → canonical path, without a use
        ──────────────────────────────────────────────────
           0   b.old
               → b.new
               alias · no use seen · 5 probes

        0 of 4 legacy paths in use, 3 silent, 1 without a use · 1,240 uses at 6 call sites · recorded by 1 process
        watched 2026-03-29 16:00 UTC
    """)  # noqa: E501 - a line as it is


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0.5, "2026-03-29 16:00 UTC"),
        (30, "2026-03-29 16:00 to 16:30 UTC"),
        (24 * 60, "2026-03-29 16:00 to 2026-03-30 16:00 UTC"),
    ],
)
def test_span(path: str, keep: Keep, make_use: MakeUse, minutes: float, expected: str) -> None:
    """First and last use are told to the minute, and nothing is told twice."""
    use = make_use()
    use.last_seen += int(minutes * 60e9)
    keep(use)

    assert f"alias · 1 call site · {expected}\n" in as_table(build(path), io.StringIO())


@pytest.mark.usefixtures("used")
def test_top(path: str) -> None:
    """As many callers are shown as were asked for."""
    report = build(path)

    assert "shop/views.py:91" in as_table(report, io.StringIO(), top=4)
    assert "more call site" not in as_table(report, io.StringIO(), top=4)
    assert "and 4 more call sites with 1,237 uses" in as_table(report, io.StringIO(), top=0)


def test_lost_uses_are_said(path: str, keep: Keep) -> None:
    """Counts that are too low say so."""
    keep(dropped=1)
    keep(dropped=2)

    assert as_table(build(path), io.StringIO()).startswith(
        "3 uses were lost: the counts are too low.\n"
    )


@pytest.mark.parametrize(
    ("days", "words"),
    [(-10, "due 10 d ago"), (0, "due today"), (21, "due in 21 d")],
)
def test_due_day_and_last_use_are_relative(
    path: str, keep: Keep, make_use: MakeUse, days: int, words: str
) -> None:
    """Whoever reads it needs no calendar; what is overdue is red."""
    use = make_use()
    now = use.last_seen + 2 * 3_600_000_000_000
    day = datetime.fromtimestamp(now / 1e9, UTC).date() + timedelta(days=days)
    keep(make_use(rule=Rule("a.old", "a.new", remove_after=day.isoformat()), path="a.old"))

    report = build(path)
    assert f"last 2 h ago · {words}\n" in as_table(report, io.StringIO(), now=now)
    red = terminal(lambda file: as_table(report, file, now=now))
    assert ("31mdue" in red) == (days < 0)


def test_no_rule_at_all(path: str, keep: Keep) -> None:
    """Without a rule there are only the sums."""
    keep()

    assert as_table(build(path), io.StringIO()) == (
        "0 of 0 legacy paths used · 0 uses at 0 call sites · recorded by 1 process\n"
        "watched 2026-03-29 16:00 UTC\n"
    )


@pytest.mark.usefixtures("used")
def test_plain_where_there_is_no_terminal(path: str) -> None:
    """A pipe gets no colours, and lines as long as they are, without spaces at the end."""
    text = as_table(build(path), io.StringIO())

    assert ANSI.search(text) is None
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.usefixtures("used")
def test_colours_on_a_terminal(path: str) -> None:
    """A terminal gets colours, and apart from them the same text."""
    report = build(path)
    text = terminal(lambda file: as_table(report, file))

    assert ANSI.search(text)
    assert "celery/loaders/base.py:12 in Loader.load()" in ANSI.sub("", text)


@pytest.mark.usefixtures("used")
def test_no_color(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR leaves bold and dim, and no colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    report = build(path)
    text = terminal(lambda file: as_table(report, file))

    assert {code for found in ANSI.findall(text) for code in found[2:-1].split(";")} <= {
        "0",
        "1",
        "2",
    }


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("columns", [40, 80, 100])
def test_width(path: str, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """COLUMNS bounds every line on a terminal, and nothing is cut off."""
    monkeypatch.setenv("COLUMNS", str(columns))
    report = build(path)
    text = ANSI.sub("", terminal(lambda file: as_table(report, file)))

    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    words = " ".join(text.split())
    assert "in Loader.load() for shop.old.stock" in words


@pytest.mark.usefixtures("used")
def test_lines_stay_whole_where_there_is_no_terminal(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that exports COLUMNS breaks no line that a program searches."""
    report = build(path)
    text = as_table(report, io.StringIO())
    monkeypatch.setenv("COLUMNS", "40")

    assert as_table(report, io.StringIO()) == text


@pytest.mark.usefixtures("used")
def test_terminal_without_unicode(path: str) -> None:
    """Where the arrow can't be shown, there is a plain one."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    text = as_table(build(path), file)

    assert text.isascii()
    assert "-> shop.cart" in text
