"""Rules from shims in the tree, and modules that only look like one."""

from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.discovery.layout import Layout
from enforcer.discovery.proposal import Proposal
from enforcer.discovery.shims import find_shims

WARNING = 'warnings.warn("use the new one", DeprecationWarning, stacklevel=2)'

PROGRAM = {
    "shop/__init__.py": "",
    "shop/cart.py": "class Cart: ...\nclass Basket: ...\ndef total(items, rate): ...\n",
    "shop/prices.py": "def vat(price): ...\n",
    "shop/_core.py": "class Core: ...\n",
}


def shims(folder: Path, text: str, name: str = "shop/old.py") -> list[Proposal]:
    for file, content in {**PROGRAM, name: dedent(text)}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content, encoding="utf-8")
    return list(find_shims(Layout(folder)).proposals)


MODULES = {
    "a star": "from shop.cart import *",
    "a relative star": '"""Moved."""\nfrom .cart import *',
    "names": "from shop.cart import Basket, Cart\n__all__ = ['Basket', 'Cart']",
    "assignments": "import shop.cart as new\nCart = new.Cart\ntotal = new.total",
    "a module and assignments": "from shop import cart\nCart = cart.Cart",
    "a warning and names": f"import warnings\nfrom shop.cart import Cart\n{WARNING}",
    "its own place": """
        import sys
        import shop.cart
        sys.modules[__name__] = sys.modules["shop.cart"]
        """,
    "its own place, of a name": """
        import sys
        from shop import cart as _new
        sys.modules[__name__] = _new
        """,
    "its own place, by a call": """
        import sys, importlib
        sys.modules[__name__] = importlib.import_module("shop.cart")
        """,
    "code, and a warning with the path": """
        import warnings
        warnings.warn("shop.old is deprecated, use shop.cart instead", DeprecationWarning)
        def total(items, rate):
            return 1
        """,
    "for type checkers, too": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from shop.cart import Cart
        from shop.cart import *
        """,
}


@pytest.mark.parametrize("form", MODULES)
def test_a_module_that_leads_to_another(tmp_path: Path, form: str) -> None:
    (found,) = shims(tmp_path, MODULES[form])

    assert (found.kind, found.legacy, found.canonical) == ("module", "shop.old", "shop.cart")
    assert found.evidence[-1] == "the shim can be deleted once the rule is in stage alias"


def test_names_that_a_shim_renames(tmp_path: Path) -> None:
    (found,) = shims(tmp_path, "from shop.cart import Basket as Trolley, Cart")

    assert found.names == {"Trolley": "Basket"}


NO_SHIMS = {
    "a package's public face": ("shop/sub/__init__.py", "from shop.sub.part import Part"),
    "a face of a private module": ("shop/core.py", "from shop._core import Core"),
    "names of several modules": (
        "shop/api.py",
        "from shop.cart import Cart\nfrom shop.prices import vat",
    ),
    "names of another distribution": ("shop/old.py", "from click import *"),
    "code of its own": ("shop/old.py", "from shop.cart import Cart\nX = Cart()"),
    "an empty module": ("shop/old.py", ""),
    "a module that loads lazily": (
        "shop/old.py",
        """
        _WHERE = {"Cart": "shop.cart"}
        def __getattr__(name):
            return getattr(__import__(_WHERE[name]), name)
        """,
    ),
    "a function that warns of something": (
        "shop/old.py",
        """
        import warnings
        from shop.cart import total
        def add(items, rate):
            if rate > 1:
                warnings.warn("use percent", DeprecationWarning)
            return total(items, rate) + 1
        """,
    ),
    "a test": ("tests/test_old.py", "from shop.cart import *"),
}


@pytest.mark.parametrize("form", NO_SHIMS)
def test_what_is_no_shim(tmp_path: Path, form: str) -> None:
    name, text = NO_SHIMS[form]

    assert shims(tmp_path, text, name) == []


def test_a_module_that_warns_and_leads_to_several(tmp_path: Path) -> None:
    """It has a rule for each name."""
    found = shims(
        tmp_path,
        f"import warnings\nfrom shop.cart import Cart\nfrom shop.prices import vat\n{WARNING}",
    )

    assert {one.legacy: one.canonical for one in found} == {
        "shop.old:Cart": "shop.cart:Cart",
        "shop.old:vat": "shop.prices:vat",
    }


NAMES = {
    "PEP 562, a table of paths": """
        import warnings, importlib
        _TABLE = {"add_up": "shop.cart:total", "KEPT": 1}
        def __getattr__(name):
            if name in _TABLE:
                warnings.warn(name, DeprecationWarning)
                return _TABLE[name]
            raise AttributeError(name)
        """,
    "PEP 562, a table of pairs, named so": """
        _MOVED = {"add_up": ("shop.cart", "total")}
        def __getattr__(name):
            return getattr(__import__(_MOVED[name][0]), _MOVED[name][1])
        """,
    "PEP 562, a branch": """
        import warnings
        def __getattr__(name):
            if name == "add_up":
                warnings.warn(name, DeprecationWarning)
                from shop.cart import total
                return total
            raise AttributeError(name)
        """,
    "a function that only calls": f"""
        import warnings
        from shop.cart import total
        def add_up(items, rate):
            '''Add.'''
            {WARNING}
            return total(items, rate=rate)
        """,
    "a function that only calls, whatever it gets": f"""
        import warnings
        from shop import cart
        def add_up(*args, **kwargs):
            {WARNING}
            return cart.total(*args, **kwargs)
        """,
    "another way to warn": """
        from shop.cart import total
        from shop.compat import warn_deprecated
        def add_up(items, rate):
            warn_deprecated("add_up")
            return total(items, rate)
        """,
    "PEP 702, a function that only calls": """
        from warnings import deprecated
        from shop.cart import total
        @deprecated("use total")
        def add_up(items, rate):
            return total(items, rate)
        """,
    "PEP 702, a function with code and a text": """
        from typing_extensions import deprecated
        @deprecated("Use :func:`shop.cart.total` instead")
        def add_up(items, rate):
            result = 0
            return result
        """,
}


@pytest.mark.parametrize("form", NAMES)
def test_a_name_that_leads_to_another(tmp_path: Path, form: str) -> None:
    (found,) = shims(tmp_path, "X = 1\n" + dedent(NAMES[form]))

    assert (found.kind, found.legacy, found.canonical) == (
        "name",
        "shop.old:add_up",
        "shop.cart:total",
    )


@pytest.mark.parametrize(
    "body",
    [
        "@deprecated('use Cart')\nclass Bag(Cart):\n    pass",
        f"""
class Bag(Cart):
    '''Old.'''
    def __init__(self, *args):
        {WARNING}
        super().__init__(*args)
""",
    ],
)
def test_a_class_that_adds_nothing(tmp_path: Path, body: str) -> None:
    start = "import warnings\nfrom warnings import deprecated\nfrom shop.cart import Cart\n"

    (found,) = shims(tmp_path, start + body)

    assert (found.legacy, found.canonical) == ("shop.old:Bag", "shop.cart:Cart")


@pytest.mark.parametrize(
    ("head", "call", "arguments", "objection"),
    [
        ("goods, rate", "total(goods, rate)", {"goods": "items"}, ""),
        ("rate, items", "total(items, rate)", {}, ""),
        ("items, rate, user", "total(items, rate)", {"user": ""}, ""),
        (
            "goods",
            "total(goods, 0.2)",
            {},
            'it passes rate=0.2, for which a factory needs an "adapter"',
        ),
    ],
)
def test_a_function_that_calls_with_other_arguments(
    tmp_path: Path, head: str, call: str, arguments: dict[str, str], objection: str
) -> None:
    """A factory can translate them, as far as a table says it."""
    text = f"from shop.cart import total\ndef add_up({head}):\n    {WARNING}\n    return {call}\n"

    (found,) = shims(tmp_path, f"import warnings\n{text}")

    assert (found.kind, found.canonical) == ("factory", "shop.cart:total")
    assert (found.arguments, found.objection) == (arguments, objection)


def test_a_deprecation_without_a_replacement_is_named(tmp_path: Path) -> None:
    text = "from warnings import deprecated\n@deprecated('gone soon')\ndef f(): ...\n"
    shims(tmp_path, text)

    assert find_shims(Layout(tmp_path)).notes == (
        "shop/old.py:3 f is deprecated, and names nothing that replaces it",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"from shop.cart import *\x00", "source code string cannot contain null bytes"),
        (b"# deprecated\nX = '\xff'\n", "utf-8"),
        (b"# -*- coding: nonsense -*-\nfrom shop.cart import *\n", "nonsense"),
        (b"from shop.cart import (\n", "never closed"),
    ],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    """The others are read all the same."""
    shims(tmp_path, "from shop.cart import *", "shop/shim.py")
    (tmp_path / "shop/bad.py").write_bytes(content)

    found = find_shims(Layout(tmp_path))

    assert [one.legacy for one in found.proposals] == ["shop.shim"]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("shop/bad.py is not read: ")
    assert why in found.notes[0].lower()  # 3.15 writes UTF-8 in capitals


def test_other_encodings(tmp_path: Path) -> None:
    """As Python reads them: a mark, or a line with the encoding."""
    shims(tmp_path, "")
    for name, text, encoding in (
        ("mark", "from shop.cart import *", "utf-8-sig"),
        ("latin", "# coding: latin-1\n'''Für'''\nfrom shop.cart import *\r\n", "latin-1"),
    ):
        (tmp_path / f"shop/{name}.py").write_text(text, encoding=encoding)

    found = find_shims(Layout(tmp_path)).proposals

    assert [one.module for one in found] == ["shop.latin", "shop.mark"]
