"""``enforcer scan --record`` and ``--against``: the source beside what was seen running."""

import json
import subprocess
from pathlib import Path
from shutil import which

import pytest

from enforcer.store.sqlite.reader import Reader
from tests.unit.cli.conftest import Enforcer

GIT = which("git") or "git"
APP = """\
import importlib

def live():
    from shop.old_cart import Cart

def silent():
    from shop.old_cart import Cart

def dynamic(name):
    importlib.import_module("shop." + name)

def moved():
    import shop.old_cart

live()
dynamic("old_cart")
moved()
"""


@pytest.fixture
def shop(folder: Path) -> Path:
    package = folder / "shop"
    package.mkdir()
    for name in ("__init__", "cart", "old_cart"):
        (package / f"{name}.py").write_text("class Cart: ...\n" if name != "__init__" else "")
    (folder / "app.py").write_text(APP)
    return folder


def git(folder: Path, *words: str) -> str:
    own = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    return subprocess.check_output([GIT, *own, *words], cwd=folder, text=True)


def test_a_scan_is_kept_with_its_revision(shop: Path, enforcer: Enforcer) -> None:
    git(shop, "init", "--quiet")
    git(shop, "add", ".")
    git(shop, "commit", "--quiet", "-m", "first")
    (shop / "app.py").write_text(f"{APP}\n")

    result = enforcer("scan", "--record", "--store", "uses.db", "--exit-zero")

    assert (result.returncode, result.stderr) == (0, "")
    with Reader(str(shop / "uses.db")) as reader:
        scan = reader.scan()
    assert scan is not None
    assert scan.revision == git(shop, "rev-parse", "HEAD").strip()
    assert (scan.is_dirty, scan.committed > 0, scan.scanned > scan.committed) == (True, True, True)
    assert scan.rules == ("shop.old_cart",)
    assert [one.line for one in scan.findings if one.is_proven] == [4, 7, 13]
    assert [one.unproven for one in scan.unproven] == ["computed name: shop.…"]


def test_distributions_that_name_a_path_are_kept(
    shop: Path,
    enforcer: Enforcer,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those below the root are the program itself."""
    site = tmp_path_factory.mktemp("env") / "site-packages"
    info = site / "tills-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tills\nVersion: 1.2\n")
    (info / "RECORD").write_text("tills.py,,\ngone.py,,\ntills-1.2.dist-info/entry_points.txt,,\n")
    (info / "entry_points.txt").write_text("[shop]\nrun = shop.old_cart:run\n")
    (site / "tills.py").write_text("import os\nfrom shop.old_cart import Cart\n")
    monkeypatch.syspath_prepend(str(site))

    enforcer("scan", "--record", "--store", "uses.db")

    with Reader(str(shop / "uses.db")) as reader:
        scan = reader.scan()
    assert scan is not None
    named = [(one.distribution, one.version, one.file, one.line) for one in scan.installed]
    assert named == [
        ("tills", "1.2", "site-packages/tills-1.2.dist-info/entry_points.txt", 2),
        ("tills", "1.2", "site-packages/tills.py", 2),
    ]


@pytest.mark.process
def test_source_and_run_time_are_joined(shop: Path, enforcer: Enforcer) -> None:
    """By what a real run has recorded; a statement that was removed since is gone."""
    assert enforcer("run", "--", "app.py").returncode == 0
    (shop / "app.py").write_text(APP.replace("    import shop.old_cart\n", "    pass\n"))

    result = enforcer("scan", "--against", "-")

    *lines, total = result.stdout.splitlines()
    assert lines == [
        "app.py:4:10 shop.old_cart → shop.cart [from, live]",
        "app.py:7:10 shop.old_cart → shop.cart [from, silent]",
        "app.py:10 shop.old_cart → shop.cart [import_module, dynamic]",
        "app.py:13 shop.old_cart → shop.cart [import_statement, gone from source]",
    ]
    assert total.startswith("1 live, 1 silent, 1 dynamic, 1 gone from source; seen in ")
    document = json.loads(enforcer("scan", "--against", "-", "--json").stdout)
    assert [len(document[name]) for name in ("live", "silent", "dynamic", "gone")] == [1, 1, 1, 1]


@pytest.mark.parametrize("option", [("--record",), ("--against", "-")])
def test_a_part_of_the_tree_is_not_recorded_or_joined(
    shop: Path, enforcer: Enforcer, option: tuple[str, ...]
) -> None:
    result = enforcer("scan", *option, "app.py")

    assert result.returncode == 2
    assert "name no PATH" in result.stderr
    assert not (shop / ".enforcer").exists()


def test_a_store_that_is_not_there_is_one_line(shop: Path, enforcer: Enforcer) -> None:
    result = enforcer("scan", "--against", str(shop / "none.db"))

    assert result.returncode == 2
    assert "(no-store)" in result.stderr


@pytest.mark.usefixtures("shop")
def test_a_store_that_can_only_be_read_takes_no_scan(enforcer: Enforcer) -> None:
    result = enforcer("scan", "--record", "--store", "clickhouse://host/db")

    assert result.returncode == 2
    assert "(store-only-read)" in result.stderr
