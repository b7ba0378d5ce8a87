"""Each way of enabling, with each way of installing, from a wheel that was really built."""

import importlib.metadata
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from enforcer.distribution import DISTRIBUTION
from tests.installing import PROJECT, Python, build, empty, pip

WAYS = ("environment", "enforcer run", "code")
STARTUP_FILE = "enforcer_startup.pth"

PROGRAM = """\
import sys
sys.path[:0] = [{folder!r}]
{enable}
import enforcer
import shop.uses
shop.uses.use(20)
print(enforcer.__file__)
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Build a wheel, once; everywhere.py gives the same one to each interpreter."""
    built = os.environ.get("CONFORMANCE_WHEEL")
    return Path(built) if built else build(PROJECT, tmp_path_factory.mktemp("wheel"))


def virtual(folder, wheel):
    python = empty(folder / "venv")
    python.install(wheel)
    return python


def nested(folder, wheel):
    outer = virtual(folder, wheel)
    inner = empty(folder / "inner", maker=outer.path)
    inner.install(wheel)
    return inner


def editable(_, __):
    about = json.loads(importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json"))
    assert about["dir_info"] == {"editable": True}, "run the tests in an editable install"
    return Python(sys.executable, PROJECT)


def of_user(folder, wheel):
    python = empty(folder / "venv", "--system-site-packages")
    user = {"PYTHONUSERBASE": str(folder / "user")}
    python.install(wheel, "--user", **user)
    return Python(python.path, next((folder / "user").rglob(STARTUP_FILE)).parent, **user)


def twice(folder, wheel):
    user = of_user(folder, wheel)
    python = Python(user.path, next((folder / "venv").rglob("dependencies.pth")).parent)
    python.install(wheel, "--ignore-installed", PYTHONNOUSERSITE="1")
    assert (python.package / STARTUP_FILE).exists()
    return Python(python.path, python.package, **user.environment)


def zipped(folder, wheel):
    python = empty(folder / "venv")
    archive = shutil.copy(wheel, folder / "packages.zip")
    line = (PROJECT / "startup" / STARTUP_FILE).read_text().strip()
    python.write("packages.pth", archive, line)
    return Python(python.path, archive)


def target(folder, wheel):
    python = empty(folder / "venv")
    python.install(wheel, "--target", folder / "target")
    return Python(python.path, folder / "target", PYTHONPATH=str(folder / "target"))


def target_as_site_folder(folder, wheel):
    python = target(folder, wheel)
    line = f"import site; site.addsitedir({str(python.package)!r})"
    next((folder / "venv").rglob("dependencies.pth")).with_name("more.pth").write_text(line)
    return Python(python.path, python.package)


def target_with_at_start(folder, wheel):
    python = target(folder, wheel)
    first = python.package / "enforcer" / "at_start"
    return Python(python.path, python.package, PYTHONPATH=f"{first}:{python.package}")


INSTALLS = {
    "virtual environment": virtual,
    "virtual environment made by another one": nested,
    "editable": editable,
    "user site folder": of_user,
    "user site folder and virtual environment": twice,
    "zip, named in a .pth": zipped,
    "pip install --target, on PYTHONPATH": target,
    "pip install --target, as a site folder": target_as_site_folder,
    "pip install --target, behind enforcer/at_start": target_with_at_start,
}
OFF = {("pip install --target, on PYTHONPATH", "environment")}


def rows(*, off):
    pairs = [(install, way) for install in INSTALLS for way in WAYS]
    return [pytest.param(*pair, id=", ".join(pair)) for pair in pairs if (pair in OFF) is off]


@pytest.fixture(scope="session")
def installed(tmp_path_factory, wheel):
    """Install in one of the ways; once."""
    made = {}

    def install(kind):
        if kind not in made:
            made[kind] = INSTALLS[kind](tmp_path_factory.mktemp("install"), wheel)
        return made[kind]

    return install


def start(world, python, way, *options):
    enable, before = world.enable(way)
    world.environment |= python.environment
    world.write("app.py", PROGRAM.format(folder=str(world.folder), enable=enable))
    output = world.run([python.path, *before[1:], *options, "app.py"])
    assert Path(output.strip()).parents[1] == python.package


@pytest.mark.parametrize(("kind", "way"), rows(off=False))
def test_install(world, installed, kind, way):
    start(world, installed(kind), way)
    assert world.expect(20)["processes"] == 1


@pytest.mark.parametrize(("kind", "way"), rows(off=True))
def test_install_off(world, installed, kind, way):
    start(world, installed(kind), way)
    world.expect_nothing(20)


@pytest.mark.parametrize(
    "option", [pytest.param(option, id=f"user site folder, {option}") for option in ("-s", "-I")]
)
def test_user_folder_off(world, installed, option):
    python = installed("user site folder")
    world.enable("environment")
    world.environment |= python.environment
    path = f"import sys; sys.path[:0] = [{str(world.folder)!r}]"
    world.write("app.py", f"{path}; import shop.uses; shop.uses.use(20)")
    world.run([python.path, option, "app.py"])
    world.expect_nothing(20)


def modules(world, python):
    """Name what is loaded when a program begins."""
    program = "import sys; print(*sorted(sys.modules))"
    return world.run([python.path, "-c", program]).split()


def test_without_the_variable_the_same_modules_are_loaded(world, wheel, tmp_path):
    python = empty(tmp_path / "venv")
    # What site itself loads for any startup file (a codec, in 3.13) is not the enforcer's.
    python.write("another.pth", "import os")
    before = modules(world, python)
    python.install(wheel)
    assert modules(world, python) == before
    world.environment["ENFORCER_MAP"] = str(world.map)
    assert "enforcer.startup" in modules(world, python)


def test_uninstalling_leaves_nothing(world, wheel, tmp_path):
    world.enable("environment")
    python = empty(tmp_path / "venv")
    before = sorted(python.package.iterdir())
    python.install(wheel)
    pip(python.path, "uninstall", "--yes", DISTRIBUTION)
    assert sorted(python.package.iterdir()) == before
    world.write("app.py", "import shop.uses; shop.uses.use(20)")
    world.run([python.path, "app.py"])
    world.expect_nothing(20)


def test_a_sitecustomize_of_the_program_is_run_as_well(world, installed):
    world.enable("environment")
    world.write("own/sitecustomize.py", "import shop.uses; shop.uses.use(5)")
    world.write("app.py", "import sitecustomize; print(sitecustomize.__file__)")
    python = installed("pip install --target, behind enforcer/at_start")
    own = world.folder / "own"
    path = f"{python.environment['PYTHONPATH']}:{own}:{world.folder}"
    world.environment["PYTHONPATH"] = path
    assert world.run([python.path, "app.py"]) == f"{own / 'sitecustomize.py'}\n"
    world.expect(5)
