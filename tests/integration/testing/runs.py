"""A small project for ``pytest --enforcer``, and what its runs write."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

FILES = {
    "enforcer.toml": """\
        [[rule]]
        legacy = "old"
        canonical = "new"
        owner = "@shop"
        reason = "one of each"
        remove_after = 2027-03-31
        """,
    "new.py": "X = 1",
    "app.py": """\
        def first():
            from old import X
            return X
        def second():
            import old
            return old.X
        """,
    "pytest.ini": "[pytest]\ntestpaths = tests\npythonpath = .\n",
    "tests/test_app.py": """\
        import app
        def test_first(): assert app.first() == 1
        def test_second(): assert app.second() == 1
        """,
}
BASELINE = """\
version = 1
call_sites = [
  { path = "old", file = "app.py", function = "first", kind = "import_statement", count = 1 },
  { path = "old", file = "app.py", function = "second", kind = "import_statement", count = 1 },
]
"""
GIT = shutil.which("git") or "git"
QUICK = [
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:anyio",
    "-p",
    "no:typeguard",
]
SEPARATE = [(), ("-n", "2")]

Pytest = Callable[..., subprocess.CompletedProcess[str]]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(text))


def summary(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Give the lines of the enforcer's section."""
    lines = done.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if "legacy import paths" in line)
    rest = lines[start + 1 :]
    end = next((i for i, line in enumerate(rest) if line.startswith("=")), len(rest))
    return [line for line in rest[:end] if line]


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, as somebody."""
    own = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    subprocess.run([GIT, *own, *words], cwd=folder, check=True, capture_output=True)
