"""The command ``enforcer fix``, on a project in a git repository."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Enforcer

FILES = {
    "shop/__init__.py": "",
    "shop/old_cart.py": "class Cart: pass\ndef make(): pass\n",
    "shop/cart.py": "class Cart: pass\ndef make(): pass\n",
    "shop/views.py": "from shop.old_cart import Cart\n\nCart()\n",
    "shop/tasks.py": "import logging\n\nlog = logging.getLogger('shop.old_cart')\n",
    "tests/test_views.py": "import shop.old_cart\n\nshop.old_cart.make()\n",
    "settings.toml": 'cart = "shop.old_cart.Cart"\n',
}


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def shop(folder: Path) -> Path:
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it was")
    return folder


def test_a_submodule_that_all_lists_and_others_read_by_star(enforcer: Enforcer, shop: Path) -> None:
    """The name goes with the module, so whoever reads it has to change first."""
    (shop / "shop/__init__.py").write_text("__all__ = ['old_cart']\n", "utf-8")
    reader = shop / "reader.py"
    reader.write_text("from shop import *\n\nold_cart.make()\n", "utf-8")
    left = "shop/__init__.py:1:12 shop.old_cart is left: other files read it by a star import"
    assert left in enforcer("fix", "--allow-dirty").stdout

    reader.write_text("from shop import *\n", "utf-8")
    enforcer("fix", "--allow-dirty")
    assert (shop / "shop/__init__.py").read_text() == "__all__ = ['cart']\n"


@pytest.mark.usefixtures("shop")
def test_rewrites_and_lists_what_is_left(enforcer: Enforcer, shop: Path) -> None:
    done = enforcer("fix")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "settings.toml:1:9 shop.old_cart is left: it is in toml",
        "shop/tasks.py:3:25 shop.old_cart is left: nothing shows that the string is an import path",
        "shop/views.py:1:27 shop.old_cart → shop.cart",
        "tests/test_views.py:1:8 shop.old_cart → shop.cart",
        "tests/test_views.py:3:1 shop.old_cart → shop.cart",
        "3 references in 2 files rewritten, 2 left",
    ]
    assert (shop / "shop/views.py").read_text() == "from shop.cart import Cart\n\nCart()\n"
    assert git(shop, "status", "--porcelain").split() == [
        "M", "shop/views.py", "M", "tests/test_views.py",
    ]  # fmt: skip
    again = enforcer("fix", "--allow-dirty")
    assert again.stdout.splitlines()[-1] == "nothing to rewrite, 2 left"


def test_check_exits_with_1_if_it_would_write(enforcer: Enforcer, shop: Path) -> None:
    done = enforcer("fix", "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "3 references in 2 files to rewrite, 2 left"
    assert not git(shop, "status", "--porcelain")
    enforcer("fix")
    assert enforcer("fix", "--check").returncode == 0


def test_diff_is_a_patch_for_git(enforcer: Enforcer, shop: Path) -> None:
    done = enforcer("fix", "--diff")
    assert done.returncode == 0
    assert not git(shop, "status", "--porcelain")
    (shop / "fix.patch").write_text(done.stdout, "utf-8")
    git(shop, "apply", "fix.patch")
    assert (shop / "shop/views.py").read_text() == "from shop.cart import Cart\n\nCart()\n"
    assert "2 left" in done.stderr


def test_only_some_paths(enforcer: Enforcer, shop: Path) -> None:
    assert "3 references" not in enforcer("fix", "shop").stdout
    assert git(shop, "status", "--porcelain").split() == ["M", "shop/views.py"]


def test_json(enforcer: Enforcer, shop: Path) -> None:
    document = json.loads(enforcer("fix", "--json", "--check", "shop/views.py").stdout)
    assert document == {
        "written": False,
        "rewritten": 1,
        "left": 0,
        "files": [
            {
                "file": "shop/views.py",
                "changed": True,
                "changes": [
                    {
                        "line": 1,
                        "column": 27,
                        "legacy": "shop.old_cart",
                        "canonical": "shop.cart",
                        "rule": "shop.old_cart",
                    }
                ],
                "left": [],
                "remarks": [],
            }
        ],
    }
    assert shop


@pytest.mark.parametrize("state", ["changed", "staged", "new"])
def test_uncommitted_changes_are_refused(enforcer: Enforcer, shop: Path, state: str) -> None:
    file = shop / ("shop/fresh.py" if state == "new" else "shop/__init__.py")
    file.write_text("from shop.old_cart import Cart\n")
    if state == "staged":
        git(shop, "add", "-A")
    done = enforcer("fix")
    assert done.returncode == 2
    assert done.stderr == (
        f'enforcer: git has 1 uncommitted file: "{file.relative_to(shop)}". Commit first, so that '
        "you can look at the changes by themselves, or add --allow-dirty (dirty-tree)\n"
    )
    assert "old_cart" in (shop / "shop/views.py").read_text()
    assert enforcer("fix", "--allow-dirty").returncode == 0
    assert "old_cart" not in file.read_text()


def test_new_files_that_stay_as_they_are_are_no_obstacle(enforcer: Enforcer, shop: Path) -> None:
    (shop / "notes.txt").write_text("buy milk\n")
    assert enforcer("fix").returncode == 0


def test_mode_and_link_are_kept(enforcer: Enforcer, shop: Path) -> None:
    views = shop / "shop/views.py"
    views.chmod(0o751)
    target = shop / "elsewhere.txt"
    target.write_text("import shop.old_cart as c\nc.make\n")
    (shop / "linked.py").symlink_to(target)
    assert enforcer("fix", "--allow-dirty").returncode == 0
    assert stat.S_IMODE(views.stat().st_mode) == 0o751
    assert (shop / "linked.py").is_symlink()
    assert target.read_text() == "import shop.cart as c\nc.make\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_files_are_left(enforcer: Enforcer, shop: Path) -> None:
    (shop / "shop/views.py").chmod(0o444)
    assert "shop/views.py is left: it is read-only" in enforcer("fix").stdout


def test_only_some_rules(enforcer: Enforcer, shop: Path) -> None:
    (shop / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "shop.old_cart"\ncanonical = "shop.cart"\nowner = "@cart"\n'
        '[[rule]]\nlegacy = "shop.gone"\ncanonical = "shop.cart"\nowner = "@gone"\n'
    )
    git(shop, "commit", "-qam", "two rules")
    assert "nothing to rewrite" in enforcer("fix", "--rule", "shop.gone").stdout
    assert "nothing to rewrite" in enforcer("fix", "--owner", "@gone").stdout
    done = enforcer("fix", "--rule", "shop.gon")
    assert done.returncode == 2
    assert 'no rule has the path "shop.gon". Write "shop.gone"' in done.stderr
    assert enforcer("fix", "--owner", "@nobody").returncode == 2
    assert "3 references" in enforcer("fix", "--owner", "@cart").stdout


def test_interactive_needs_a_terminal(enforcer: Enforcer, shop: Path) -> None:
    done = enforcer("fix", "--interactive")
    assert done.returncode == 2
    assert "(no-terminal)" in done.stderr
    assert not git(shop, "status", "--porcelain")


@pytest.mark.parametrize(
    ("answers", "written"),
    [("y\nn\n", ["shop/views.py"]), ("a\n", ["shop/views.py", "tests/test_views.py"]), ("q\n", [])],
)
def test_review(
    enforcer: Enforcer,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: str,
    written: list[str],
) -> None:
    waiting = iter(answers.split())
    monkeypatch.setattr("enforcer.cli.fix._is_terminal", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(waiting))
    done = enforcer("fix", "-i")
    assert done.returncode == 0
    changed = git(shop, "diff", "--name-only").split()
    assert changed == written
    assert "+from shop.cart import Cart" in done.stdout
