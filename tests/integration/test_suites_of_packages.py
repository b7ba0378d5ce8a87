"""The test suites of packages that lean on details of modules pass in stage observe as without.

Each suite comes from the package's source distribution on PyPI and runs twice, with the package
that is installed here: once without the enforcer and once with every module of it observed.
"""

import importlib.metadata
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet
from junitparser import JUnitXml

from tests.integration.test_real_packages import ENVIRONMENT, report

PATIENCE = 900


class Suite(NamedTuple):
    """One package and its tests."""

    name: str
    trees: tuple[str, ...]
    """The modules that are observed."""
    tests: tuple[str, ...]
    """Where its tests lie in the source distribution, and what they need beside them."""
    least: int
    """How many tests there are at least; one that collects nothing proves nothing."""
    options: tuple[str, ...] = ()
    """Options of pytest that it needs here."""
    components: tuple[str, ...] = ("pip",)
    """What it needs; pip, which is everywhere, if that is all."""


SUITES = (
    Suite("six", ("six",), ("test_six.py",), 190),
    Suite("lazy_loader", ("lazy_loader",), ("tests",), 10),
    Suite("pluggy", ("pluggy",), ("testing", "pyproject.toml"), 100),
    Suite(
        "zope.deferredimport",
        ("zope.deferredimport",),
        ("src/zope/deferredimport/tests.py", "docs/narrative.rst"),
        8,
        ("--pyargs", "zope.deferredimport.tests", "--doctest-glob=*.rst", "narrative.rst"),
        ("zope.deferredimport",),
    ),
    Suite("attrs", ("attr", "attrs"), ("tests", "pyproject.toml"), 1200, (), ("pympler",)),
    Suite("wrapt", ("wrapt",), ("tests/core",), 500),
)


def parameters() -> Iterator[ParameterSet]:
    """Mark each suite with what it needs: they take too long for every test run."""
    for suite in SUITES:
        marks = pytest.mark.component(*suite.components)
        yield pytest.param(suite, id=suite.name, marks=marks)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


def unpacked(suite: Suite, folder: Path) -> Path:
    """Download the source distribution of the version that is installed."""
    wanted = f"{suite.name}=={importlib.metadata.version(suite.name)}"
    words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *words, wanted], check=True, timeout=PATIENCE)
    (archive,) = folder.glob(f"{suite.name.replace('.', '[._]')}-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


NARRATIVE = r"""
import re, textwrap
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def as_sphinx_does(doctest_namespace):
    text = Path(__file__).with_name("narrative.rst").read_text()
    setup = re.search(r"testsetup::\n((?:    .*\n|\n)+)", text)[1]
    doctest_namespace["__file__"] = "docs/narrative.rst"
    exec(textwrap.dedent(setup), doctest_namespace)
"""
"""What Sphinx does for the document of zope.deferredimport; a ``conftest.py``."""


def outcomes(suite: Suite, folder: Path, **variables: str) -> dict[str, str]:
    """Run the suite; return each test's outcome."""
    results = folder / "results.xml"
    words = ["-p", "no:cacheprovider", "-q", f"--junitxml={results}", *suite.options]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        env={**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert results.exists(), done.stdout + done.stderr
    found: dict[str, str] = {}
    for case in JUnitXml.fromfile(str(results)):
        for test in case:
            kinds = [type(result).__name__ for result in test.result]
            found[f"{test.classname}::{test.name}"] = kinds[0] if kinds else "Passed"
    results.unlink()
    return found


@pytest.mark.parametrize("suite", list(parameters()))
def test_its_suite_passes_in_observe(suite: Suite, sources: Path, tmp_path: Path) -> None:
    """Every test has the outcome that it has without the enforcer, and uses are recorded."""
    source = unpacked(suite, sources)
    for part in suite.tests:
        copy = shutil.copytree if (source / part).is_dir() else shutil.copy
        copy(source / part, tmp_path / Path(part).name)
    if (tmp_path / "narrative.rst").exists():
        (tmp_path / "conftest.py").write_text(NARRATIVE)
    plain = outcomes(suite, tmp_path)
    assert len(plain) >= suite.least, plain
    rules = "".join(
        f'[[rule]]\nlegacy = "{tree}.*"\ncanonical = "moved.{tree}.*"\nstage = "observe"\n'
        for tree in suite.trees
    )
    (tmp_path / "enforcer.toml").write_text(rules)
    observed = outcomes(suite, tmp_path, ENFORCER_MAP=str(tmp_path / "enforcer.toml"))
    different = {
        test: (plain.get(test), observed.get(test))
        for test in sorted({*plain, *observed})
        if plain.get(test) != observed.get(test)
    }
    assert different == {}
    assert all(rule["uses"] for rule in report(tmp_path)["rules"])
