"""Test ``enforcer check``: what it prints, and how it exits."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

import enforcer
from enforcer.cli.main import main

FILES = {
    "enforcer.toml": """\
        [enforcer]
        service = "shop"

        [[rule]]
        legacy = "shop.old_cart"
        canonical = "shop.cart"
        names = { make_cart = "create_cart" }

        [[rule]]
        legacy = "shop.prices:vat"
        canonical = "shop.prices:value_added_tax"
        stage = "warn"
        """,
    "shop/__init__.py": "",
    "shop/old_cart.py": """\
        class Cart: ...
        class Wishlist: ...
        def make_cart(): ...
        def unused(): ...
        """,
    "shop/cart.py": """\
        class Cart: ...
        def create_cart(): ...
        """,
    "shop/prices.py": "def value_added_tax(price): return price",
    "shop/app.py": """\
        from .old_cart import Cart, Wishlist, make_cart
        from shop.old_cart import Carts
        from shop import prices
        prices.vat(3)
        """,
    "tests/test_app.py": """\
        from unittest import mock
        mock.patch("shop.old_cart.Cart")
        """,
    "shop/broken.py": "from shop.old_cart import (",
}

TEXT = """\
shop.old_cart -> shop.cart (alias, enforcer.toml:4)
  canonical: shop/cart.py
  legacy: shop/old_cart.py, which no longer runs from stage alias on
  1 name would break: only the legacy code has them. Add them to the canonical module, \
write names, or fallback = "legacy". (would-break)
    shop.old_cart.Wishlist: shop/app.py:1
  1 name broken already: neither side has them. (broken-already)
    shop.old_cart.Carts: shop/app.py:2 (canonical has Cart)
  1 name only in the legacy code, and nothing here asks for them
    shop.old_cart.unused
  used in 2 places
    shop/app.py:1:6 shop.old_cart → shop.cart [from]
    shop/app.py:2:6 shop.old_cart → shop.cart [from]
  named by 1 text
    tests/test_app.py:2:12 shop.old_cart → shop.cart [string]

shop.prices:vat -> shop.prices:value_added_tax (warn, enforcer.toml:9)
  canonical: shop/prices.py
  legacy: shop/prices.py, which lives on
  used in 1 place
    shop/app.py:4:1 shop.prices:vat → shop.prices:value_added_tax [attribute]

1 file could not be read (unreadable-file)
  shop/broken.py: '(' was never closed on line 1

2 rules, 7 files: 1 thing would break
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a small shop, and work in its folder."""
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for key in ("ENFORCER_MAP", "ENFORCER_STAGE", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(key, raising=False)
    return tmp_path


def check(*options: str, **environ: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["check", *options], env=environ)


def test_the_check_says_what_each_rule_will_meet(shop: Path) -> None:
    """What breaks first, then what is broken already, then what is good to know."""
    assert shop.is_dir()
    result = check()

    assert result.stdout == TEXT
    assert result.exit_code == 1


def test_the_page_shows_real_output() -> None:
    """A reader sees what the command prints, to the letter."""
    page = Path(str(enforcer.__file__)).parents[1] / "docs/check.md"

    assert f"$ enforcer check\n{TEXT}```" in page.read_text(encoding="utf-8")


def test_a_clean_check_exits_with_0(shop: Path) -> None:
    """What is broken already, or can't be read, is no reason to fail."""
    (shop / "shop/cart.py").write_text("class Cart: ...\nclass Wishlist: ...\ncreate_cart = 1\n")
    result = check()

    assert result.stdout.endswith("2 rules, 7 files: nothing would break\n")
    assert result.exit_code == 0


def test_all_mistakes_of_the_map_are_printed_and_exit_with_2(shop: Path) -> None:
    """One line each, without a traceback, and nothing else."""
    (shop / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "a"\nstage = "loud"\n\n[[rule]]\nlegacy = "b"\ncanonical = "b"\n'
    )
    result = check()

    assert result.stderr.splitlines() == [
        (
            'enforcer.toml:1: rule: the rule has no "canonical". '
            'Write canonical = "package.new". (missing-key)'
        ),
        (
            'enforcer.toml:3: rule.stage: "loud" is not a stage. '
            "Write one of observe, alias, warn, strict, removed. (unknown-stage)"
        ),
        (
            'enforcer.toml:7: rule.canonical: "b" is the legacy path as well. '
            "Write the path that replaces it, or remove the rule. (alias-to-itself)"
        ),
    ]
    assert result.stdout == ""
    assert result.exit_code == 2


def test_mistakes_are_one_json_document_where_json_is_asked_for(shop: Path) -> None:
    """An editor can show each at its line."""
    (shop / "enforcer.toml").write_text('[enforcer]\ndefault_stage = "loud"\n')
    result = check("--format", "json")

    assert json.loads(result.stdout) == {
        "map": str(shop / "enforcer.toml"),
        "mistakes": [
            {
                "file": "enforcer.toml",
                "line": 2,
                "key": "enforcer.default_stage",
                "message": '"loud" is not a stage.',
                "remedy": "Write one of observe, alias, warn, strict, removed.",
                "slug": "unknown-stage",
            }
        ],
    }
    assert result.exit_code == 2


