"""Programs that were frozen or packed, run elsewhere: each use is counted, under its source's name.

The program counts for itself, by a byte that it appends for each use. The canonical module is named
by the migration map alone.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.report import Report, build
from tests.patience import EXITS, PATIENCE

USES = 120
FILES = {
    "enforcer.toml": """\
        [enforcer]
        fail_open = false
        [[rule]]
        legacy = "shop.old"
        canonical = "shop.new"
        """,
    "shop/__init__.py": "",
    "shop/new.py": "def price(): return 'new'\n",
    "shop/old.py": "def price(): return 'old'\n",
    "shop/uses.py": """\
        import os

        def use():
            from shop.old import price
            truth = os.open(os.environ["TRUTH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(truth, b"x")
            os.close(truth)
            return price()
        """,
    "main.py": f"""\
        import os
        import enforcer
        if os.environ.get("MAP"):
            enforcer.enable(os.environ["MAP"])
        import shop.uses
        def main():
            assert {{shop.uses.use() for _ in range({USES})}} == {{"new"}}
        if __name__ == "__main__":
            main()
        """,
}
CALL_SITE = ("shop/uses.py", 4, "use", "own")

# Nothing that the program needs, and much to analyse.
UNUSED = (
    *("asyncio", "attr", "click", "email", "grpc", "http", "multiprocessing", "numpy"),
    *("opentelemetry", "pathspec", "pygments", "pytest", "requests", "rich", "setuptools"),
    *("structlog", "tkinter", "tomlkit", "unittest", "xml", "zope"),
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Write the program; the folder with its sources."""
    for name, text in FILES.items():
        file = tmp_path / "built" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return tmp_path / "built"


def call(*words: str, cwd: Path, **environment: str) -> None:
    """Run a command, which has to succeed."""
    environ = {name: value for name, value in os.environ.items() if "ENFORCER" not in name}
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**environ, **EXITS, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def run(folder: Path, *words: str, **enabling: str) -> Report:
    """Run a packed program from a folder that it does not know, and report all its uses."""
    elsewhere = folder / "elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    elsewhere.mkdir()
    store = elsewhere / "uses.db"
    call(
        *words,
        cwd=elsewhere,
        TRUTH=str(elsewhere / "truth"),
        ENFORCER_STORE=str(store),
        PYTHONPATH="",
        **enabling,
    )
    report = build(str(store))
    (rule,) = report.rules
    assert rule.uses == (elsewhere / "truth").stat().st_size == USES
    return report


def count(folder: Path, *words: str, site: tuple[object, ...] = CALL_SITE, **enabling: str) -> None:
    """Run a packed program; it has one call site, and nothing to say."""
    report = run(folder, *words, **enabling)
    (rule,) = report.rules
    assert [
        (found.file, found.line, found.function, found.relation) for found in rule.call_sites
    ] == [site]
    assert report.dropped == 0
    assert report.notices == ()


@pytest.mark.component("PyInstaller")
@pytest.mark.parametrize("form", ["onedir", "onefile"])
def test_pyinstaller(program: Path, form: str) -> None:
    """The hook bundles the map and what it leads to; the environment enables at start."""
    call(
        *(sys.executable, "-m", "PyInstaller", "--noconfirm", f"--{form}", "--log-level", "WARN"),
        *(f"--exclude-module={name}" for name in UNUSED),
        "main.py",
        cwd=program,
        ENFORCER_MAP=str(program / "enforcer.toml"),
    )
    folder = program.parent
    shutil.move(program / "dist", folder / "moved")
    a_map = shutil.move(program / "enforcer.toml", folder / "enforcer.toml")
    shutil.rmtree(program)
    binary = folder / "moved/main" / ("main" if form == "onedir" else "")

    count(folder, str(binary), ENFORCER_MAP=str(a_map))
    if form == "onedir":  # and the map that was bundled
        count(folder, str(binary), MAP=str(folder / "moved/main/_internal/enforcer.toml"))


@pytest.mark.component("cx_Freeze")
def test_cx_freeze(program: Path) -> None:
    """``os.__file__`` is absent; the modules that only the map names are included by name."""
    names = subprocess.run(
        [sys.executable, "-m", "enforcer.freezing"],
        cwd=program,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout.split()
    assert names == ["shop.new"]
    options = {
        "build_exe": str(program.parent / "moved"),
        "includes": ["shop.uses", "enforcer.runtime.wiring", *names],
        "packages": [
            "enforcer.runtime.imports",
            "enforcer.recording",
            "enforcer.rules",
            "enforcer.store",
        ],
        "excludes": [*UNUSED, "enforcer.cli", "enforcer.dashboard", "enforcer.runtime.telemetry"],
    }
    (program / "setup.py").write_text(
        "from cx_Freeze import Executable, setup\n"
        f"setup(name='x', version='1', executables=[Executable('main.py')], "
        f"options={{'build_exe': {options!r}}})\n"
    )
    call(sys.executable, "setup.py", "build_exe", "--silent", cwd=program)
    folder = program.parent
    a_map = shutil.move(program / "enforcer.toml", folder / "enforcer.toml")
    shutil.rmtree(program)

    count(folder, str(folder / "moved/main"), MAP=str(a_map))


def shiv(program: Path) -> str:
    """Pack the program with its dependencies left to the environment."""
    call(
        *(sys.executable, "-m", "shiv", "--site-packages", str(program / "site")),
        *("-e", "main:main", "-o", str(program.parent / "packed.pyz"), "--no-deps", "-q"),
        *("--compile-pyc", "wrapt"),
        cwd=program,
        SHIV_ROOT=str(program.parent / "shiv"),
    )
    return "site-packages/shop/uses.py"


def pex(program: Path) -> str:
    """Pack the sources of the program as they are."""
    call(
        *(sys.executable, "-m", "pex", "-D", str(program / "site"), "-m", "main"),
        *("-o", str(program.parent / "packed.pyz"), "--inherit-path=fallback"),
        cwd=program,
        PEX_ROOT=str(program.parent / "pex"),
    )
    return "shop/uses.py"


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(shiv, marks=pytest.mark.component("shiv")),
        pytest.param(pex, marks=pytest.mark.component("pex")),
    ],
)
def test_zip_applications(program: Path, pack: Callable[[Path], str]) -> None:
    """They unpack themselves into a cache of the user; their environment is the enforcer's."""
    folder = program.parent
    site = program / "site"
    site.mkdir()
    for name in ("shop", "main.py"):
        shutil.move(program / name, site / name)
    ending = pack(program)
    a_map = shutil.move(program / "enforcer.toml", folder / "enforcer.toml")
    shutil.rmtree(program)
    report = run(
        folder,
        *(sys.executable, str(folder / "packed.pyz")),
        ENFORCER_MAP=str(a_map),
        PEX_ROOT=str(folder / "pex"),
        SHIV_ROOT=str(folder / "shiv"),
    )
    (rule,) = report.rules
    (found,) = rule.call_sites
    assert found.file.endswith(ending)
    assert (found.line, found.function) == (4, "use")
