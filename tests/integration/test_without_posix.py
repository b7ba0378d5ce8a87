"""Aliases, strict mode, the pytest plugin and the store work without what only POSIX has.

Windows itself is in no test here: what it lacks is hidden from an ordinary interpreter.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HIDE = """
import _signal, os, select, sys
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "register_at_fork", "uname"):
    delattr(os, name)
for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    delattr(os, name)
for name in ("pthread_sigmask", "SIGBUS"):
    delattr(_signal, name)
del select.poll, select.epoll
"""

MAP = """
[enforcer]
service = "shop"
root = "."

[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "enforcer.toml").write_text(MAP, encoding="utf-8")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "shop/cart.py").write_text("class Cart: pass\n", encoding="utf-8")
    return tmp_path


def run(shop: Path, program: str, *, stage: str = "") -> subprocess.CompletedProcess[str]:
    (shop / "program.py").write_text(HIDE + textwrap.dedent(program), encoding="utf-8")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ENFORCER_")}
    if stage:
        environ["ENFORCER_STAGE"] = stage
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=shop,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def uses(shop: Path) -> int:
    words = [sys.executable, "-m", "enforcer", "report", "--format", "json"]
    report = json.loads(subprocess.check_output(words, cwd=shop, text=True))
    return sum(rule["uses"] for rule in report["rules"])


def test_aliases_and_the_store(shop: Path) -> None:
    program = """
        import enforcer
        enforcer.enable("enforcer.toml")
        from shop.old_cart import Cart
        import shop.cart
        assert Cart is shop.cart.Cart
        import threading
        assert "fcntl" not in {name for name, module in sys.modules.items() if module is not None}
        print("through")
    """
    done = run(shop, program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "through\n", "")
    assert uses(shop) == 1


def test_strict_mode_refuses(shop: Path) -> None:
    program = """
        import enforcer
        enforcer.enable("enforcer.toml")
        try:
            import shop.old_cart
        except enforcer.LegacyImportError as error:
            print("refused")
    """
    done = run(shop, program, stage="strict")
    assert (done.returncode, done.stdout, done.stderr) == (0, "refused\n", "")


def test_the_pytest_plugin_names_the_test(shop: Path) -> None:
    (shop / "test_shop.py").write_text(
        "def test_cart():\n    import shop.old_cart\n", encoding="utf-8"
    )
    program = """
        import pytest
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--enforcer", "test_shop.py"]))
    """
    done = run(shop, program)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "test_shop.py:2" in done.stdout
    assert "legacy-import" in done.stdout
