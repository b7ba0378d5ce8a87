"""What the caller of a legacy path is told."""

import pytest

from enforcer.recording.use import (
    ATTRIBUTE,
    CALL,
    ENTRY_POINT,
    IMPORT_MODULE,
    IMPORT_STATEMENT,
    PICKLE,
    CallSite,
)
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import Rule
from enforcer.runtime.imports.messages import explain, replacement

TREE = Rule("acme.old.*", "acme.new.*")
NAME = Rule("acme.cart:make", "acme.cart:create")
RENAMED = Rule("acme.old", "acme.new", names={"make": "create"})


def site(path: str, mechanism: str = IMPORT_STATEMENT, names: tuple[str, ...] = ()) -> CallSite:
    return CallSite(
        path,
        file="shop/cart.py",
        line=12,
        function="checkout",
        module="shop.cart",
        mechanism=mechanism,
        names=names,
    )


@pytest.mark.parametrize(
    ("rule", "path", "names", "from_package", "expected"),
    [
        (TREE, "acme.old.cart", (), False, "import acme.new.cart"),
        (TREE, "acme.old.cart", ("A", "B"), False, "from acme.new.cart import A, B"),
        (TREE, "acme.old.cart", (), True, "from acme.new import cart"),
        (RENAMED, "acme.old", (), True, "from acme import new as old"),
        (RENAMED, "acme.old", ("make", "X"), False, "from acme.new import create as make, X"),
        (RENAMED, "acme.old", ("*",), False, "from acme.new import *"),
        (NAME, "acme.cart:make", ("make",), False, "from acme.cart import create as make"),
        (Rule("old", "new"), "old", (), True, "import new as old"),
    ],
)
def test_the_replacement_does_the_same(
    rule: Rule,
    path: str,
    names: tuple[str, ...],
    from_package: bool,  # noqa: FBT001 - a column of the table above
    expected: str,
) -> None:
    """What is shown can be pasted over what was written."""
    assert replacement(rule, site(path, names=names), from_package=from_package) == expected


def test_an_import_call_is_replaced_by_one() -> None:
    """A string stays a string."""
    expected = 'importlib.import_module("acme.new.cart")'
    assert replacement(TREE, site("acme.old.cart", IMPORT_MODULE)) == expected


def test_a_message_says_where_what_and_why() -> None:
    """Fact, place, remedy, reason and name, in one sentence each."""
    rule = Rule("acme.old", "acme.new", reason="one cart", owner="@shop", link="https://x.test/1")
    assert explain(rule, site("acme.old", names=("Cart",))) == (
        '"acme.old" was imported by shop/cart.py:12 in checkout(); it moved to "acme.new". '
        "Write: from acme.new import Cart [one cart; owner @shop; https://x.test/1] (legacy-import)"
    )


@pytest.mark.parametrize(
    ("mechanism", "words"),
    [
        (ATTRIBUTE, '"acme.old" was read by'),
        (PICKLE, 'Write the data anew with "acme.new".'),
        (ENTRY_POINT, 'Point it to "acme.new".'),
    ],
)
def test_the_words_fit_the_mechanism(mechanism: str, words: str) -> None:
    """Data and metadata have no import line to change."""
    assert words in explain(RENAMED, site("acme.old", mechanism))


def test_a_removed_path_is_called_removed() -> None:
    """It didn't move for this caller: it is gone."""
    message = explain(RENAMED, site("acme.old"), removed=True)
    assert message.startswith('"acme.old" was removed; shop/cart.py:12 in checkout() still asks')
    assert message.endswith("(removed-import)")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "and call get_cart() ["),
        ({"context": "context"}, "and call get_cart() ["),
        ({"context": "user", "size": "count"}, "get_cart() with context as user, size as count ["),
        ({"context": "", "mode": ""}, "get_cart() without context, mode ["),
        ({"context": "user", "mode": ""}, "get_cart() with context as user and without mode ["),
    ],
)
def test_a_factorys_arguments_are_named_where_they_changed(
    arguments: dict[str, str], words: str
) -> None:
    """Those that keep their name need no words."""
    rule = Factory("shop:create", "shop.cart:get_cart", arguments=arguments, reason="one cart")
    text = explain(rule, site("shop:create", CALL))

    assert words in text.replace(". [", " ["), text
