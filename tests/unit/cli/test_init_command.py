"""Test ``enforcer init``: from a history to a map that passes the check."""

import contextlib
import json
import os
import pty
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.rules.loader import load_map
from tests.commands import in_this_process
from tests.pages import blocks, shows
from tests.repositories import Repository

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

PAGE = Path(__file__).resolve().parents[3] / "docs/init.md"

ORDERS = "class Order:\n    def __init__(self, cart):\n        self.cart = cart\n"
CART = "class Cart:\n    def __init__(self):\n        self.items = []\n        self.user = None\n"
VAT = "def {}(price, rate=0.2):\n    tax = price * rate\n    return round(tax, 2)\n"

HISTORY: list[dict[str, str | None]] = [
    {
        "shop/__init__.py": "",
        "shop/legacy/__init__.py": "'''Sales.'''\n",
        "shop/legacy/orders.py": ORDERS,
        "shop/legacy/invoices.py": ORDERS.replace("Order", "Invoice"),
        "shop/old_cart.py": CART,
        "shop/prices.py": VAT.format("vat"),
        "shop/app.py": """\
            import shop.legacy.invoices
            from shop.legacy.orders import Order
            from shop.old_cart import Cart
            from shop.prices import vat
            """,
    },
    {
        "shop/legacy/__init__.py": None,
        "shop/legacy/orders.py": None,
        "shop/legacy/invoices.py": None,
        "shop/sales/__init__.py": "'''Sales.'''\n",
        "shop/sales/orders.py": ORDERS,
        "shop/sales/invoices.py": ORDERS.replace("Order", "Invoice"),
    },
    {"shop/prices.py": VAT.format("value_added_tax")},
    {
        "shop/old_cart.py": "from shop.cart import *\n",
        "shop/cart.py": CART,
        "shop/totals.py": """\
            import warnings


            def gross(price):
                return price * 1.2


            def total(price):
                '''Return the total.'''
                warnings.warn("use gross", DeprecationWarning, stacklevel=2)
                return gross(price)
            """,
    },
]
"""A shop: a moved package, a renamed function, a re-export, a shim that warns, and a caller."""

RULES = {
    "shop.legacy.*": "shop.sales.*",
    "shop.old_cart": "shop.cart",
    "shop.prices:vat": "shop.prices:value_added_tax",
    "shop.totals:total": "shop.totals:gross",
}


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the shop's repository, away from any map."""
    repository = Repository(tmp_path_factory.mktemp("shop"))
    for files in HISTORY:
        repository.commit(files)
    return repository.folder


def rules(folder: Path, name: str = "enforcer.toml") -> dict[str, str]:
    """Return the rules of a map, which has to be sound."""
    return {rule.legacy: rule.canonical for rule in load_map(str(folder / name), environ={}).rules}


def test_a_history_becomes_a_map_that_passes_the_check(shop: Path, enforcer: Enforcer) -> None:
    """Nothing too many, and nothing missing."""
    result = enforcer("init", "--yes", cwd=shop)

    assert result.returncode == 0
    assert rules(shop) == RULES
    assert enforcer("check", cwd=shop).returncode == 0
    assert result.stdout.endswith(
        "\nWrote enforcer.toml.\n\nNext:\n"
        "  enforcer check           what each rule will meet\n"
        "  enforcer run -- COMMAND  run the program, and see who uses the old paths: "
        "enforcer report\n"
    )


def test_comments_only_are_to_be_mended_first(shop: Path, enforcer: Enforcer) -> None:
    """Else the next step would be a check of a map without rules, which is refused."""
    result = enforcer("init", "shop.old=shop.nowhere", "--map", "new.toml", "--yes", cwd=shop)

    assert result.returncode == 0
    assert rules(shop, "new.toml") == {}
    assert (
        "\nWrote new.toml.\n\nNext:\n"
        "  no rule is in force yet: mend what the map's comments name, and uncomment it\n"
        "  enforcer check  "
    ) in result.stdout


