"""Run pytest in forks of a process that has it loaded already.

To load pytest takes most of the time of a run in a small project. A fork differs from a process
of its own in nothing that these tests look at: it has its own folder, environment, output and
end, and nothing of the enforcer is loaded before pytest loads its plugins. What Python itself
reads from the environment at its start needs a process of its own.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.patience import PATIENCE


class WarmPytest:
    """A process that forks for each run of pytest; it ends with the tests that share it."""

    def __init__(self, folder: Path) -> None:
        self._outputs = (folder / "stdout", folder / "stderr")
        own = ("ENFORCER_", "PYTEST_", "CI")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            env={key: text for key, text in os.environ.items() if not key.startswith(own)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(PATIENCE)

    def run(
        self, words: Sequence[str], cwd: Path, environ: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python -m pytest`` with these words, in a folder and with an environment.

        Raises:
            TimeoutError: if it does not end in minutes.

        """
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        outputs = [str(path) for path in self._outputs]
        requests.write(json.dumps([list(words), str(cwd), dict(environ), outputs]) + "\n")
        requests.flush()
        if not select.select([answers], [], [], PATIENCE)[0]:
            self._process.kill()
            raise TimeoutError(words)
        code = int(answers.readline())
        stdout, stderr = (path.read_text() for path in self._outputs)
        return subprocess.CompletedProcess(["pytest", *words], code, stdout, stderr)
