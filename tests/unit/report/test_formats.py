"""Write reports for other programs."""

import csv
import io
import json
from collections.abc import Callable

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.use import BLOCKED, PROBE, Use
from enforcer.report import build
from enforcer.report.as_csv import as_csv
from enforcer.report.as_json import as_json
from enforcer.report.as_markdown import as_markdown
from enforcer.report.as_table import as_table
from enforcer.rules.model import Rule

Keep = Callable[..., None]
MakeUse = Callable[..., Use]


@pytest.fixture
def used(keep: Keep, make_use: MakeUse) -> None:
    """Keep uses of one rule, and another that was only watched."""
    keep(
        make_use(
            count=5,
            outcome=BLOCKED,
            names=("Cart", "Item"),
            via="kombu/utils.py:8",
            file="/srv/site-packages/celery/base|x.py",
            relation="third_party",
            distribution="celery",
        ),
        make_use(count=2, line=20),
        make_use(count=1, mechanism=PROBE),
        rules=[Rule("b.old", "b.new", reason="moved", since="2026-01-31", owner="@b")],
        dropped=6,
        notices=[Notice("late", "b.old", '"b.old" came too early.')],
    )


@pytest.mark.usefixtures("used")
def test_json(path: str) -> None:
    """The fields that other programs read are all there, and more."""
    document = json.loads(as_json(build(path)))

    assert document == {
        "rules": [
            {
                "legacy": "shop.old_cart",
                "canonical": "shop.cart",
                "stage": "alias",
                "uses": 7,
                "call_sites": [
                    {
                        "file": "/srv/site-packages/celery/base|x.py",
                        "line": 12,
                        "function": "checkout",
                        "module": "shop.views",
                        "mechanism": "import_statement",
                        "names": ["Cart", "Item"],
                        "uses": 5,
                        "first_seen": "2026-03-29T16:00:00Z",
                        "last_seen": "2026-03-29T16:00:00Z",
                        "via": "kombu/utils.py:8",
                        "path": "shop.old_cart",
                        "relation": "third_party",
                        "distribution": "celery",
                        "outcomes": {"blocked": 5},
                        "owners": [],
                    },
                    {
                        "file": "shop/views.py",
                        "line": 20,
                        "function": "checkout",
                        "module": "shop.views",
                        "mechanism": "import_statement",
                        "names": [],
                        "uses": 2,
                        "first_seen": "2026-03-29T16:00:00Z",
                        "last_seen": "2026-03-29T16:00:00Z",
                        "via": "",
                        "path": "shop.old_cart",
                        "relation": "own",
                        "distribution": "",
                        "outcomes": {"aliased": 2},
                        "owners": [],
                    },
                ],
                "kind": "module",
                "probes": 1,
                "first_seen": "2026-03-29T16:00:00Z",
                "last_seen": "2026-03-29T16:00:00Z",
                "reason": "",
                "since": "",
                "remove_after": "",
                "removal": "",
                "owner": "",
                "link": "",
                "owners": [],
                "stages": ["alias"],
                "hosts": {"alias": 1},
                "services": [
                    {
                        "service": "",
                        "version": "",
                        "environment": "",
                        "uses": 7,
                        "processes": 1,
                        "since": "2026-03-29T16:00:00Z",
                        "till": "2026-03-29T16:00:00Z",
                        "unwatched": 0,
                    }
                ],
            },
            {
                "legacy": "b.old",
                "canonical": "b.new",
                "stage": "alias",
                "uses": 0,
                "call_sites": [],
                "kind": "module",
                "probes": 0,
                "first_seen": None,
                "last_seen": None,
                "reason": "moved",
                "since": "2026-01-31",
                "remove_after": "",
                "removal": "",
                "owner": "@b",
                "link": "",
                "owners": ["@b"],
                "stages": ["alias"],
                "hosts": {"alias": 1},
                "services": [
                    {
                        "service": "",
                        "version": "",
                        "environment": "",
                        "uses": 0,
                        "processes": 1,
                        "since": "2026-03-29T16:00:00Z",
                        "till": "2026-03-29T16:00:00Z",
                        "unwatched": 0,
                    }
                ],
            },
        ],
        "dropped": 6,
        "processes": 1,
        "notices": [
            {
                "kind": "late",
                "subject": "b.old",
                "text": '"b.old" came too early.',
                "processes": 1,
            }
        ],
        "watched": {
            "since": "2026-03-29T16:00:00Z",
            "till": "2026-03-29T16:00:00Z",
            "ended": 1,
            "not_ended": 0,
            "vanished": 0,
            "unknown": 0,
            "lost_seconds": 0.0,
            "gaps": 0,
            "longest_gap_seconds": 0.0,
            "blind": 0,
        },
        "services": [
            {
                "service": "",
                "version": "",
                "environment": "",
                "processes": 1,
                "since": "2026-03-29T16:00:00Z",
                "till": "2026-03-29T16:00:00Z",
            }
        ],
        "other_call_sites": 0,
        "owner": "",
        "standings": [
            {
                "legacy": "b.old",
                "state": "unused",
                "call_sites_left": 0,
                "last_use": None,
                "period_days": 30,
            },
            {
                "legacy": "shop.old_cart",
                "state": "quiet",
                "call_sites_left": 0,
                "last_use": "2026-03-29T16:00:00Z",
                "period_days": 30,
            },
        ],
    }


