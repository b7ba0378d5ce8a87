"""Runs of pytest in a small project, in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.integration.testing.runs import BASELINE, FILES, QUICK, Pytest, write
from tests.integration.testing.warm import WarmPytest
from tests.patience import PATIENCE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write the project, with both of its call sites in the baseline."""
    write(tmp_path, FILES)
    (tmp_path / "enforcer-baseline.toml").write_text(BASELINE)
    return tmp_path


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPytest]:
    """Load pytest once for all runs that can be forked."""
    with WarmPytest(tmp_path_factory.mktemp("warm")) as process:
        yield process


@pytest.fixture
def run(project: Path, warm: WarmPytest) -> Pytest:
    """Run pytest in the project."""

    def execute(
        *words: str, is_on: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        own = ("ENFORCER_", "PYTEST_", "CI")
        environ = {key: text for key, text in os.environ.items() if not key.startswith(own)}
        words = (*(["--enforcer"] if is_on else []), *QUICK, *words)
        environ |= variables
        if any(key.startswith(("ENFORCER_", "PYTHON")) for key in variables):
            return in_its_own_process(words, project, environ)
        return warm.run(words, project, environ)

    return execute


def in_its_own_process(
    words: Sequence[str], cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run pytest where Python has to read the environment at its start."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
