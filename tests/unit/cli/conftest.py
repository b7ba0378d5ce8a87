"""Run the command line as a user does: in a folder, with an environment."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import in_a_process, in_this_process

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
        run = (
            in_a_process if words[:1] in OF_THEIR_OWN or not words[0].isalpha() else in_this_process
        )
        return run(words, cwd, {**environ, **variables})

    return execute


OF_THEIR_OWN = [("demo",), ("run",)]
"""Commands that become another program, or handle signals: they need a process."""
