"""Run a command of ``enforcer`` in a folder and with an environment, as a user does.

To start a process takes a second of a processor, nearly all of it for imports. Tests of what a
command says run it in their own process, which differs in nothing that it can see; tests of
signals, of encodings and of what a process becomes need one.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from enforcer.cli.main import main
from tests.patience import PATIENCE


def in_a_process(
    words: Sequence[str], cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "enforcer", *words],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def in_this_process(
    words: Sequence[str], cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command without the start of a process; no error but a user's is met."""
    with chdir(cwd), patch.dict(os.environ, environ, clear=True):
        result = CliRunner().invoke(main, words, prog_name="enforcer", catch_exceptions=False)
    return subprocess.CompletedProcess(
        ["enforcer", *words], result.exit_code, result.stdout, result.stderr
    )
