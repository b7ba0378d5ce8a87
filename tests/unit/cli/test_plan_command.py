"""The plan and the next stage, as a user sees them."""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import time_ns

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.sqlite.writer import Store

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

MAP = """\
# The map of the shop.
[[rule]]
legacy = "shop.old_cart" # the old one
canonical = "shop.cart"
stage = "warn"
owner = "@shop @core"
remove_after = 2025-01-31

[[rule]]
legacy = "shop.old_stock"
canonical = "shop.stock"
owner = "@stock"
remove_after = 2099-01-31

[[rule]]
legacy = "shop.gone"
canonical = "shop.cart"
stage = "removed"
"""


@pytest.fixture
def shop(folder: Path) -> Path:
    """Make a program with one caller of an old path."""
    files = {
        "enforcer.toml": MAP,
        "shop/__init__.py": "",
        "shop/cart.py": "class Cart: ...\n",
        "shop/stock.py": "",
        "shop/orders.py": "from shop.old_cart import Cart\n",
        "CODEOWNERS": "/shop/orders.py @web\n",
        ".git/HEAD": "",
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture
def record(shop: Path, make_process: Callable[..., Process]) -> Callable[..., None]:
    """Keep uses of today where the map says."""

    def write(*uses: Use) -> None:
        path = shop / ".enforcer" / "uses.db"
        with closing(Store(str(path))) as store:
            process = make_process(started=time_ns())
            rules = [Rule("shop.old_cart", "shop.cart"), Rule("shop.old_stock", "shop.stock")]
            store.watch(process, rules)
            store.write(process, 0, uses)

    return write


def plan_of(enforcer: Enforcer, *words: str) -> dict[str, dict[str, object]]:
    rules = json.loads(enforcer("plan", "--json", *words).stdout)["rules"]
    return {rule["legacy"]: rule for rule in rules}


def kinds(rule: dict[str, object]) -> list[tuple[str, str]]:
    return [(one["kind"], one["file"]) for one in rule["obstacles"]]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("shop")
def test_overdue_rules_come_first_and_close_with_1(enforcer: Enforcer) -> None:
    result = enforcer("plan")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.index("Overdue") < result.stdout.index("Later")
    assert "1 overdue" in result.stdout
    assert [(one["due"], one["next"]) for one in plan_of(enforcer).values()] == [
        ("overdue", "strict"),
        ("later", "warn"),
        ("removed", ""),
    ]


@pytest.mark.usefixtures("shop")
def test_silence_without_a_record_blocks_a_refusal(enforcer: Enforcer) -> None:
    """Absence is evidence only where somebody watched."""
    plan = plan_of(enforcer)
    assert kinds(plan["shop.old_cart"]) == [
        ("not-watched", ""),
        ("would-be-refused", "shop/orders.py"),
    ]
    assert plan["shop.old_stock"]["can_advance"]


def test_recorded_callers_block_a_refusal(
    enforcer: Enforcer, record: Callable[..., None], make_use: Callable[..., Use], shop: Path
) -> None:
    """Third parties and computed paths are in no source; an old use is no obstacle any more."""
    (shop / "shop" / "orders.py").write_text("from shop.cart import Cart\n")
    now = time_ns()
    third = {
        "file": "/x/site-packages/acme/a.py",
        "relation": "third_party",
        "distribution": "acme",
    }
    record(
        make_use(**third, last_seen=now),
        make_use(file="shop/loader.py", mechanism="import_module", last_seen=now),
        make_use(file="shop/orders.py", line=1, last_seen=now),
        make_use(file="shop/jobs.py", mechanism="pickle"),
    )
    rule = plan_of(enforcer)["shop.old_cart"]
    assert kinds(rule) == [("recorded-use", "acme/a.py"), ("recorded-use", "shop/loader.py")]
    (note,) = rule["notes"]  # type: ignore[misc]
    assert str(note).startswith("shop/orders.py:1 is mended here")
    text = enforcer("plan").stdout
    assert "acme/a.py:12: acme used it until " in text


def test_tolerated_callers_block_nothing(
    enforcer: Enforcer, record: Callable[..., None], make_use: Callable[..., Use], shop: Path
) -> None:
    allow = '{ path = "shop.old_cart", caller = "shop/", until = 2099-01-31, reason = "later" }'
    (shop / "enforcer.toml").write_text(f"[enforcer]\nallow = [{allow}]\n{MAP}")
    record(make_use(file="shop/loader.py", mechanism="import_module", last_seen=time_ns()))
    rule = plan_of(enforcer)["shop.old_cart"]
    assert rule["can_advance"]
    assert [one["caller"] for one in rule["exemptions"]] == ["shop/"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("shop")
def test_owner_of_the_plan_is_that_of_the_rule(enforcer: Enforcer) -> None:
    assert list(plan_of(enforcer, "--owner", "@core")) == ["shop.old_cart"]
    result = enforcer("plan", "--owner", "@cor")
    assert result.returncode == 2
    assert 'Write "@core" (unknown-owner)' in result.stderr


@pytest.mark.usefixtures("shop")
def test_environment_does_not_change_the_plan(enforcer: Enforcer) -> None:
    """A test run raises all stages; the plan is about those of the map."""
    result = enforcer("plan", "--json", ENFORCER_STAGE="strict")
    assert [one["stage"] for one in json.loads(result.stdout)["rules"]] == [
        "warn",
        "alias",
        "removed",
    ]


def test_dry_run_is_a_step_of_its_own(enforcer: Enforcer, shop: Path) -> None:
    file = shop / "enforcer.toml"
    file.write_text(MAP.replace('"warn"', '"strict"\nrefuse = false'))
    rule = plan_of(enforcer)["shop.old_cart"]
    assert (rule["stage"], rule["next"]) == ("strict (dry run)", "strict")
    assert not rule["can_advance"]


def test_part_of_the_fleet_is_a_note(enforcer: Enforcer, shop: Path) -> None:
    (shop / "enforcer.toml").write_text(
        f'{MAP}[[stage]]\npath = "shop.old_stock"\npercent = 10\nstage = "strict"\n'
    )
    rule = plan_of(enforcer)["shop.old_stock"]
    assert (rule["stage"], rule["next"]) == ("alias", "warn")
    assert rule["notes"] == ["the table [[stage]] at line 19 sets strict in its part"]


def test_markdown(enforcer: Enforcer, shop: Path) -> None:
    text = enforcer("plan", "--format", "markdown").stdout
    assert text.startswith("# Plan of enforcer.toml on ")
    assert "\n## Overdue\n\n`shop.old_cart` → `shop.cart` · warn" in text
    assert shop.name not in text


@pytest.mark.usefixtures("shop")
def test_advance_writes_one_line(enforcer: Enforcer, shop: Path) -> None:
    result = enforcer("advance", "shop.old_stock")
    assert (result.returncode, result.stderr) == (0, "")
    assert "moved from alias to warn: that breaks nobody" in result.stdout
    changed = MAP.replace("2099-01-31\n", '2099-01-31\nstage = "warn"\n')
    assert (shop / "enforcer.toml").read_text() == changed


def test_advance_says_whom_it_would_break(enforcer: Enforcer, shop: Path) -> None:
    result = enforcer("advance", "shop.old_cart")
    assert result.returncode == 1
    assert 'shop/orders.py:1: a use of "shop.old_cart" would be refused' in result.stdout
    assert "· @web" in result.stdout
    assert (shop / "enforcer.toml").read_text() == MAP


def test_advance_from_a_dry_run_refuses(
    enforcer: Enforcer, record: Callable[..., None], shop: Path
) -> None:
    (shop / "shop" / "orders.py").write_text("")
    file = shop / "enforcer.toml"
    file.write_text(MAP.replace('"warn"', '"strict"\nrefuse = false'))
    record()
    assert enforcer("advance", "shop.old_cart").returncode == 0
    assert file.read_text() == MAP.replace('"warn"', '"strict"\nrefuse = true')


def test_dry_run_of_advance_writes_nothing(enforcer: Enforcer, shop: Path) -> None:
    result = enforcer("advance", "shop.old_stock", "--dry-run", "--json")
    answer = json.loads(result.stdout)
    assert (answer["written"], answer["can_advance"]) == (False, True)
    assert '+stage = "warn"' in answer["diff"]
    assert (shop / "enforcer.toml").read_text() == MAP


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("shop.old_cat", 'no rule has the path "shop.old_cat"'),
        ("shop.gone", "the last one (no-next-stage)"),
    ],
)
def test_mistakes_of_advance(enforcer: Enforcer, path: str, message: str) -> None:
    result = enforcer("advance", path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize("command", [("plan",), ("advance", "shop.old_stock")])
def test_map_with_mistakes_is_not_touched(
    enforcer: Enforcer, shop: Path, command: tuple[str, ...]
) -> None:
    file = shop / "enforcer.toml"
    file.write_text(f'{MAP}\nstage = "wrong"\n')
    before = file.read_bytes()
    result = enforcer(*command)
    assert (result.returncode, result.stdout) == (2, "")
    assert "enforcer.toml:" in result.stderr
    assert file.read_bytes() == before


def test_stage_removed_needs_the_verdict(enforcer: Enforcer, shop: Path) -> None:
    """What the source and the record show is a part of what the verdict asks for."""
    (shop / "enforcer.toml").write_text(MAP.replace('"warn"', '"strict"'))
    rule = plan_of(enforcer)["shop.old_cart"]
    assert (rule["next"], rule["verdict"], rule["can_advance"]) == ("removed", "unknown", False)
    assert ("verdict-source", "") in kinds(rule)
    result = enforcer("advance", "shop.old_cart")
    assert result.returncode == 2
    assert "Run: enforcer retire shop.old_cart (no-next-stage)" in result.stderr


def test_name_that_only_a_recorded_caller_asks_for_blocks_the_alias(
    enforcer: Enforcer, record: Callable[..., None], make_use: Callable[..., Use], shop: Path
) -> None:
    """Third parties are in no source of ours: what they need of the legacy code is recorded."""
    (shop / "enforcer.toml").write_text(MAP.replace('"warn"', '"observe"'))
    third = {"relation": "third_party", "distribution": "acme", "last_seen": time_ns()}
    record(
        make_use(file="/x/site-packages/acme/a.py", names=("Cart",), **third),
        make_use(file="/x/site-packages/acme/b.py", names=("Basket",), **third),
    )
    rule = plan_of(enforcer)["shop.old_cart"]
    assert kinds(rule) == [("would-break", "acme/b.py")]
    assert "acme needs it" in enforcer("plan").stdout


def test_caller_in_a_file_that_is_not_here_is_not_mended(
    enforcer: Enforcer, record: Callable[..., None], make_use: Callable[..., Use], shop: Path
) -> None:
    """It may be of another repository with the same store, or of a file that is not scanned."""
    (shop / "shop" / "orders.py").write_text("")
    record(make_use(file="billing/app.py", last_seen=time_ns()))
    rule = plan_of(enforcer)["shop.old_cart"]
    assert (kinds(rule), rule["notes"]) == ([("recorded-use", "billing/app.py")], [])
