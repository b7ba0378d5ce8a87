"""Test ``enforcer discover``: it finds what the seed of the demo found by hand."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap
from tests.commands import in_this_process
from tests.pages import blocks, shows

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

PAGE = Path(__file__).resolve().parents[3] / "docs/discover.md"

SEED = """\
Found 6 WebSocket manager import paths:
1. netra_backend.app.websocket_core.websocket_manager.WebSocketManager
2. netra_backend.app.websocket_core.websocket_manager.get_websocket_manager
3. netra_backend.app.websocket_core.websocket_manager_factory.create_websocket_manager
4. netra_backend.app.websocket_core.unified_manager._UnifiedWebSocketManagerImplementation
5. netra_backend.app.websocket_core.unified_manager.WebSocketManagerMode
6. test_framework.fixtures.websocket_manager_mock.MockWebSocketManager
"""
"""What a team wrote of its backend, from which the demo's was made."""


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the demo's tree, without its map."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(str(files("enforcer.demo") / "app"), folder, dirs_exist_ok=True)
    return folder


def write(folder: Path, program: dict[str, str]) -> Path:
    for name, text in program.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return folder


def facts(migration_map: MigrationMap) -> set[tuple[object, ...]]:
    """Return what the rules of a map do."""
    found: set[tuple[object, ...]] = {
        (rule.legacy, rule.canonical, rule.implementation, *rule.names.items())
        for rule in migration_map.rules
    }
    for factory in migration_map.factories:
        found.add((factory.legacy, factory.canonical, *factory.arguments.items()))
    return found


@pytest.mark.parametrize("name", ["WebSocket manager", "WebSocketManager", "websocket_manager"])
def test_the_paths_of_the_seed(demo: Path, enforcer: Enforcer, name: str) -> None:
    """The same six, in its order and its words; a further path to one of the names stands apart."""
    result = enforcer("discover", name, cwd=demo)

    assert result.returncode == 0
    assert result.stdout.startswith(SEED.replace("WebSocket manager", name))
    assert (
        "\nand 1 other path to these names:\n"
        "   netra_backend.app.websocket_core.create_websocket_manager\n"
    ) in result.stdout


def test_the_map_of_the_seed(demo: Path, enforcer: Enforcer) -> None:
    """`init --discover` writes the rules that the demo has, factories too, and check agrees."""
    result = enforcer("init", "--discover", "WebSocket manager", "--yes", cwd=demo)

    by_hand = load_map(str(files("enforcer.demo") / "enforcer.toml"), environ={})
    written = load_map(str(demo / "enforcer.toml"), environ={})
    assert result.returncode == 0
    assert facts(written) == facts(by_hand)
    assert enforcer("check", cwd=demo).returncode == 0


def test_each_path_has_its_callers(demo: Path, enforcer: Enforcer) -> None:
    result = enforcer("discover", "WebSocketManager", "--json", cwd=demo)

    (group,) = json.loads(result.stdout)["groups"]
    assert group["canonical"] == "netra_backend.app.websocket_core.websocket_manager"
    assert {path["name"]: len(path["callers"]) for path in group["paths"]} == {
        "WebSocketManager": 4,
        "get_websocket_manager": 2,
        "create_websocket_manager": 1,
        "_UnifiedWebSocketManagerImplementation": 3,
        "WebSocketManagerMode": 1,
        "MockWebSocketManager": 1,
    }
    assert {path["role"] for path in group["paths"]} == {
        "canonical", "wrapper", "implementation", "other wrapper", "apart",
    }  # fmt: skip


def test_the_page_shows_real_output(demo: Path, environ: dict[str, str]) -> None:
    """Every command of the page, in turn."""
    for block in blocks(PAGE.read_text("utf-8")):
        for command, shown in block:
            output = in_this_process(shlex.split(command)[1:], demo, environ).stdout
            assert shows(output, shown), output


CARTS = {
    "shop/__init__.py": "from shop.cart import Cart\n",
    "shop/cart.py": "class Cart:\n    def add(self, item): ...\n    def total(self): ...\n",
    "shop/basket.py": """\
        class CartCopy:
            def add(self, item): ...
            def total(self): ...
        """,
    "shop/fakes.py": "class FakeCart:\n    def add(self, item): ...\n",
    "shop/odd.py": "class CartPainter:\n    def paint(self): ...\nclass Brush: ...\n",
    "shop/make.py": """\
        from shop.cart import Cart
        RATE = 2
        def make_cart(): return Cart()
        def other(): ...
        """,
    "shop/app.py": """\
        import shop.cart
        from shop import Cart
        from shop.basket import CartCopy
        from shop.make import make_cart
        from shop.odd import CartPainter
        shop.cart.Cart()
        """,
    "tests/test_cart.py": "from shop.fakes import FakeCart\nfrom shop.cart import Cart\n",
}


