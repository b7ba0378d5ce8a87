"""An earlier version and this one share a map, a store, a baseline and a cache.

In turn and at once: an upgrade can be rolled out host by host, and the wheel can be rolled back.
"""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from enforcer.store import emission
from enforcer.store.sqlite.opening import open_to_read
from tests.installing import Python
from tests.integration.telemetry.receiving import free_port
from tests.patience import PATIENCE, environment_without

pytestmark = pytest.mark.component("pip")  # which every environment has: these take minutes

FILES = {
    "pkg/__init__.py": "",
    "pkg/new.py": "class X: pass\n",
    "pkg/mod.py": "def old(): pass\ndef new(): pass\n",
    "pkg/refused.py": "",
    "program.py": """\
import sys
for _ in range(int(sys.argv[1])):
    from pkg.old import X
    import pkg.mod
    name = pkg.mod.old
import pkg.new
assert X is pkg.new.X
assert name is pkg.mod.new
if sys.argv[2:]:
    from pkg.refused import X as same
    assert same is X
""",
    "enforcer.toml": """\
[enforcer]
service = "shop"
[[rule]]
legacy = "pkg.old"
canonical = "pkg.new"
reason = "moved"
[[rule]]
legacy = "pkg.mod:old"
canonical = "pkg.mod:new"
[[rule]]
legacy = "pkg.refused"
canonical = "pkg.new"
stage = "strict"
""",
}


class Version:
    """One version in an environment of its own, which works in a world that it shares."""

    def __init__(self, python: Python, world: Path) -> None:
        self.python = python
        self.world = world

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**environment_without("ENFORCER", "PYTHON", "OTEL"), **variables}
        return subprocess.run(
            [self.python.path, *words],
            cwd=self.world,
            env={**environment, "ENFORCER_MAP": str(self.world / "enforcer.toml")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def use(self, count: int, *more: str) -> None:
        """Use each legacy path so often; the program does what it does without the enforcer."""
        done = self.run("program.py", str(count), *more)
        assert (done.returncode, done.stderr) == (0, "")

    def run_module(self, *words: str) -> str:
        """Run a module, which has to succeed."""
        done = self.run("-m", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(
            self.run_module("enforcer", "report", "--format", "json")
        )
        return document


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def old(earlier: Python, world: Path) -> Version:
    return Version(earlier, world)


@pytest.fixture
def new(today: Python, world: Path) -> Version:
    return Version(today, world)


def uses(report: dict[str, Any]) -> dict[str, int]:
    return {rule["legacy"]: rule["uses"] for rule in report["rules"]}


def check_counts(old: Version, new: Version, count: int, processes: int) -> None:
    """Both versions read the same, and it is all there is."""
    expected = {"pkg.old": count, "pkg.mod:old": count, "pkg.refused": 0}
    for report in (old.report(), new.report(), old.report()):
        assert uses(report) == expected
        assert report["processes"] == processes
        assert report["dropped"] == 0
    new.run_module("enforcer", "store", "check")


@pytest.mark.parametrize("order", ["old new old new", "new old new old"])
def test_in_turn(old: Version, new: Version, order: str) -> None:
    versions = {"old": old, "new": new}
    for number, name in enumerate(order.split(), 1):
        versions[name].use(10**number)
    check_counts(old, new, 11_110, 4)


def test_at_once(old: Version, new: Version) -> None:
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(one.use, 500) for one in (old, new) * 4]:
            each.result()
    check_counts(old, new, 4_000, 8)


def test_the_ledger_of_telemetry_is_ignored_by_the_earlier_version(
    old: Version, new: Version
) -> None:
    """It goes on to write the store, and nothing is lost of either."""
    sending = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    for number, name in enumerate(("new", "old", "new", "old"), 1):
        if name == "old":
            old.use(10**number)
        else:
            done = new.run("program.py", str(10**number), **sending)
            assert done.returncode == 0, done.stderr
    check_counts(old, new, 11_110, 4)
    with closing(open_to_read(str(new.world / ".enforcer/uses.db"))) as connection:
        missing, processes, _ = emission.waiting(connection, 0)
    assert (missing, processes) == (2 * 1_010, 2)


def test_a_process_that_uses_nothing(old: Version, new: Version) -> None:
    """However it says that it was there, both count it, before and after the others write."""
    for one in (new, old, new):
        one.use(1)
    for one in (new, old, new):
        done = one.run("-c", "import json")
        assert (done.returncode, done.stderr) == (0, "")
    assert new.report()["processes"] == 6
    old.use(1)
    new.use(1)
    check_counts(old, new, 5, 8)


def test_baseline_of_this_version_holds_in_the_earlier_one(old: Version, new: Version) -> None:
    """What it can't read stops nobody: it says so, and refuses nothing."""
    test = new.world / "test_it.py"
    test.write_text("def test_it():\n    from pkg.refused import X\n")
    options = ["--enforcer", "--enforcer-stage", "alias", "--enforcer-record", "run.json"]
    new.run_module("pytest", "-q", *options, str(test))
    new.run_module("enforcer", "baseline", "update", "--record", "run.json", "--allow-new")
    baseline = new.world / "enforcer-baseline.toml"
    written = baseline.read_text()
    assert "pkg.refused" in written
    for one in (old, new):
        done = one.run("-c", "import test_it; test_it.test_it()")
        assert done.returncode == 0, done.stderr
    assert baseline.read_text() == written