@pytest.mark.usefixtures("used")
def test_csv(path: str) -> None:
    """Each call site is a row, and so is a rule without any."""
    rows = list(csv.DictReader(io.StringIO(as_csv(build(path)))))

    assert [(row["legacy"], row["uses"], row["file"]) for row in rows] == [
        ("shop.old_cart", "5", "/srv/site-packages/celery/base|x.py"),
        ("shop.old_cart", "2", "shop/views.py"),
        ("b.old", "0", ""),
    ]
    assert rows[0]["names"] == "Cart Item"
    assert rows[0]["distribution"] == "celery"
    assert None not in rows[2].values()


@pytest.mark.usefixtures("used")
def test_markdown(path: str) -> None:
    """There is a table of rules, and one of callers for each rule that was used."""
    assert as_markdown(build(path), top=1) == (
        "# Uses of legacy paths\n"
        "\n"
        "0 of 2 legacy paths in use, 1 silent, 1 without a use · 7 uses at 2 call sites · "
        "recorded by 1 process."
        " Times are in UTC.\n"
        "\n"
        "watched 2026-03-29 16:00 UTC\n"
        "\n"
        "**6 uses were lost: the counts are too low.**\n"
        "\n"
        'late: "b.old" came too early.\n'
        "\n"
        "| legacy path | canonical path | stage | uses | call sites | first seen | last seen |\n"
        "|---|---|---|---:|---:|---|---|\n"
        "| `shop.old_cart` | `shop.cart` | alias | 7 | 2 | 2026-03-29 16:00 | 2026-03-29 16:00 |\n"
        "| `b.old` | `b.new` | alias | 0 | 0 |  |  |\n"
        "\n"
        "## `shop.old_cart`\n"
        "\n"
        "| uses | caller | function | last seen |\n"
        "|---:|---|---|---|\n"
        "| 5 | `celery/base\\|x.py:12` (celery), 5 refused | `checkout()` | 2026-03-29 16:00 |\n"
        "\n"
        "… and 1 more call site with 2 uses\n"
    )


def test_table_writes_out_what_cannot_be_seen(keep: Keep, make_use: MakeUse, path: str) -> None:
    """A terminal would obey it."""
    keep(make_use(file="a\x1b]0;x\x07.py", function="f\u202e", names=("Cart",)))
    shown = as_table(build(path), io.StringIO())
    assert r"a\x1b]0;x\x07.py" in shown
    assert r"f\u202e()" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
