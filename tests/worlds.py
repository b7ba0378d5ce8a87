"""A small program of a test, and the truth about what it did.

Each time the program has used its legacy path it says so in a file, by its own means. The store
has to agree to the last use, whatever processes the program consisted of and however they ended.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from enforcer.report import build
from enforcer.report.as_json import as_json
from enforcer.store import StoreError
from tests.patience import PATIENCE, environment_without, wait_beside

T = TypeVar("T")

USES = """\
\"\"\"Use a legacy path, and say so.\"\"\"

import os

TRUTH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "truth")


def use(times=1):
    for _ in range(times):
        from shop.old import price

        truth = os.open(TRUTH, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(truth, b"x")
        os.close(truth)
    return price()
"""
MAP = """\
[enforcer]
sigterm = true
service = "shop"
fail_open = false

[[rule]]
legacy = "shop.old"
canonical = "shop.new"
"""
CALL_SITE = ("shop/uses.py", USES[: USES.index("from shop.old")].count("\n") + 1, "use")


class World:
    """A folder with a program and a migration map, and what was recorded of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.map = folder / "enforcer.toml"
        self.environment = environment_without("CELERY", "ENFORCER", "GUNICORN", "PYTEST", "PYTHON")
        self.environment |= {
            # Nothing is written but at the end, so the end has to be noticed.
            "ENFORCER_FLUSH_INTERVAL": "3600",
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.write("enforcer.toml", MAP)
        self.write("shop/__init__.py", "")
        self.write("shop/new.py", "def price(): return 'new'\n")
        self.write("shop/old.py", "def price(): return 'old'\n")
        self.write("shop/uses.py", USES)

    def write(self, path: str, source: str) -> Path:
        """Write a file of the program."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
        return file

    def enable(self, way: str) -> tuple[str, list[str]]:
        """Prepare a way of enabling; give the line of code and the words that it begins with."""
        if way == "environment":
            self.environment["ENFORCER_MAP"] = str(self.map)
        if way == "enforcer run":
            return "", [sys.executable, "-m", "enforcer", "run", "--map", str(self.map), "--"]
        line = f"import enforcer; enforcer.enable({str(self.map)!r})" if way == "code" else ""
        return line, []

    def run(self, words: list[str], **options: Any) -> str:  # noqa: ANN401 - subprocess.run's
        """Run a program to its end; nothing may be said on standard error."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **options,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return str(done.stdout)

    @property
    def truth(self) -> int:
        """How often the program has used its legacy path."""
        file = self.folder / "truth"
        return file.stat().st_size if file.exists() else 0

    @property
    def report(self) -> dict[str, Any]:
        """What was recorded, as ``enforcer report --format json`` writes it."""
        report: dict[str, Any] = json.loads(
            as_json(build(str(self.folder / ".enforcer" / "uses.db")))
        )
        return report

    def has_counted(self, uses: int) -> bool:
        """Return whether so many uses are in the store by now."""
        try:
            return sum(int(rule["uses"]) for rule in self.report["rules"]) == uses
        except StoreError:  # there is none yet
            return False

    def expect(self, uses: int, *others: tuple[str, int, str]) -> dict[str, Any]:
        """Check what was recorded.

        Args:
            uses: how often the program used its legacy path.
            others: further call sites, each used once: file, line, function.

        """
        assert self.truth == uses
        report = self.report
        found = {
            (site["file"], site["line"], site["function"]): site["uses"]
            for site in report["rules"][0]["call_sites"]
        }
        assert found == {CALL_SITE: uses, **dict.fromkeys(others, 1)}
        assert (report["dropped"], report["notices"]) == (0, [])
        return report

    def expect_nothing(self, uses: int) -> None:
        """Check that the program used its legacy path, and that nobody watched."""
        assert self.truth == uses
        # `enforcer run` keeps the compiled map, and a process that watches the store.
        assert not list(self.folder.glob(".enforcer/uses.db*"))


class Server:
    """A program that runs until it is told to stop; it ends with the test in any case."""

    def __init__(self, world: World, words: list[str]) -> None:
        self.log = world.folder / "log"
        self.output = self.log.open("wb")
        self.process = subprocess.Popen(
            words,
            cwd=world.folder,
            env=world.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.output.close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self.log.read_text()

    def wait_for(self, condition: Callable[[], T]) -> T:
        """Wait until something holds, and give it."""
        return wait_beside(self.process, condition, lambda: self.said)

    def stop(self) -> None:
        """End it as an operator does; the enforcer has nothing to say about that."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        assert "enforcer: " not in self.said