def test_the_page_shows_real_output(
    shop: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of the page, in turn."""
    monkeypatch.chdir(shop)
    (shop / "enforcer.toml").unlink(missing_ok=True)
    for block in blocks(PAGE.read_text("utf-8")):
        for command, shown in block:
            words = shlex.split(command)
            if words[0] == "enforcer":
                output = in_this_process(words[1:], shop, environ).stdout
            else:
                output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            assert shows(output, shown), output


def test_the_second_time_there_is_nothing_new(shop: Path, enforcer: Enforcer) -> None:
    enforcer("init", "--yes", cwd=shop)
    before = (shop / "enforcer.toml").read_bytes()

    result = enforcer("init", "--yes", cwd=shop)

    assert (result.returncode, result.stdout) == (
        0,
        "Nothing new was found for enforcer.toml; it has 4 rules for what was found.\n",
    )
    assert (shop / "enforcer.toml").read_bytes() == before


def test_without_a_terminal_nothing_is_written(shop: Path, enforcer: Enforcer) -> None:
    result = enforcer("init", cwd=shop)

    assert result.returncode == 2
    assert "4 rules for enforcer.toml" in result.stdout
    assert "(init-unconfirmed)" in result.stderr
    assert not (shop / "enforcer.toml").exists()


@pytest.mark.process
@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ("yna", RULES.keys() - {"shop.legacy.*"}),
        ("a", RULES.keys()),
        ("ynq", set()),
    ],
)
def test_a_terminal_is_asked_for_each_rule(
    shop: Path, environ: dict[str, str], answers: str, wanted: set[str]
) -> None:
    """Yes, no, all that follow, or quit, which writes nothing."""
    terminal, other_end = pty.openpty()
    words = [sys.executable, "-m", "enforcer", "init"]
    with subprocess.Popen(
        words, cwd=shop, env=environ, stdin=other_end, stdout=other_end, stderr=other_end
    ) as child:
        os.close(other_end)
        output = answered(terminal, answers)
    os.close(terminal)

    assert child.returncode == 0
    if wanted:
        assert rules(shop).keys() == wanted
        assert b"Wrote enforcer.toml." in output
    else:
        assert not (shop / "enforcer.toml").exists()
        assert b"Nothing was written." in output


def answered(terminal: int, answers: str) -> bytes:
    """Answer each question of a program on a terminal, and return all that it wrote."""
    waiting, output = list(answers), b""
    with contextlib.suppress(OSError):  # how a terminal without its program ends, under Linux
        while part := os.read(terminal, 4096):
            output += part
            if output.endswith(b"[y]: ") and waiting:
                output += b" "
                os.write(terminal, f"{waiting.pop(0)}\n".encode())
    return output


def test_a_dry_run_writes_nothing(shop: Path, enforcer: Enforcer) -> None:
    result = enforcer("init", "--dry-run", "--json", cwd=shop)

    found = json.loads(result.stdout)
    assert (result.returncode, found["written"], found["map"]) == (0, False, "enforcer.toml")
    assert {one["legacy"]: one["canonical"] for one in found["rules"]} == RULES
    assert {one["source"] for one in found["rules"]} == {"git", "shim"}
    assert all(one["evidence"] and one["in_force"] for one in found["rules"])
    assert not (shop / "enforcer.toml").exists()


def test_sources_can_be_left_out(shop: Path, enforcer: Enforcer) -> None:
    def found(*options: str) -> set[str]:
        result = enforcer("init", "--dry-run", "--json", *options, cwd=shop)
        return {one["legacy"] for one in json.loads(result.stdout)["rules"]}

    assert found("--no-git") == {"shop.old_cart", "shop.totals:total"}
    of_git = {"shop.legacy.*", "shop.old_cart:Cart", "shop.prices:vat"}
    assert found("--no-shims") == of_git
    assert found("--no-shims", "--since", "2026-03-03") == of_git - {"shop.legacy.*"}


def test_pairs(shop: Path, enforcer: Enforcer) -> None:
    """Only what was asked for; what fails the check becomes a comment."""
    words = ["shop.old_cart=shop.cart", "shop.prices:net=shop.totals:gross", "shop.a=shop.nowhere"]

    result = enforcer("init", "--yes", *words, cwd=shop)

    assert result.returncode == 0
    assert rules(shop) == dict(word.split("=") for word in words[:2])
    assert (
        '# not in force: there is no module "shop.nowhere" (canonical-not-found)\n'
        "# given: as it was asked for\n"
        "# [[rule]]\n"
        '# legacy = "shop.a"\n'
        '# canonical = "shop.nowhere"\n'
    ) in (shop / "enforcer.toml").read_text()


@pytest.mark.parametrize(
    ("word", "slug"),
    [
        ("shop.old_cart", "bad-pair"),
        ("shop.a=b=c", "bad-pair"),
        ("shop.a=", "bad-pair"),
        ("shop.a=shop.class", "bad-path"),
        ("shop-a=shop.b", "bad-path"),
    ],
)
def test_words_that_are_no_pair(shop: Path, enforcer: Enforcer, word: str, slug: str) -> None:
    result = enforcer("init", "--yes", word, cwd=shop)

    assert (result.returncode, result.stderr.strip()[-len(slug) - 2 :]) == (2, f"({slug})")
    assert not (shop / "enforcer.toml").exists()


MAPS = {
    "with comments and factories": """\
        # our map
        [enforcer]
        default_stage = "strict"   # we are strict

        [[rule]] # the first one
        legacy    = "shop.first"
        canonical = "shop.cart"
        stage     = "observe"

        [[factory]]
        legacy = "shop.prices:make"
        canonical = "shop.totals:gross"
        """,
    "of inline tables": """\
        rule = [
            { legacy = "shop.first", canonical = "shop.cart" },
        ]
        [enforcer]
        service = "shop"
        """,
    "without rules": "[enforcer]\nservice = 'shop'\n",
    "empty": "",
}


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_rules_are_added_in_the_layout_of_a_map(
    shop: Path, enforcer: Enforcer, name: str, line_end: str
) -> None:
    """All that was there is there, in its order and to the letter."""
    before = dedent(MAPS[name]).replace("\n", line_end)
    (shop / "enforcer.toml").write_bytes(before.encode())
    (shop / "enforcer.toml").chmod(0o640)

    result = enforcer("init", "--yes", cwd=shop)

    after = (shop / "enforcer.toml").read_bytes().decode()
    assert result.returncode == 0
    assert RULES.items() <= rules(shop).items()
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in before else 0)
    rest = iter(after.splitlines())
    assert all(line in rest for line in before.splitlines() if line not in ("]", ""))
    assert stat.S_IMODE((shop / "enforcer.toml").stat().st_mode) == 0o640


def test_an_added_rule_begins_in_stage_observe(shop: Path, enforcer: Enforcer) -> None:
    """Whatever the map's default stage is: it might refuse."""
    (shop / "enforcer.toml").write_text('[enforcer]\ndefault_stage = "strict"\n')

    enforcer("init", "--yes", cwd=shop)

    loaded = load_map(str(shop / "enforcer.toml"), environ={})
    assert {rule.stage for rule in loaded.rules} == {"observe"}


def test_a_table_of_pyproject(shop: Path, enforcer: Enforcer) -> None:
    """It is used if it is there, or named."""
    file = shop / "pyproject.toml"
    file.write_text(
        '[project]\nname = "shop"\n\n[tool.enforcer]\nservice = "shop"\n\n[tool.ruff]\n'
    )

    enforcer("init", "--yes", cwd=shop)

    assert rules(shop, "pyproject.toml") == RULES
    assert file.read_text().startswith('[project]\nname = "shop"\n\n[tool.enforcer]\n')
    assert "[tool.ruff]" in file.read_text()

    file.write_text('[project]\nname = "shop"\n')
    enforcer("init", "--yes", "--map", "pyproject.toml", cwd=shop)
    assert rules(shop, "pyproject.toml") == RULES


def test_rules_that_a_map_has_are_kept(shop: Path, enforcer: Enforcer) -> None:
    """Another canonical path is the user's decision; what leads to a legacy path goes on."""
    (shop / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "shop.old_cart"\ncanonical = "shop.totals"\n'
        '[[rule]]\nlegacy = "shop.sales.*"\ncanonical = "shop.legacy2.*"\n'
    )
    (shop / "shop/legacy2").mkdir()
    for name in ("__init__", "orders", "invoices"):
        (shop / f"shop/legacy2/{name}.py").write_text((shop / f"shop/sales/{name}.py").read_text())

    enforcer("init", "--yes", cwd=shop)

    found = rules(shop)
    assert found["shop.old_cart"] == "shop.totals"
    assert found["shop.legacy.*"] == "shop.legacy2.*"


def test_a_map_with_mistakes_is_not_touched(shop: Path, enforcer: Enforcer) -> None:
    for text in ("[[rule]\n", "[[rule]]\nlegacy = 'a'\n", "\x00"):
        (shop / "enforcer.toml").write_text(text)

        result = enforcer("init", "--yes", cwd=shop)

        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith("enforcer: enforcer.toml")
        assert (shop / "enforcer.toml").read_text() == text


def test_a_map_that_can_not_be_written(shop: Path, enforcer: Enforcer) -> None:
    result = enforcer("init", "--yes", "--map", "nowhere/enforcer.toml", cwd=shop)

    assert result.returncode == 2
    assert "(map-unwritable)" in result.stderr


def test_a_link_to_a_map_stays_one(shop: Path, enforcer: Enforcer) -> None:
    (shop / "maps").mkdir()
    (shop / "maps/shop.toml").write_text('[enforcer]\nroot = "."\n')
    os.link(shop / "maps/shop.toml", shop / "maps/other.toml")
    (shop / "enforcer.toml").symlink_to("maps/shop.toml")

    enforcer("init", "--yes", cwd=shop)

    assert (shop / "enforcer.toml").is_symlink()
    assert rules(shop) == RULES
    assert [file.name for file in shop.iterdir() if file.name.startswith(".enf")] == []


def test_packages_in_a_folder_below(
    tmp_path_factory: pytest.TempPathFactory, enforcer: Enforcer
) -> None:
    """The map says where the code is, without which its paths would lead nowhere."""
    whole = tmp_path_factory.mktemp("whole")
    for name, text in {
        "backend/shop/__init__.py": "",
        "backend/shop/cart.py": CART,
        "backend/shop/old_cart.py": "from shop.cart import *\n",
        "frontend/index.js": "",
    }.items():
        file = whole / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    result = enforcer("init", "--yes", cwd=whole)

    assert 'root = "backend"' in (whole / "enforcer.toml").read_text()
    assert rules(whole) == {"shop.old_cart": "shop.cart"}
    assert re.search(r"the history of .* is not read: git", result.stdout)
