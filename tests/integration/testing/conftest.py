"""Runs of pytest in a small project, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.testing.runs import BASELINE, FILES, QUICK, Pytest, write
from tests.patience import PATIENCE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write the project, with both of its call sites in the baseline."""
    write(tmp_path, FILES)
    (tmp_path / "enforcer-baseline.toml").write_text(BASELINE)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Pytest:
    """Run pytest in the project."""

    def execute(
        *words: str, is_on: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        own = ("ENFORCER_", "PYTEST_", "CI")
        environ = {key: text for key, text in os.environ.items() if not key.startswith(own)}
        return subprocess.run(
            [sys.executable, "-m", "pytest", *(["--enforcer"] if is_on else []), *QUICK, *words],
            cwd=project,
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    return execute
