"""The digest says what has changed: for one team, or for all."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time_ns

import pytest

from enforcer.rules.model import Rule
from enforcer.store.queries import DAY, HOUR
from tests.fleets import Fleet

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

MAP = """\
[enforcer]
expected_services = ["web", "jobs"]

[[rule]]
legacy = "shop.old"
canonical = "shop.new"
owner = "@core @cart"
remove_after = 2025-01-31

[[rule]]
legacy = "shop.other"
canonical = "shop.new"
owner = "@other"
"""
OWNERS = "/shop/cart.py @web @mobile\n/shop/orders.py @orders\n"
RULES = [
    Rule("shop.old", "shop.new", owner="@core @cart"),
    Rule("shop.other", "shop.new", owner="@other"),
]


@pytest.fixture
def fleet(folder: Path) -> Fleet:
    """Make a program, and a service that was watched for ten days and used two old paths."""
    files = {
        "enforcer.toml": MAP,
        "CODEOWNERS": OWNERS,
        ".git/HEAD": "",
        "shop/__init__.py": "",
        "shop/new.py": "class Cart: ...\n",
        "shop/orders.py": "from shop.old import Cart\n",
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (folder / ".enforcer").mkdir()
    fleet = Fleet(
        str(folder / ".enforcer" / "uses.db"), now=time_ns() - 10 * DAY - HOUR, rules=RULES
    )
    web = fleet.start()
    fleet.use(web, "shop/orders.py", RULES[0], names=("Cart",))
    fleet.pass_days(8, web)
    fleet.use(web, "shop/cart.py", RULES[0], names=("Cart",))
    fleet.now += HOUR
    fleet.use(web, "shop/orders.py", RULES[1])
    fleet.pass_days(2, web)
    return fleet


def digest(enforcer: Enforcer, *words: str) -> dict[str, list[dict[str, str]]]:
    result = enforcer("digest", "--json", *words)
    assert (result.returncode, result.stderr) == (0, "")
    found: dict[str, list[dict[str, str]]] = json.loads(result.stdout)
    return found


def places(found: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(one["legacy"], one["file"]) for one in found["new"]]


@pytest.mark.usefixtures("fleet")
def test_new_call_sites_have_what_to_write(enforcer: Enforcer) -> None:
    found = digest(enforcer)
    assert places(found) == [("shop.other", "shop/orders.py"), ("shop.old", "shop/cart.py")]
    assert found["new"][1]["write"] == "Write: from shop.new import Cart"
    text = enforcer("digest").stdout
    assert "| `shop.old` | `shop/cart.py:3` | @web @mobile |" in text
    assert "| `from shop.new import Cart` |" in text
    assert places(digest(enforcer, "--since", "30d"))[-1] == ("shop.old", "shop/orders.py")


@pytest.mark.parametrize(
    ("source", "write"),
    [
        ("import shop.old as m\nm.Cart\n", "Write: import shop.new as m"),
        ("import shop.old\nshop.old.Cart\n", "Write: import shop.new"),
        ("def f():\n    import shop.old as m\n    m.Cart\n", "Write: import shop.new as m"),
        ("from shop.old import Cart as C\n", "Write: from shop.new import Cart as C"),
        ("from shop.old import (\n    Cart,\n)\n", "Write: from shop.new import Cart"),
        ("# nothing here\n", "Write: import shop.new"),
        ("", "Write: import shop.new"),
    ],
)
def test_what_to_write_is_what_fix_writes(
    enforcer: Enforcer, fleet: Fleet, folder: Path, source: str, write: str
) -> None:
    """Where the source is here; elsewhere it is worded by what was recorded."""
    line = 2 if source.startswith("def") else 1
    names = ("Cart",) if source.startswith("from") else ()
    if source:
        (folder / "shop" / "late.py").write_text(source)
    web = fleet.start()
    fleet.use(web, "shop/late.py", RULES[0], names=names, line=line)
    fleet.leave(web)
    (found,) = (one for one in digest(enforcer)["new"] if one["file"] == "shop/late.py")
    assert found["write"] == write


def test_what_fix_leaves_has_its_reason(enforcer: Enforcer, fleet: Fleet, folder: Path) -> None:
    """A canonical module that asks the legacy path would import itself."""
    (folder / "shop" / "new.py").write_text("import shop.old as m\nclass Cart: ...\n")
    web = fleet.start()
    fleet.use(web, "shop/new.py", RULES[0], line=1)
    fleet.leave(web)
    (found,) = (one for one in digest(enforcer)["new"] if one["file"] == "shop/new.py")
    assert found["write"].startswith("enforcer fix leaves it: ")
    assert f"| {found['write']} |" in enforcer("digest").stdout


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("owner", "new", "due"),
    [
        ("@web", [("shop.old", "shop/cart.py")], []),
        ("@orders", [("shop.other", "shop/orders.py")], []),
        ("@cart", [("shop.old", "shop/cart.py")], ["shop.old"]),
        ("@other", [("shop.other", "shop/orders.py")], []),
    ],
)
def test_owner_of_a_file_and_of_a_rule(
    enforcer: Enforcer, owner: str, new: list[tuple[str, str]], due: list[str]
) -> None:
    """A team hears of new callers in its files, and of new callers of its rules."""
    found = digest(enforcer, "--owner", owner)
    assert places(found) == new
    assert [one["legacy"] for one in found["due"]] == due


@pytest.mark.usefixtures("fleet")
def test_due(enforcer: Enforcer) -> None:
    text = enforcer("digest").stdout
    assert "## Due\n\n`shop.old` was to be removed after 2025-01-31 · alias · in use" in text
    assert "enforcer advance shop.old\n" in text


@pytest.mark.usefixtures("fleet")
def test_lost_watch(enforcer: Enforcer) -> None:
    lost = digest(enforcer)["lost_watch"]
    assert lost == ["jobs is expected by the map, and was never watched."]


def test_service_that_fell_silent(enforcer: Enforcer, fleet: Fleet) -> None:
    fleet.now -= 3 * DAY
    fleet.leave(fleet.start("mail"))
    lost = digest(enforcer)["lost_watch"]
    assert any(str(one).startswith("mail in production was last watched ") for one in lost)


def test_verdicts_that_changed(enforcer: Enforcer, fleet: Fleet, folder: Path) -> None:
    """The first digest notes them; a later one compares, whoever it is for."""
    assert digest(enforcer)["compared_with"] == ""
    assert digest(enforcer, "--owner", "@web")["compared_with"] == ""
    file = folder / ".enforcer" / "verdicts.json"
    document = json.loads(file.read_text())
    ((today, answers),) = document["days"].items()
    assert answers == {"shop.old": "in_use", "shop.other": "in_use"}
    earlier = (datetime.now(UTC) - timedelta(days=8)).date().isoformat()
    document["days"] = {earlier: {**answers, "shop.old": "can_go"}, today: answers}
    file.write_text(json.dumps(document))
    found = digest(enforcer)
    assert found["compared_with"] == earlier
    (changed,) = found["changed"]
    assert (changed["legacy"], changed["before"], changed["verdict"]) == (
        "shop.old",
        "can_go",
        "in_use",
    )
    assert "`shop.old`: can go → **in use**. used " in enforcer("digest").stdout
    assert digest(enforcer, "--owner", "@other")["changed"] == []
    assert fleet.count == 1


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    "content", ["{", '{"version": 2, "days": {}}', '{"version": 1, "days": []}']
)
def test_history_that_is_something_else_is_not_overwritten(
    enforcer: Enforcer, folder: Path, content: str
) -> None:
    file = folder / ".enforcer" / "verdicts.json"
    file.write_text(content)
    result = enforcer("digest")
    assert (result.returncode, result.stdout) == (2, "")
    assert "(verdict-history)" in result.stderr
    assert file.read_text() == content


@pytest.mark.usefixtures("fleet")
def test_without_a_store(enforcer: Enforcer, folder: Path) -> None:
    (folder / ".enforcer" / "uses.db").unlink()
    result = enforcer("digest")
    assert (result.returncode, result.stdout) == (2, "")
    assert "(no-store)" in result.stderr
