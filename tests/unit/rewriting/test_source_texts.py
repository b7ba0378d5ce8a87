"""Files in any encoding and layout: all but the rewritten parts stays, to the byte."""

import codecs

import pytest

from enforcer.rewriting.source_text import Edit, SourceText
from enforcer.source.importer import Importer
from tests.unit.rewriting.conftest import Rewrite


def test_byte_order_mark_stays(rewrite: Rewrite) -> None:
    found = rewrite(codecs.BOM_UTF8 + b"from shop.old_cart import Cart\n")
    assert found.new == codecs.BOM_UTF8 + b"from shop.cart import Cart\n"


def test_declared_encoding_stays(rewrite: Rewrite) -> None:
    text = "# coding: latin-1\nx = 'é'; from shop.old_cart import Cart  # ü\n"
    found = rewrite(text.encode("latin-1"))
    assert found.new == text.replace("old_cart", "cart").encode("latin-1")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_stay(rewrite: Rewrite, end: str) -> None:
    text = "from shop.live import (\n    stays,\n    Basket,  # b\n)\n\x0c\nx = 1"
    after = (
        "from shop.live import stays\nfrom shop.basket import (\n    Basket,  # b\n)\n\x0c\nx = 1"
    )
    assert rewrite(text.replace("\n", end)).new == after.replace("\n", end).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"import old.deep\n\0", "null bytes"),
        (b"import old.deep\nx = '\xff'\n", "utf-8"),
        (b"# coding: no-such\nimport old.deep\n", "no-such"),
        (b"import old.deep\ndef f(:\n", "line 2"),
        (b"import old.deep\n" + b"(" * 300 + b")" * 300 + b"\n", "nested parentheses"),
    ],
)
def test_unreadable_files_are_left(rewrite: Rewrite, data: bytes, reason: str) -> None:
    found = rewrite(data)
    assert not found.is_changed
    assert [reason in one.reason for one in found.left] == [True], found.left


def test_legacy_modules_own_files_are_left_alone(rewrite: Rewrite) -> None:
    source = "from shop.old_cart import make\nimport warnings\n"
    found = rewrite(source, importers=(Importer("old.shim"),))
    assert not found.is_changed
    assert not found.left


def test_canonical_module_does_not_import_itself(rewrite: Rewrite) -> None:
    found = rewrite("from shop.old_cart import Cart\n", importers=(Importer("shop.cart"),))
    assert not found.is_changed
    assert [one.reason for one in found.left] == ["this file is the canonical module itself"]


def test_relative_import_of_a_package(rewrite: Rewrite) -> None:
    package = (Importer("shop", is_package=True),)
    assert rewrite("from .old_cart import Cart\n", package).new == b"from .cart import Cart\n"
    below = (Importer("shop.web.views"),)
    after = b"from ..cart import Cart\n"
    assert rewrite("from ..old_cart import Cart\n", below).new == after


def test_places_count_characters() -> None:
    source = SourceText("é = 1\r\nü = old\n".encode())
    node = source.parse().body[1]
    assert source.place(source.span(node)[0]) == (2, 1)
    assert source.text[slice(*source.span(node))] == "ü = old"


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(AssertionError, match="overlap"):
        SourceText(b"abc").edited([Edit(0, 2, "x"), Edit(1, 3, "y")])
