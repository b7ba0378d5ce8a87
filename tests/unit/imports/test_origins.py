"""The module's own file and name decide where the compiler's name for a file is another one's."""

import sys
from pathlib import Path
from types import CodeType

import pytest

from enforcer.runtime.imports.origins import source_of
from enforcer.runtime.imports.places import _cell


def code(filename: str) -> CodeType:
    return compile("pass", filename, "exec")


@pytest.mark.parametrize(
    ("filename", "file", "source"),
    [
        ("/app/shop/cart.py", "/app/shop/cart.py", "/app/shop/cart.py"),
        ("/build/shop/cart.py", "/app/shop/cart.pyc", "/app/shop/cart.py"),
        ("shop/cart.py", "/app/shop/cart.pyc", "/app/shop/cart.py"),
        ("shop/cart.py", "/app/app.pyz/shop/cart.pyc", "/app/app.pyz/shop/cart.py"),
        ("pages/cart.html", "/app/shop/pages.py", "pages/cart.html"),
        ("/gone/cart.html", "/app/shop/pages.py", "/gone/cart.html"),
        (__file__, "/app/shop/test_origins.pyc", __file__),
    ],
)
def test_compiled_elsewhere(filename: str, file: str, source: str) -> None:
    assert source_of(code(filename), {"__file__": file}) == source


@pytest.mark.parametrize(
    ("namespace", "source"),
    [
        ({"__name__": "shop.cart"}, "shop/cart.py"),
        ({"__name__": "shop", "__path__": []}, "shop/__init__.py"),
        ({"__name__": "__main__"}, "main.py"),
        ({"__name__": "json.decoder"}, "<frozen json.decoder>"),
        ({}, "main.py"),
    ],
)
@pytest.mark.parametrize("by", ["sys.frozen", "__compiled__"])
def test_frozen(
    monkeypatch: pytest.MonkeyPatch, namespace: dict[str, object], source: str, by: str
) -> None:
    """PyInstaller and cx_Freeze set ``sys.frozen``, Nuitka a name in each module."""
    if by == "sys.frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        namespace = {**namespace, "__compiled__": None}
    assert source_of(code(str(Path("/build/main.py"))), namespace) == source


@pytest.mark.parametrize("kernel", ["ipykernel", "xpython"])
def test_cells_have_one_name_in_each_kernel(kernel: str) -> None:
    names = {_cell(f"/var/{kernel}_{process}/2357.py") for process in (17, 1234)}
    assert names == {"<cell 2357>"}
    assert _cell(f"/home/{kernel}_team/shop.py") == ""
