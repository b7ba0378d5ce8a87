"""``enforcer export``: real linters refuse what the map calls legacy."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import in_this_process
from tests.examples import write_files
from tests.pages import blocks, shows
from tests.unit.cli.conftest import Enforcer

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent

MAP = """
[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"
reason = 'say "cart"'

[[rule]]
legacy = "shop.tills.*"
canonical = "shop.pos.*"

[[rule]]
legacy = "shop.prices:vat"
canonical = "shop.prices:tax"
"""
FILES = {
    "shop/__init__.py": "",
    "shop/cart.py": "class Cart: ...\n",
    "shop/old_cart.py": "from shop.cart import Cart\n",
    "shop/prices.py": "tax = vat = 1\n",
    "shop/tills/__init__.py": "",
    "shop/tills/drawer.py": "",
    "shop/app.py": "from shop.old_cart import Cart\nimport shop.tills.drawer\n",
    "shop/sums.py": "from shop.prices import vat\n",
    "shop/good.py": "from shop.cart import Cart\nfrom shop.prices import tax\n",
}


@pytest.fixture
def shop(folder: Path) -> Path:
    for name, text in {**FILES, "enforcer.toml": MAP}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(shop: Path, *words: str) -> str:
    program, *rest = words
    done = subprocess.run(
        [str(BIN / program), *rest], cwd=shop, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_the_page_shows_what_is_printed(tmp_path: Path, environ: dict[str, str]) -> None:
    page = (ROOT / "docs" / "export.md").read_text("utf-8")
    write_files(page, tmp_path)
    commands = [command for block in blocks(page) for command in block]
    assert len(commands) == 2

    for command, shown in commands:
        output = in_this_process(command.split()[1:], tmp_path, environ).stdout
        assert shows(output, [line for line in shown if line]), (command, output)


@pytest.mark.process
@pytest.mark.parametrize("own", [True, False])
def test_ruff_refuses_legacy_paths(shop: Path, enforcer: Enforcer, own: bool) -> None:  # noqa: FBT001
    words = ["--own-file"] if own else []
    file = "ruff.toml" if own else "pyproject.toml"
    (shop / file).write_text(enforcer("export", "ruff", *words).stdout)

    output = run(shop, "ruff", "check", "--no-cache", "--select=TID251", "--output-format=concise")

    assert [line.partition(" ")[0] for line in output.splitlines() if "TID251" in line] == [
        "shop/app.py:1:1:",
        "shop/app.py:2:8:",
        "shop/sums.py:1:25:",
    ]
    assert 'Use shop.cart. say "cart"' in output


@pytest.mark.process
@pytest.mark.parametrize("own", [True, False])
def test_import_linter_refuses_legacy_modules(
    shop: Path,
    enforcer: Enforcer,
    own: bool,  # noqa: FBT001
) -> None:
    text = enforcer("export", "import-linter", *(["--own-file"] if own else [])).stdout
    if own:
        (shop / ".importlinter").write_text(text)
    else:
        head = '[tool.importlinter]\nroot_packages = ["shop"]\n'
        (shop / "pyproject.toml").write_text(head + text)

    output = run(shop, "lint-imports", "--no-cache")

    assert "shop.app -> shop.old_cart" in output
    assert "shop.app -> shop.tills.drawer" in output
    assert "shop.good" not in output
    (shop / "shop" / "app.py").write_text("")
    done = subprocess.run([str(BIN / "lint-imports"), "--no-cache"], cwd=shop, check=False)
    assert done.returncode == 0
