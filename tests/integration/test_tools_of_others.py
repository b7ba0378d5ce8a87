"""Real tools that look at modules and loaders, or write on them, work with aliases as without."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ENVIRONMENT = {
    key: value for key, value in os.environ.items() if not key.startswith(("ENFORCER_", "PYTHON"))
}


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, and expect it to succeed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def watched(folder: Path, program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the enforcer enabled from its start."""
    (folder / "program.py").write_text(dedent(program))
    return run(folder, "-m", "enforcer", "run", "--", *(options or ("program.py",)))


def uses(folder: Path) -> dict[tuple[str, str, int], int]:
    """Return what the report counts: legacy path, file and line → uses."""
    report: Any = json.loads(run(folder, "-m", "enforcer", "report", "--format", "json").stdout)
    return {
        (site["path"], site["file"], site["line"]): site["uses"]
        for rule in report["rules"]
        for site in rule["call_sites"]
        if site["mechanism"] != "probe"
    }


def test_templates_of_a_package_in_a_zip(tmp_path: Path) -> None:
    """Jinja2's PackageLoader asks for a zipimporter, and looks into its files."""
    (tmp_path / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "oldpkg.*"\ncanonical = "newpkg.*"\n'
    )
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as file:
        file.writestr("newpkg/__init__.py", "")
        file.writestr("newpkg/templates/hello.txt", "hello {{ name }}")
    done = watched(
        tmp_path,
        """
        import sys
        sys.path.append("packages.zip")
        from jinja2 import Environment, PackageLoader
        for package in ("oldpkg", "newpkg"):
            environment = Environment(loader=PackageLoader(package))
            template = environment.get_template("hello.txt")
            print(template.render(name="you"), environment.list_templates())
        """,
    )
    assert done.stdout == "hello you ['hello.txt']\n" * 2
    assert uses(tmp_path) == {("oldpkg", "program.py", 6): 1}


needs_pkg_resources = pytest.mark.skipif(
    importlib.util.find_spec("pkg_resources") is None, reason="setuptools has no pkg_resources"
)


@needs_pkg_resources
def test_entry_points_of_pkg_resources(tmp_path: Path) -> None:
    """`EntryPoint.resolve` imports a module and then its package, by one call in a library."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old.*"\ncanonical = "new.*"\n')
    (tmp_path / "new/p").mkdir(parents=True)
    (tmp_path / "new/__init__.py").touch()
    (tmp_path / "new/p/__init__.py").write_text("def make(): return 1\n")
    (tmp_path / "new/p/q.py").write_text("def make(): return 2\n")
    (tmp_path / "new/p/data.txt").write_text("data")
    done = watched(
        tmp_path,
        """
        import warnings
        warnings.simplefilter("ignore")
        import pkg_resources
        def load(path):
            return pkg_resources.EntryPoint.parse(f"x = {path}:make").resolve()()
        for _ in range(10):
            load("old.p.q"); load("old.p")
        print(pkg_resources.resource_string("old.p", "data.txt"))
        """,
    )
    assert done.stdout == "b'data'\n"
    found: dict[str, int] = {}
    for (path, _, line), count in uses(tmp_path).items():
        if line == 6:
            found[path] = found.get(path, 0) + count
    assert found == {"old.p.q": 10, "old.p": 10}


KERNELS = """
from jupyter_client.manager import start_new_kernel

for _ in range(2):
    manager, client = start_new_kernel(startup_timeout=600)
    for cell in CELLS:
        reply = client.execute_interactive(cell, timeout=600)
        assert reply["content"]["status"] == "ok", reply
    client.stop_channels()
    manager.shutdown_kernel()
"""


def test_cells_of_a_real_kernel(tmp_path: Path) -> None:
    """Two kernels run the same cells: one call site for each, without a process's number."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    (tmp_path / "new.py").write_text("X = 1\n")
    cells = (
        "import old",
        "def f():\n    from old import X\n    return X\nf(), f()",
        "import importlib; importlib.import_module('old')",
        "%%time\nimport old",
    )
    watched(tmp_path, f"CELLS = {cells!r}\n{KERNELS}")
    report: Any = json.loads(run(tmp_path, "-m", "enforcer", "report", "--format", "json").stdout)
    sites = [site for rule in report["rules"] for site in rule["call_sites"]]
    assert sorted((site["function"], site["line"], site["uses"]) for site in sites) == [
        ("<module>", 1, 2),
        ("<module>", 1, 2),
        ("<module>", 1, 2),
        ("f", 2, 4),
    ]
    assert len({site["file"] for site in sites}) == len(cells)
    assert all(site["file"].startswith("<cell ") for site in sites), sites
    assert {site["relation"] for site in sites} == {"own"}
