"""From a repository without a map to a gate that reads its source, command by command."""

import subprocess
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
