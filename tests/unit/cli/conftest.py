"""Run the command line as a user does: as a process, in a folder."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

MAP = """
[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a project with a migration map."""
    (tmp_path / "enforcer.toml").write_text(MAP)
    return tmp_path


@pytest.fixture
def enforcer(folder: Path, environ: dict[str, str]) -> Enforcer:
    """Run ``enforcer`` with these words, in the project unless told otherwise."""

    def execute(
        *words: str, cwd: Path = folder, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "enforcer", *words],
            cwd=cwd,
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    return execute
