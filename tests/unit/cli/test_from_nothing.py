"""From a repository without a map to a gate that reads its source, command by command."""

import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from shutil import which

from tests.commands import in_this_process

GIT = which("git") or "git"
BEFORE = {
    "shop/__init__.py": "",
    "shop/old_cart.py": "class Cart:\n    items = ()\n\n\ndef total(cart):\n    return 1\n",
}
CALLERS = {
    "app.py": "from shop.old_cart import Cart\n\n\ndef use():\n    import shop.old_cart\n",
    "late.py": "def f():\n    from shop import old_cart\n    return old_cart.total\n",
    "conf.yaml": "cart: shop.old_cart.Cart\n",
    "tasks.py": "TASK = 'shop.old_cart:total'\n",
}


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    subprocess.run([GIT, *own, *words], cwd=folder, check=True)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_moved_module_becomes_a_rule_whose_callers_are_all_found(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    def enforcer(*words: str) -> subprocess.CompletedProcess[str]:
        return in_this_process(words, tmp_path, environ)

    git(tmp_path, "init", "--quiet")
    write(tmp_path, {**BEFORE, **CALLERS})
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    git(tmp_path, "mv", "shop/old_cart.py", "shop/cart.py")
    git(tmp_path, "commit", "--quiet", "-m", "move")

    made = enforcer("init", "--yes")
    assert made.returncode == 0, made.stdout + made.stderr
    assert 'legacy = "shop.old_cart"' in (tmp_path / "enforcer.toml").read_text()
    assert enforcer("check").returncode == 0
    lines = enforcer("scan").stdout.splitlines()[:-1]
    assert [line.replace("shop.old_cart → shop.cart ", "") for line in lines] == [
        "app.py:1:6 [from]",
        "app.py:5:12 [import]",
        "conf.yaml:1:7 [yaml]",
        "late.py:2:22 [from]",
        "tasks.py:1:8 [string]",
    ]
    assert enforcer("gate").returncode == 0
    assert enforcer("baseline", "update", "--source").returncode == 0
    write(tmp_path, {"new.py": "def g():\n    from shop.old_cart import Cart\n"})
    closed = enforcer("gate", "--baseline", "enforcer-baseline.toml")
    assert closed.returncode == 1
    assert "new.py:2: error: a new reference" in closed.stdout


STEPS = (
    (
        "Begin",
        BEFORE
        | {
            "shop/pricing.py": """\
VAT = 0.2


def net(amount):
    rounded = round(amount / (1 + VAT), 2)
    return max(rounded, 0)
""",
        },
    ),
    ("Move a module", {"shop/cart.py": BEFORE["shop/old_cart.py"]}),
    (
        "Rename a function",
        {
            "shop/pricing.py": """\
VAT = 0.2


def net_price(amount):
    rounded = round(amount / (1 + VAT), 2)
    return max(rounded, 0)
""",
        },
    ),
    (
        "Leave shims",
        {
            "shop/mail.py": "def send(to):\n    return to\n",
            "shop/mailer.py": "from shop.mail import *\n",
            "shop/parsing.py": "def parse(text):\n    return text\n",
            "shop/parser.py": """\
import warnings

from shop.parsing import parse

warnings.warn("use shop.parsing", DeprecationWarning, stacklevel=2)
""",
        },
    ),
)
GONE = {"Move a module": ("shop/old_cart.py",)}
"""Commits: their message and their files; what is gone with which of them."""

EVERY_FORM = {
    "app.py": """\
from typing import TYPE_CHECKING

import shop.old_cart
import shop.old_cart as oc
from shop import old_cart
from shop.mailer import send
from shop.pricing import net
if TYPE_CHECKING:
    from shop.old_cart import Cart
try:
    from shop import parser
except ImportError:
    parser = None


def use(cart: "shop.old_cart.Cart"):
    from importlib import import_module
    from shop.old_cart import (
        total,
    )
    import_module("shop.mailer")
    return shop.old_cart.total(cart)
""",
    "test_app.py": """\
from unittest import mock

with mock.patch("shop.old_cart.total"):
    pass
""",
    "conf.yaml": "mailer: shop.mailer.send\n",
}


def test_every_kind_of_move_is_a_rule_and_every_form_of_caller_is_found(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    git(tmp_path, "init", "--quiet")
    for message, files in (*STEPS, ("Call them", EVERY_FORM)):
        write(tmp_path, files)
        for name in GONE.get(message, ()):
            (tmp_path / name).unlink()
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message", message)

    assert in_this_process(("init", "--yes"), tmp_path, environ).returncode == 0
    rules = tomllib.loads((tmp_path / "enforcer.toml").read_text())["rule"]
    assert {rule["legacy"]: rule["canonical"] for rule in rules} == {
        "shop.mailer": "shop.mail",
        "shop.parser": "shop.parsing",
        "shop.old_cart": "shop.cart",
        "shop.pricing:net": "shop.pricing:net_price",
    }
    checked = in_this_process(("check",), tmp_path, environ)
    assert checked.returncode == 0
    assert checked.stdout.endswith("nothing would break\n")

    lines = in_this_process(("scan",), tmp_path, environ).stdout.splitlines()[:-1]
    found = [(line.split()[0], line.split()[1], line.partition("[")[2][:-1]) for line in lines]
    assert found == [
        ("app.py:3:8", "shop.old_cart", "import"),
        ("app.py:4:8", "shop.old_cart", "import"),
        ("app.py:5:18", "shop.old_cart", "from"),
        ("app.py:6:6", "shop.mailer", "from"),
        ("app.py:7:26", "shop.pricing:net", "from"),
        ("app.py:9:10", "shop.old_cart", "from, for type checkers"),
        ("app.py:11:22", "shop.parser", "from"),
        ("app.py:16:15", "shop.old_cart", "annotation, for type checkers"),
        ("app.py:18:10", "shop.old_cart", "from"),
        ("app.py:21:19", "shop.mailer", "call"),
        ("app.py:22:12", "shop.old_cart", "attribute"),
        ("conf.yaml:1:9", "shop.mailer", "yaml"),
        ("test_app.py:3:17", "shop.old_cart", "string"),
    ]
    gate = in_this_process(("gate",), tmp_path, environ)
    assert gate.returncode == 0
    assert [line.partition(": warning")[0] for line in gate.stdout.splitlines()[:-1]] == [
        place.rpartition(":")[0] for place, *_ in found
    ]
