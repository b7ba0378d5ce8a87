"""A child that C code forked, of which Python's hooks never hear, counts as its own process."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

MAP = """
[enforcer]
service = "shop"
root = "."

[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"
"""

FORK = """
import ctypes, os, sys
import enforcer

fork = ctypes.PyDLL(None).fork  # C's own, with the GIL held, as an extension would call it


def wait_for(child):
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def use_from_one_place(times):
    for _ in range(times):
        import shop.old_cart


def use_from_another_place(times):
    for _ in range(times):
        from shop.old_cart import Cart


enforcer.enable("enforcer.toml")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "enforcer.toml").write_text(MAP, encoding="utf-8")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "shop/cart.py").write_text("class Cart: pass\n", encoding="utf-8")
    return tmp_path


def run(shop: Path, program: str) -> dict[str, Any]:
    """Run a program that forks, and return the report as it is then."""
    (shop / "program.py").write_text(FORK + textwrap.dedent(program), encoding="utf-8")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ENFORCER_")}
    # Nothing is written while the program runs, so that what a child inherits is known.
    environ["ENFORCER_FLUSH_INTERVAL"] = "3600"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "program.py"],
        cwd=shop,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    words = [sys.executable, "-m", "enforcer", "report", "--format", "json"]
    report: dict[str, Any] = json.loads(subprocess.check_output(words, cwd=shop, text=True))
    return report


def uses(report: dict[str, Any]) -> int:
    return sum(rule["uses"] for rule in report["rules"])


@pytest.mark.parametrize("end", ["sys.exit(0)", "os._exit(0)", "os.execv('/bin/true', ['true'])"])
def test_uses_of_the_child_are_all_there(shop: Path, end: str) -> None:
    program = f"""
        child = fork()
        if child == 0:
            use_from_one_place(120)
            {end}
        wait_for(child)
    """
    report = run(shop, program)
    assert (uses(report), report["dropped"]) == (120, 0)


def test_a_place_that_only_the_child_uses_tells_it_from_its_parent(shop: Path) -> None:
    program = """
        use_from_one_place(7)
        enforcer.flush()
        child = fork()
        if child == 0:
            use_from_another_place(120)
            sys.exit(0)
        use_from_one_place(1)
        wait_for(child)
    """
    report = run(shop, program)
    assert (uses(report), report["dropped"], report["processes"]) == (128, 0, 2)


def test_what_can_not_be_told_from_the_parent_counts_as_lost(shop: Path) -> None:
    program = """
        use_from_one_place(7)
        enforcer.flush()
        child = fork()
        if child == 0:
            use_from_one_place(120)
            sys.exit(0)
        wait_for(child)
    """
    report = run(shop, program)
    assert (uses(report), report["dropped"]) == (7, 120)


def test_a_flush_in_the_child_notices_the_fork(shop: Path) -> None:
    program = """
        use_from_one_place(7)
        enforcer.flush()
        child = fork()
        if child == 0:
            use_from_one_place(20)
            enforcer.flush()
            use_from_one_place(100)
            sys.exit(0)
        wait_for(child)
    """
    report = run(shop, program)
    assert (uses(report), report["dropped"]) == (107, 20)


def test_a_child_that_uses_nothing_leaves_no_trace(shop: Path) -> None:
    program = """
        use_from_one_place(7)
        enforcer.flush()
        child = fork()
        if child == 0:
            sys.exit(0)
        wait_for(child)
    """
    report = run(shop, program)
    assert (uses(report), report["dropped"], report["processes"]) == (7, 0, 1)