def test_a_map_that_does_not_exist_exits_with_2(shop: Path) -> None:
    """Named explicitly, it must be there."""
    assert shop.is_dir()
    result = check("--map", "nowhere.toml")

    assert result.stderr.startswith("nowhere.toml: there is no such file.")
    assert result.stderr.endswith("(map-not-found)\n")
    assert result.exit_code == 2


def test_without_any_map_the_check_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says where it was looked for."""
    monkeypatch.chdir(tmp_path)
    result = check(ENFORCER_MAP="")

    assert result.stderr.count("\n") == 1
    assert str(tmp_path) in result.stderr
    assert result.exit_code == 2


def test_a_root_that_does_not_exist_exits_with_2(shop: Path) -> None:
    """Finding nothing in no folder would be no answer."""
    (shop / "enforcer.toml").write_text('[enforcer]\nroot = "backend"\n')
    result = check()

    assert result.stderr == (
        f'enforcer: {shop}/enforcer.toml: root: there is no folder "{shop}/backend". '
        "Write the folder that holds your code, relative to the map (root-not-found)\n"
    )
    assert result.exit_code == 2


def test_the_map_is_found_from_a_folder_below(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command works from anywhere in the project."""
    monkeypatch.chdir(shop / "tests")

    assert check().stdout == TEXT


def test_a_project_file_may_hold_the_map(shop: Path) -> None:
    """The same check, from the same keys."""
    rules = (shop / "enforcer.toml").read_text()
    (shop / "enforcer.toml").unlink()
    (shop / "pyproject.toml").write_text(
        rules.replace("[[rule]]", "[[tool.enforcer.rule]]").replace("[enforcer]", "[tool.enforcer]")
    )

    assert check().stdout == TEXT.replace("enforcer.toml", "pyproject.toml")


def test_json_holds_everything(shop: Path) -> None:
    """Sites one by one, and the files with their full paths."""
    result = check("--format", "json")
    document = json.loads(result.stdout)
    rule = document["rules"][0]
    site = {
        "file": "shop/app.py",
        "line": 1,
        "form": "from",
        "typing_only": False,
        "function": "<module>",
        "through": None,
        "column": 6,
        "end_line": 1,
        "end_column": 15,
    }

    assert result.exit_code == 1
    assert document["map"] == str(shop / "enforcer.toml")
    assert document["root"] == str(shop)
    assert (document["files"], document["findings"], document["imported"]) == (7, 1, False)
    assert document["mistakes"] == []
    assert document["unreadable"] == [
        {"file": "shop/broken.py", "error": "'(' was never closed on line 1"}
    ]
    assert (rule["legacy"], rule["canonical"]) == ("shop.old_cart", "shop.cart")
    assert (rule["kind"], rule["stage"], rule["line"]) == ("module", "alias", 4)
    assert rule["findings"] == [
        {"slug": "would-break", "message": '"shop.old_cart.Wishlist" is only in the legacy code'}
    ]
    assert rule["canonical_code"] == {
        "module": "shop.cart",
        "kind": "module",
        "file": str(shop / "shop/cart.py"),
    }
    assert rule["would_break"] == [
        {
            "module": "shop.old_cart",
            "name": "Wishlist",
            "canonical_module": "shop.cart",
            "canonical_name": "Wishlist",
            "nearest": [],
            "sites": [site],
            "by_star": False,
        }
    ]
    assert rule["uses"][0] == site
    assert rule["strings"][0]["file"] == "tests/test_app.py"
    assert rule["unasked"] == [{"module": "shop.old_cart", "name": "unused"}]


@pytest.mark.process
def test_importing_is_done_only_on_demand(shop: Path) -> None:
    """What the module really has counts then."""
    (shop / "shop/cart.py").write_text(
        "open('ran', 'w').close()\nglobals().update(Cart=1, Wishlist=1, create_cart=1, Carts=1)\n"
    )
    result = check()
    assert "can't be told from the source: it writes to globals() on line 2." in result.stdout
    assert not (shop / "ran").exists()

    result = check("--import")

    assert "nothing would break" in result.stdout
    assert "broken already" not in result.stdout
    assert (shop / "ran").exists()