def test_a_program_and_a_script_are_no_tests(
    tmp_path_factory: pytest.TempPathFactory, enforcer: Enforcer
) -> None:
    """Nobody imports them, but their callers are the program's own."""
    uses = "from shop.cart import Cart\n"
    source = {
        "shop/__init__.py": "",
        "shop/cart.py": "class Cart: ...\n",
        "shop/__main__.py": uses,
        "scripts/fill.py": uses,
        "tests/test_cart.py": uses,
    }
    folder = write(tmp_path_factory.mktemp("program"), source)

    (group,) = json.loads(enforcer("discover", "Cart", "--json", cwd=folder).stdout)["groups"]

    (path,) = group["paths"]
    assert {one["file"]: one["is_test"] for one in path["callers"]} == {
        "shop/__main__.py": False,
        "scripts/fill.py": False,
        "tests/test_cart.py": True,
    }


def test_copies_wrappers_and_what_only_sounds_alike(
    tmp_path_factory: pytest.TempPathFactory, enforcer: Enforcer
) -> None:
    """A stand-in for tests is left alone; another class is no copy; a module may have more."""
    folder = write(tmp_path_factory.mktemp("carts"), CARTS)

    (group,) = json.loads(enforcer("discover", "cart", "--json", cwd=folder).stdout)["groups"]

    assert group["canonical"] == "shop.cart"
    assert {
        (rule["kind"], rule["legacy"], rule["canonical"], rule["objection"])
        for rule in group["rules"]
    } == {
        ("module", "shop.basket", "shop.cart", ""),
        ("factory", "shop.make:make_cart", "shop.cart:Cart", ""),
        ("name", "shop.odd:CartPainter", "shop.cart:CartPainter",
         "nothing shows which name replaces it"),
    }  # fmt: skip
    assert group["notes"] == ["shop.fakes is left alone: 1 caller, all in tests"]
    (exact,) = [path for path in group["paths"] if path["path"] == "shop.cart.Cart"]
    places = {(one["file"], one["line"], one["is_test"]) for one in exact["callers"]}
    assert places == {
        ("shop/__init__.py", 1, False),
        ("shop/app.py", 6, False),
        ("shop/make.py", 1, False),
        ("tests/test_cart.py", 2, True),
    }


def test_a_name_that_nothing_has(demo: Path, enforcer: Enforcer) -> None:
    result = enforcer("discover", "Nonsense", cwd=demo)

    assert (result.returncode, result.stdout) == (
        1, 'No class or function here has a name like "Nonsense".\n',
    )  # fmt: skip


def test_files_that_can_not_be_read_are_named(demo: Path, enforcer: Enforcer) -> None:
    (demo / "netra_backend/bad.py").write_bytes(b"class WebSocketManager:\x00")

    result = enforcer("discover", "WebSocketManager", cwd=demo)

    assert result.returncode == 0
    assert "\nnetra_backend/bad.py is not read: source code string cannot" in result.stdout


def test_without_a_name_copies_are_found(
    tmp_path_factory: pytest.TempPathFactory, enforcer: Enforcer
) -> None:
    """Not classes of one name that do something else, and no stand-ins in tests."""
    cart = "class Cart:\n    def add(self): ...\n    def total(self): ...\n"
    folder = write(
        tmp_path_factory.mktemp("copies"),
        {
            "shop/__init__.py": "",
            "shop/a.py": cart + "class View:\n    def show(self): ...\n",
            "shop/b.py": cart + "class View:\n    def draw(self): ...\n",
            "shop/c.py": "class Order:\n    def add(self): ...\n    def total(self): ...\n",
            "tests/test_c.py": "class Order:\n    def add(self): ...\n    def total(self): ...\n",
            "shop/bad.py": "class Cart:\x00",
        },
    )

    result = enforcer("discover", cwd=folder)

    assert result.returncode == 0
    assert result.stdout.startswith("Found 1 Cart import path:\n1. shop.a.Cart\nand 1 other path")
    assert "shop/bad.py is not read" in result.stdout
    assert "Order" not in result.stdout

    (folder / "shop/b.py").unlink()
    result = enforcer("discover", cwd=folder)
    assert result.stdout == (
        "No class is defined in several modules. Name one: enforcer discover NAME\n"
    )
