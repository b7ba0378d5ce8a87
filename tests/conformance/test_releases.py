"""Programs that are deployed: behind symlinks, without their sources, compiled elsewhere."""

import json
import os
import py_compile
import shutil
import subprocess
import sys

import pytest

from enforcer.runtime.imports.callers import Ownership
from tests.patience import PATIENCE

USES = "def use():\n    from shop.old import price\n    return price()\n"
PROGRAM = """\
import json, sys
import enforcer
enforcer.enable(sys.argv[1], store=False)
import shop.uses
shop.uses.use()
uses = enforcer.collect()[0]
print(json.dumps([[use.site.file, use.site.line, use.site.relation, use.outcome] for use in uses]))
"""
MAP = '[enforcer]\nfail_open = false\n[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
BASELINE = """\
version = 1
call_sites = [
{ path = "shop.old", file = "shop/uses.py", function = "use", kind = "import_statement" },
]
"""


@pytest.fixture
def release(tmp_path):
    """Lay out a release, and ``current``, which leads to it."""
    folder = tmp_path / "releases/1"
    files = {
        "enforcer.toml": MAP,
        "enforcer-baseline.toml": BASELINE,
        "main.py": PROGRAM,
        "shop/__init__.py": "",
        "shop/new.py": "def price(): return 1\n",
        "shop/old.py": "def price(): return 1\n",
        "shop/uses.py": USES,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "current").symlink_to("releases/1")
    return folder


def run(program, migration_map, *, cwd, **environment):
    """Run a program, and return its call sites."""
    done = subprocess.run(
        [sys.executable, str(program), str(migration_map)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("stage", ["alias", "strict"])
@pytest.mark.parametrize(
    ("program", "migration_map"),
    [("current", "releases/1"), ("releases/1", "current"), ("current", "current")],
)
@pytest.mark.usefixtures("release")
def test_a_root_behind_a_symlink(tmp_path, stage, program, migration_map):
    """Own code is own code under both spellings, and strict knows its baseline."""
    sites = run(
        tmp_path / program / "main.py",
        tmp_path / migration_map / "enforcer.toml",
        cwd=tmp_path,
        ENFORCER_STAGE=stage,
    )
    outcome = "exempted" if stage == "strict" else "aliased"
    assert sites == [["shop/uses.py", 2, "own", outcome]]


def test_each_file_has_one_name_however_it_is_spelled(release, tmp_path):
    """The root, links below it, a virtual environment, and the rest of the repository."""
    current = tmp_path / "current"
    installed = "venv/lib/python3/site-packages/six.py"
    for name in ("src/cart.py", installed, "vendored.py"):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).touch()
    (release / "lib").symlink_to("src")
    elsewhere = tmp_path / "cache/bazel.py"
    elsewhere.parent.mkdir()
    elsewhere.touch()
    (release / "farm.py").symlink_to(elsewhere)
    (tmp_path / ".git").mkdir()
    (tmp_path / "tests").mkdir()

    for root in (current, release):
        ownership = Ownership(str(root), str(root / "enforcer.toml"))
        for spelled in (current, release):
            assert ownership.of(f"{spelled}/src/cart.py") == ("own", "src/cart.py")
            assert ownership.of(f"{spelled}/lib/cart.py") == ("own", "src/cart.py")
            assert ownership.of(f"{spelled}/farm.py")[0] == "own"
            assert ownership.of(f"{spelled}/{installed}") == ("third_party", f"{root}/{installed}")
        assert ownership.of(f"{tmp_path}/tests/test_cart.py")[0] == "own"


def test_links_are_followed_once_a_file(release, tmp_path, monkeypatch):
    """A look-up asks the system for each part of the path."""
    ownership = Ownership(str(tmp_path / "current"))
    asked = []
    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path: asked.append(path) or real(path))
    for _ in range(3):
        assert ownership.of(str(release / "shop/uses.py")) == ("own", "shop/uses.py")
    assert len(asked) == 1


def test_a_map_far_from_the_root_makes_nothing_else_own_code(tmp_path):
    """A map in /etc and a root in /app share the whole disk, which is no repository."""
    root = tmp_path / "app"
    root.mkdir()
    assert Ownership(str(root), "/etc/enforcer.toml").of("/opt/tool/run.py")[0] == "third_party"


@pytest.mark.parametrize("told", ["absolute", "relative"])
@pytest.mark.parametrize("cwd", ["", "releases/1", "releases/1/shop"])
def test_code_that_was_compiled_elsewhere(release, tmp_path, told, cwd):
    """A .pyc without its source has the name that the source had in the folder of the build."""
    build = "/build/shop/uses.py" if told == "absolute" else "shop/uses.py"
    file = release / "shop/uses.py"
    py_compile.compile(str(file), cfile=f"{file}c", dfile=build, doraise=True)
    file.unlink()

    sites = run(release / "main.py", release / "enforcer.toml", cwd=tmp_path / cwd)

    assert sites == [["shop/uses.py", 2, "own", "aliased"]]


@pytest.mark.parametrize("cwd", ["", "releases/1"])
def test_a_relative_name_is_meant_from_the_root(release, tmp_path, cwd):
    """As ``runpy`` and ``exec`` take one; the working directory says nothing."""
    text = USES + "use()\n"
    (release / "main.py").write_text(
        PROGRAM.replace(
            "import shop.uses\nshop.uses.use()",
            f"exec(compile({text!r}, 'jobs/x.py', 'exec'), {{}})",
        )
    )
    sites = run(release / "main.py", release / "enforcer.toml", cwd=tmp_path / cwd)

    assert sites == [["jobs/x.py", 2, "own", "aliased"]]


def test_a_template_that_runs_in_a_module_keeps_its_file(release, tmp_path):
    template = release / "pages/cart.tmpl"
    template.parent.mkdir()
    template.write_text(USES)
    (release / "shop/uses.py").write_text(
        f"exec(compile(open({str(template)!r}).read(), {str(template)!r}, 'exec'))\n"
    )
    sites = run(release / "main.py", release / "enforcer.toml", cwd=tmp_path)

    assert sites == [["pages/cart.tmpl", 2, "own", "aliased"]]


def test_a_release_that_is_gone(release, tmp_path):
    """A program that goes on after its folder was removed."""
    (release / "main.py").write_text(
        PROGRAM.replace(
            "shop.uses.use()", "__import__('shutil').rmtree(sys.path[0])\nshop.uses.use()"
        ).replace("import shop.uses\n", "import shop.uses, shop.old\n")
    )
    sites = run(release / "main.py", release / "enforcer.toml", cwd=tmp_path)

    assert ["shop/uses.py", 2, "own", "aliased"] in sites
    shutil.rmtree(tmp_path / "releases")