@pytest.mark.process
def test_an_import_that_fails_is_a_finding(shop: Path) -> None:
    """The check says what was raised."""
    (shop / "shop/cart.py").write_text("1 / 0\n")
    result = check("--import")

    assert (
        'importing "shop.cart" fails: ZeroDivisionError: division by zero. '
        "Mend it before you raise the rule. (canonical-import-fails)" in result.stdout
    )
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (
            'legacy = "shop.old_cart"\ncanonical = "shop.gone"',
            'there is no module "shop.gone". Add it, or mend canonical. (canonical-not-found)',
        ),
        (
            'legacy = "shop.prices:vat"\ncanonical = "shop.prices:gone"',
            '"shop.prices" has no name "gone". Add it, or mend canonical. (canonical-not-found)',
        ),
        (
            (
                'legacy = "shop.old_cart"\ncanonical = "shop.cart"\nnames = { x = "y" }\n'
                'fallback = "legacy"'
            ),
            "1 renamed name would lead nowhere. Mend names. (renamed-name-missing)",
        ),
        (
            'legacy = "shop.old_cart"\ncanonical = "shop.app"\nfallback = "legacy"',
            (
                "the canonical code imports the legacy path, which would lead back to it. "
                "Write implementation = true until the code has moved. (canonical-imports-legacy)"
            ),
        ),
    ],
)
def test_every_kind_of_finding_says_what_to_do(shop: Path, rule: str, line: str) -> None:
    """And makes the check fail."""
    (shop / "enforcer.toml").write_text(f"[[rule]]\n{rule}\n")
    result = check()

    assert f"  {line}\n" in result.stdout
    assert result.stdout.endswith(" 1 thing would break\n")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (
            'legacy = "shop.old_cart"\ncanonical = "shop.app"\nimplementation = true',
            "the canonical code imports the legacy path, as it may: shop/app.py:1, shop/app.py:2",
        ),
        (
            'legacy = "shop.old_cart"\ncanonical = "shop.cart"\nfallback = "legacy"',
            "2 names served from the legacy code",
        ),
        (
            'legacy = "shop.gone"\ncanonical = "shop.cart"',
            "legacy: no code of its own",
        ),
        (
            'legacy = "shop.gone"\ncanonical = "time"',
            "canonical: built in",
        ),
    ],
)
def test_what_is_no_finding_is_told(shop: Path, rule: str, line: str) -> None:
    """And lets the check pass."""
    (shop / "enforcer.toml").write_text(f"[[rule]]\n{rule}\n")
    result = check()

    assert f"  {line}\n" in result.stdout
    assert result.exit_code == 0


def test_a_terminal_gets_colours(shop: Path) -> None:
    """What breaks stands out."""
    assert shop.is_dir()
    result = check(FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="200")

    assert "\n  canonical: shop/cart.py\n" in _without_colours(result.stdout)
    assert "\x1b[31m1 name would break" in result.stdout


def test_no_color_is_honoured(shop: Path) -> None:
    """The text stays, without its colours."""
    assert shop.is_dir()
    result = check(FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color", COLUMNS="200")

    assert "\n  canonical: shop/cart.py\n" in _without_colours(result.stdout)
    assert "\x1b[31m" not in result.stdout


@pytest.mark.process
def test_the_command_is_found_as_a_program_would_find_it(shop: Path) -> None:
    """``python -m enforcer check`` in a process of its own."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ENFORCER")}
    result = subprocess.run(
        [sys.executable, "-m", "enforcer", "check"],
        cwd=shop,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.stdout, result.stderr, result.returncode) == (TEXT, "", 1)


def _without_colours(text: str) -> str:
    """Leave out what only sets colours and weights."""
    pieces = text.split("\x1b[")
    return pieces[0] + "".join(piece.partition("m")[2] for piece in pieces[1:])


UNMATCHED = """\
[enforcer]
exclude = ["generatedx/"]
expect_refusals = ["tests/test_ap.py"]
"""


def test_entries_that_match_nothing_are_named(shop: Path) -> None:
    """A typo in the map leaves nothing out, and no test expects anything."""
    text = (shop / "enforcer.toml").read_text().partition("\n")[2]
    (shop / "enforcer.toml").write_text(f"{UNMATCHED}{text}")

    shown = check().output
    document = json.loads(check("--format", "json").output)

    assert "2 entries of the map match nothing (unmatched-entry)\n" in shown
    assert '  enforcer.toml:2: exclude: "generatedx/" leaves no file out.' in shown
    assert 'no file "tests/test_ap.py". Write "tests/test_app.py", or remove it.' in shown
    assert [one["line"] for one in document["unmatched"]] == [2, 3]


@pytest.mark.parametrize("command", ["check", "verify"])
def test_a_map_without_rules_is_no_good_news(shop: Path, command: str) -> None:
    (shop / "enforcer.toml").write_text('[enforcer]\nservice = "shop"\n')

    result = CliRunner().invoke(main, [command])

    assert result.exit_code == 2
    assert "the map has no rules, so there is nothing to check. Write a [[rule]]" in result.output
    assert "nothing would break" not in result.output


def test_shares_are_judged_by_the_hardest_stage_on_every_machine(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be refused on one host in ten would be refused."""
    with (shop / "enforcer.toml").open("a") as file:
        file.write('[[stage]]\npath = "shop.old_cart"\nservice = "cart"\npercent = 10\n')
        file.write('stage = "strict"\n')
    findings = set()
    for host in ("web-1", "db-1"):
        monkeypatch.setenv("ENFORCER_HOST", host)
        result = check()
        assert "shop.old_cart -> shop.cart (strict, enforcer.toml:4)" in result.output
        assert "(would-be-refused)" in result.output
        share = "strict for shop.old_cart on 10 % of the hosts of cart: does not hold here"
        assert share in result.output
        assert f'here is host "{host}", number ' in result.output
        document = json.loads(check("--json").output)
        assert document["rollouts"][0]["percent"] == 10
        findings.add(document["findings"])
    assert len(findings) == 1
