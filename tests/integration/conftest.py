"""Run real programs with the enforcer enabled by the environment, and report on them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.commands import in_this_process
from tests.installing import (
    PROJECT,
    Python,
    build,
    build_commit,
    empty,
    give_earlier_exits_time,
)
from tests.patience import PATIENCE, WAIT_UNTIL, environment_without

COMPONENTS = {
    "PyInstaller": "pip install pyinstaller",
    "apache2": "apt-get install apache2 apache2-dev",
    "check_jsonschema": "pip install check-jsonschema",
    "chdb": "pip install chdb clickhouse-connect",
    "chromium": "apt-get install chromium, and pip install playwright axe-core-python",
    "cx_Freeze": "pip install cx-freeze",
    "ddtrace": "pip install ddtrace",
    "gevent": "pip install gevent",
    "grafana_foundation_sdk": "pip install grafana-foundation-sdk==1769699379!11.6.0 jsonschema",
    "greenlet": "pip install greenlet",
    "ipykernel": "pip install ipykernel",
    "jupyter_client": "pip install jupyter-client",
    "mod_wsgi": "pip install mod_wsgi",
    "opentelemetry.distro": "pip install opentelemetry-distro",
    "pex": "pip install pex",
    "pip": "python -m ensurepip",
    "opentelemetry.exporter.otlp.proto.grpc": "pip install opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry.exporter.prometheus": "pip install opentelemetry-exporter-prometheus",
    "opentelemetry.instrumentation.asgi": "pip install opentelemetry-instrumentation-asgi",
    "prometheus": "apt-get install prometheus",
    "promtool": "apt-get install prometheus",
    "pympler": "pip install pympler",
    "rotel": "pip install rotel",
    "shiv": "pip install shiv",
    "trio": "pip install trio",
    "unshare": "apt-get install util-linux",
    "uwsgi": "pip install uwsgi",
    "zope.deferredimport": "pip install zope.deferredimport",
}
"""How to get each part of others that tests run: a program on PATH, or a module."""

PROGRAMS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"])
"""Where programs are looked for: beside this Python, and where Debian has servers."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pass a test over whose components are missing, and say how to get them."""
    for mark in item.iter_markers("component"):
        for name in mark.args:
            if not _is_there(name):
                message = f"{name} is missing: {COMPONENTS[name]}, or run `make components`"
                if os.environ.get("ENFORCER_COMPONENTS") == "required":
                    pytest.fail(message)
                pytest.skip(message)


def _is_there(name: str) -> bool:
    if shutil.which(name, path=PROGRAMS):
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


EARLIER = {"c7e119f": "0.1.0"}
"""The commits that are shared with programs out there, by how `git` names them."""

PRELUDE = """
import os, sys, time

def use(count=1):
    for _ in range(count):
        import old
"""

INTERVAL = 0.05
"""How often programs write, in seconds: one that vanished is known to be gone after 1.3 s."""


class Project:
    """Hold a project with one legacy module, and the processes that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = 0
        self.store = folder / ".enforcer" / "uses.db"
        (folder / "tests_patience.py").write_text(WAIT_UNTIL)
        (folder / "enforcer.toml").write_text(
            '[enforcer]\nservice = "shop"\n[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
        )
        (folder / "new.py").write_text("N = 1\n")

    def environ(self, **variables: str) -> dict[str, str]:
        """Give the environment of somebody who enabled the enforcer."""
        inherited = environment_without("ENFORCER", "OTEL")
        settings = {
            "COLUMNS": "400",  # paths in one piece
            "ENFORCER_MAP": str(self.folder / "enforcer.toml"),
            "ENFORCER_FLUSH_INTERVAL": str(INTERVAL),
        }
        return {**inherited, **settings, **variables}

    def start(self, code: str, *options: str, **variables: str) -> subprocess.Popen[str]:
        """Start a program."""
        self.programs += 1
        script = self.folder / f"program{self.programs}.py"
        script.write_text(PRELUDE + dedent(code))
        return subprocess.Popen(
            [sys.executable, *options, str(script)],
            cwd=self.folder,
            env=self.environ(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, *options: str, expected: int = 0, **variables: str) -> tuple[str, str]:
        """Run a program to its end; give its output and its standard error."""
        with self.start(code, *options, **variables) as process:
            output, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == expected, output + error
        return output, error

    def report(self, *options: str) -> str:
        """Give what ``enforcer report`` writes."""
        result = self._report(*options)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def _report(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return in_this_process(["report", *options], self.folder, self.environ())

    def numbers(self) -> dict[str, Any]:
        """Give what ``enforcer report --format json`` writes."""
        document: dict[str, Any] = json.loads(self.report("--format", "json"))
        return document

    def uses(self) -> int:
        """Give how many uses the store has; none while it is not there, or being made."""
        result = self._report("--format", "json")
        if result.returncode and "nothing recorded" in result.stderr:
            return 0
        assert result.returncode == 0, result.stderr
        return sum(rule["uses"] for rule in json.loads(result.stdout)["rules"])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session", params=EARLIER)
def earlier_wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an earlier version; that needs the history (`fetch-depth: 0` in CI)."""
    return build_commit(request.param, tmp_path_factory.mktemp("earlier"))


@pytest.fixture(scope="session")
def earlier(earlier_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Python:
    python = empty(tmp_path_factory.mktemp("environment") / "earlier")
    python.install(earlier_wheel)
    give_earlier_exits_time(python)
    return python


@pytest.fixture(scope="session")
def today_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(PROJECT, tmp_path_factory.mktemp("today"))


@pytest.fixture(scope="session")
def today(today_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Python:
    python = empty(tmp_path_factory.mktemp("environment") / "today")
    python.install(today_wheel)
    return python
