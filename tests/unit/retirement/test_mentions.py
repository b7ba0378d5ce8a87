"""Docs and comments that name a legacy path are rewritten, or listed with the reason."""

from pathlib import Path

import pytest

from enforcer.retirement.changes import Changes
from enforcer.retirement.mentions import Mentions
from enforcer.rules.loader import load_map

RULE = """\
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
names = { make = "create" }
"""


def rewritten(folder: Path, file: str, text: str, rule: str = RULE) -> tuple[str, list[str]]:
    """Return a file's new text, and the reasons of the places that are left."""
    (folder / "enforcer.toml").write_text(rule)
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    migration_map = load_map(str(folder / "enforcer.toml"))
    changes = Changes(folder)
    (first, *_) = migration_map
    mentions = Mentions(first, migration_map, changes)
    mentions.rewrite()
    places = [f"{one.file.name}:{one.line}: {one.reason}" for one in mentions.by_hand]
    return changes.read(path).decode(), places


def test_page(tmp_path: Path) -> None:
    text, places = rewritten(
        tmp_path,
        "docs/carts.md",
        "Import `shop.old.make` from shop.old, not\r\nfrom `my.shop.old` or shop.older.\r\n",
    )
    assert text == (
        "Import `shop.new.create` from shop.new, not\r\nfrom `my.shop.old` or shop.older.\r\n"
    )
    assert places == []


def test_comments_and_docstrings_but_no_code(tmp_path: Path) -> None:
    text, places = rewritten(
        tmp_path,
        "shop/app.py",
        '"""Uses shop.old.\n\nSee :mod:`shop.old`."""\nNAME = "shop.old"  # of shop.old\n'
        "import shop.old\n",
    )
    assert text == (
        '"""Uses shop.new.\n\nSee :mod:`shop.new`."""\nNAME = "shop.old"  # of shop.new\n'
        "import shop.old\n"
    )
    assert places == []


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        ("CHANGELOG.md", "shop.old is faster.", "it is history, in which the old path may stay"),
        ("a.md", "shop.old moved to shop.new.", "it has both paths: it may describe the move"),
        ("a.md", "see shop/old.py", "it names the file: name the canonical one, or remove it"),
    ],
)
def test_what_a_person_has_to_decide(tmp_path: Path, file: str, line: str, reason: str) -> None:
    assert rewritten(tmp_path, file, f"# Title\n{line}\n") == (
        f"# Title\n{line}\n",
        [f"{file}:2: {reason}"],
    )


def test_single_name(tmp_path: Path) -> None:
    rule = '[[rule]]\nlegacy = "shop.prices:vat"\ncanonical = "shop.taxes:value_added"\n'
    text, _ = rewritten(tmp_path, "a.rst", "``shop.prices.vat``, shop.prices.vats", rule)
    assert text == "``shop.taxes.value_added``, shop.prices.vats"


def test_tree_keeps_what_is_below(tmp_path: Path) -> None:
    rule = '[[rule]]\nlegacy = "shop.legacy.*"\ncanonical = "shop.modern.*"\n'
    text, _ = rewritten(tmp_path, "a.md", "shop.legacy.tax.rate and shop.legacy", rule)
    assert text == "shop.modern.tax.rate and shop.modern"


def test_text_that_can_not_be_read_stays_and_is_listed(tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes("shop.old für uns".encode("latin-1"))
    text, places = rewritten(tmp_path, "broken.py", "# shop.old\ndef (:\n")
    assert text == "# shop.old\ndef (:\n"
    assert places == [
        "broken.py:0: it can't be parsed, and may name the path",
        "latin.md:0: it is not UTF-8, and may name the path",
    ]
