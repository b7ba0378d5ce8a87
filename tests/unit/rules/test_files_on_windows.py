"""Files have the same names on Windows as elsewhere, so that a baseline holds on both.

No test runs on Windows: the functions that name files get `ntpath` for `os.path` here.
"""

import ntpath
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from enforcer.baseline import portable_names
from enforcer.baseline.renamed_files import is_foreign
from enforcer.recording.distributions import distribution_of
from enforcer.recording.items import Item
from enforcer.recording.use import CALL, OWN, THIRD_PARTY
from enforcer.rules import repository
from enforcer.rules.model import MigrationMap
from enforcer.runtime.imports import callers
from enforcer.runtime.imports.callers import Caller, Ownership
from enforcer.runtime.telemetry.records import shown_file
from enforcer.source import scan

ROOT = r"C:\work\shop\backend"
MAP = r"C:\work\shop\enforcer.toml"


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what the modules that name files know of the system."""
    system = SimpleNamespace(sep="\\", curdir=".", path=ntpath, __file__=r"C:\Python312\Lib\os.py")
    for module in (callers, portable_names, repository, scan):
        monkeypatch.setattr(module, "os", system)


@pytest.mark.parametrize(
    ("file", "relation", "name"),
    [
        (r"C:\work\shop\backend\carts\api.py", OWN, "carts/api.py"),
        (r"C:\work\shop\backend\carts\..\api.py", OWN, "api.py"),
        ("C:/work/shop/backend/carts/api.py", OWN, "carts/api.py"),
        (r"C:\work\shop\tests\test_api.py", OWN, "../tests/test_api.py"),
        (r"C:\work\shop2\api.py", THIRD_PARTY, "C:/work/shop2/api.py"),
        (r"D:\work\shop\backend\api.py", THIRD_PARTY, "D:/work/shop/backend/api.py"),
        (r"C:\Python312\Lib\queue.py", THIRD_PARTY, "C:/Python312/Lib/queue.py"),
        (
            r"C:\work\shop\backend\venv\Lib\site-packages\six.py",
            THIRD_PARTY,
            "C:/work/shop/backend/venv/Lib/site-packages/six.py",
        ),
        ("<stdin>", OWN, "<stdin>"),
    ],
)
@pytest.mark.parametrize("root", [ROOT, ROOT + "\\"])
def test_own_code_is_named_from_the_root(root: str, file: str, relation: str, name: str) -> None:
    assert Ownership(root, MAP).of(file) == (relation, name)


def test_a_test_is_named_from_the_root() -> None:
    """An import without a frame of own code belongs to the test that runs."""
    ownership = Ownership(ROOT, MAP)
    ownership.item = lambda: Item(r"C:\elsewhere\test_api.py", "test_it", 3)
    site = ownership.site("old", Caller(None, CALL))
    assert (site.file, site.line, site.function) == ("../../../elsewhere/test_api.py", 3, "test_it")


def test_a_baseline_names_no_file_of_one_machine() -> None:
    assert portable_names.why_not("C:/Python312/Lib/queue.py") == portable_names.PYTHONS_OWN
    assert portable_names.why_not("C:/work/other/api.py") == portable_names.NOBODYS
    assert portable_names.why_not("carts/api.py") == ""
    assert is_foreign("C:/work/other/api.py")


def test_an_absolute_path_is_known_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may be read on another system than the one that wrote it."""
    monkeypatch.undo()
    assert repository.is_absolute("C:/work/api.py")
    assert repository.is_absolute("/work/api.py")
    assert not repository.is_absolute("c/api.py")
    assert repository.with_slashes("/work/a\\b.py") == "/work/a\\b.py"


def test_telemetry_shows_nothing_of_the_machine() -> None:
    """Only what lies below the packages' folder is emitted of a third party's file."""
    assert shown_file("C:/venv/Lib/site-packages/six/moves.py", THIRD_PARTY) == "six/moves.py"
    assert shown_file("C:/Users/ann/secret/tool.py", THIRD_PARTY) == "tool.py"


def test_a_folder_of_packages_is_found_on_the_search_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries of `sys.path` have backslashes, and the file of a call site has none."""
    (tmp_path / "cart-1.dist-info").mkdir()
    (tmp_path / "cart-1.dist-info/METADATA").write_text("Name: cart\n")
    (tmp_path / "cart-1.dist-info/RECORD").write_text("cart/api.py,,\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path).replace("/", "\\")])
    assert distribution_of(f"{tmp_path}/cart/api.py") == "cart"


def test_check_names_files_as_a_run_does() -> None:
    scanner = scan.FileScanner(MigrationMap(root=ROOT), ())
    assert scanner.shown(rf"{ROOT}\carts\api.py") == "carts/api.py"
