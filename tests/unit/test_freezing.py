"""What freezers are told to bundle: all that a map leads to."""

import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.freezing import hook_folders
from tests.patience import PATIENCE

MAP = """\
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
[[rule]]
legacy = "tree.*"
canonical = "moved.*"
[[rule]]
legacy = "shop.live:a"
canonical = "shop.other:b"
[[factory]]
legacy = "shop.factories:make"
canonical = "shop.makers:make"
adapter = "shop.adapters:adapt"
[[instances]]
canonical = "shop.carts:Cart"
key = "user"
"""


def freezing(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "enforcer.freezing", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.process
@pytest.mark.parametrize("words", [[], ["enforcer.toml"]])
def test_the_modules_that_a_map_leads_to(tmp_path: Path, words: list[str]) -> None:
    """Nothing is imported; a tree is walked."""
    (tmp_path / "enforcer.toml").write_text(MAP)
    for name in ("__init__", "sub", "deep/__init__", "deep/er"):
        file = tmp_path / f"moved/{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise RuntimeError\n")

    assert freezing(tmp_path, *words).stdout.split() == [
        *("moved", "moved.deep", "moved.deep.er", "moved.sub"),
        *("shop.adapters", "shop.carts", "shop.new", "shop.other"),
    ]


@pytest.mark.process
def test_a_map_that_is_missing(tmp_path: Path) -> None:
    done = freezing(tmp_path, "gone.toml")
    assert done.returncode == 2
    assert "(map-not-found)" in done.stderr


def test_hooks_are_where_pyinstaller_looks() -> None:
    (folder,) = hook_folders()
    assert Path(folder, "hook-enforcer.py").is_file()
    assert Path(folder, "rthooks", "pyi_rth_enforcer.py").is_file()
