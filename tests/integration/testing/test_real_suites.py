"""The suites of jinja2, marshmallow and werkzeug, with one module of theirs moved by hand.

They pass as they do without the enforcer, test by test: aliased, and strict with their baseline.
The sources come from PyPI, because no wheel has its tests.
"""

import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from tests.patience import PATIENCE, environment_without

COMPONENT = pytest.mark.component("pip")  # which every environment has: these take a minute
LONG = pytest.mark.long  # and these many, so that `make suites` runs them
DOWNLOAD = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
PYTEST = [
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:anyio",
]


class Suite(NamedTuple):
    """A package whose module is moved, and what its tests need."""

    name: str
    version: str
    moved: str
    needs: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


OF_THE_CLOCK = (
    "tests/test_deserialization.py::TestFieldDeserialization::test_invalid_datetime_deserialization"
)
SUITES = {
    "jinja2": Suite("jinja2", "3.1.6", "utils", ("markupsafe", "trio")),
    "marshmallow": Suite(
        "marshmallow",
        "4.0.1",
        "validate",
        ("simplejson",),
        # Its parameters are the time of collection, to the second. Workers of pytest-xdist that
        # collect in two different seconds refuse to run, without the enforcer as with it.
        (f"--deselect={OF_THE_CLOCK}",),
    ),
    "werkzeug": Suite(
        "werkzeug",
        "3.1.3",
        "http",
        ("markupsafe", "cryptography", "ephemeral-port-reserve", "watchdog", "pytest-timeout"),
        # They start a server with an environment of its own, which finds werkzeug only where
        # it is installed and not on PYTHONPATH. Without it, with the enforcer or not, they wait
        # for ever for the server's first answer (DevServerClient.wait_ready).
        ("-m", "not dev_server"),
    ),
}
WAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plain": ((), ()),
    "xdist": (("-n", "2"), ()),
    "importlib": (("--import-mode=importlib",), ()),
    "cov": (("--cov={name}", "--cov-report="), ("pytest-cov", "coverage")),
    "randomly": (("-p", "randomly", "-p", "no:xdist"), ("pytest-randomly",)),
}
"""Options of pytest, and the plugins that they need."""


class Tree:
    """The sources of a package, its dependencies, and what runs of its tests gave."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.suite = suite
        self._deps = folder / "deps"
        self._plugins = folder / "plugins"
        archive = folder / "sdist"
        fetch = ["download", "--no-deps", "--no-binary", ":all:", "--dest", str(archive)]
        run(*DOWNLOAD, *fetch, f"{suite.name}=={suite.version}")
        install = ("install", "--target", str(self._deps), "--no-deps")
        if suite.needs:
            run(*DOWNLOAD, *install[:3], *suite.needs)
        for shadow in ("pytest", "_pytest", "pluggy"):
            run("rm", "-rf", str(self._deps / shadow))
        self._install = install
        self.folders = {
            name: unpacked(next(archive.glob("*.tar.gz")), folder / name)
            for name in ("original", "moved")
        }
        self.move()

    def move(self) -> None:
        """Move the module, and write the map beside it."""
        name, moved = self.suite.name, self.suite.moved
        folder = self.folders["moved"]
        source = folder / "src" / name / f"{moved}.py"
        source.rename(source.with_name(f"moved_{moved}.py"))
        (folder / "enforcer.toml").write_text(
            f'[[rule]]\nlegacy = "{name}.{moved}"\ncanonical = "{name}.moved_{moved}"\n'
        )

    def test(self, tree: str, way: str, *words: str) -> Counter[tuple[str, str]]:
        """Run the tests; return their outcomes."""
        options, plugins = WAYS[way]
        folder = self.folders[tree]
        path = [str(folder / "src"), str(self._deps)]
        for plugin in plugins:
            target = self._plugins / plugin
            if not target.exists():
                run(*DOWNLOAD, *self._install[:1], "--no-deps", "--target", str(target), plugin)
            path.append(str(target))
        report = folder / "report.xml"
        report.unlink(missing_ok=True)  # that of the run before
        own = [word.format(name=self.suite.name) for word in options]
        ran = subprocess.run(
            [*PYTEST, f"--junitxml={report}", *own, *self.suite.words, *words],
            cwd=folder,
            env=environment_without("ENFORCER_", "PYTEST_", "PYTHON", "CI")
            | {"PYTHONPATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=12 * PATIENCE,
        )
        assert report.exists(), ran.stdout + ran.stderr
        found = outcomes(report, folder)
        shown = f"{self.suite.name} {way} {tree} {' '.join(words[:3])}: {summed_up(found)}"
        sys.stdout.write(f"{shown}\n")  # pytest -rP
        if "--enforcer" in words:
            assert "legacy import paths" in ran.stdout, ran.stdout + ran.stderr
            assert ran.stdout.rpartition("legacy import paths")[2].count("\n0 new") == 1, ran.stdout
        return found


def run(*words: str, cwd: Path | None = None) -> None:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top


def outcomes(report: Path, folder: Path) -> Counter[tuple[str, str]]:
    """Count outcomes by test, without what differs from run to run in names of parameters.

    Numbers, because some are of the clock, and the folder, because some are paths.
    """
    found: Counter[tuple[str, str]] = Counter()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest's own
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        name = f"{case.get('classname')}::{case.get('name')}".replace(str(folder), "")
        name = re.sub(r"\d+", "#", name)
        found[name, ",".join(kinds) or "passed"] += 1
    return found


def summed_up(found: Counter[tuple[str, str]]) -> str:
    """Return how many tests had which outcome, to show what was compared."""
    sums: Counter[str] = Counter()
    for (_, outcome), count in found.items():
        sums[outcome] += count
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(sums.items()))


def mark_of(name: str, way: str) -> list[pytest.MarkDecorator]:
    """Return how long a suite takes, all in all."""
    is_quick = name == "marshmallow" or (name, way) == ("jinja2", "plain")
    return [COMPONENT if is_quick else LONG]


@pytest.fixture(scope="module")
def trees() -> dict[str, Tree]:
    """Keep the trees that were made."""
    return {}


@pytest.mark.parametrize(
    ("name", "way"),
    [pytest.param(name, way, marks=mark_of(name, way)) for name in SUITES for way in WAYS],
)
def test_a_suite_passes_as_it_does_without(
    name: str, way: str, trees: dict[str, Tree], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In alias, which makes the baseline, and in strict with that."""
    if name not in trees:
        trees[name] = Tree(SUITES[name], tmp_path_factory.mktemp(name))
    tree = trees[name]
    seen = ("--enforcer-stage", "alias", "--enforcer-record", "run.json")
    update = ("baseline", "update", "--record", "run.json", "--allow-new")

    without = tree.test("original", way)
    aliased = tree.test("moved", way, "--enforcer", *seen)
    run(sys.executable, "-m", "enforcer", *update, cwd=tree.folders["moved"])
    strict = tree.test("moved", way, "--enforcer")

    assert sum(count for (_, outcome), count in without.items() if outcome == "passed") > 500
    assert aliased == without
    assert strict == without
