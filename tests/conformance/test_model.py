"""Random package trees, maps and programs behave as plain Python on the canonical tree.

``modelling/`` draws a world, runs it twice, and compares what each statement gave or raised, how
often each body ran, what every module holds in the end, and how many uses were recorded for each
statement. To hunt: ``HYPOTHESIS_PROFILE=long``. What was found is in test_model_findings.py.
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, configuration, given, settings

from tests.patience import PATIENCE

MODELLING = Path(__file__).with_name("modelling")
# Nothing of hypothesis' own goes into the tree.
configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "enforcer-hypothesis")
_quiet = {
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("ci-model", max_examples=300, derandomize=True, **_quiet)
settings.register_profile("elsewhere", max_examples=100, derandomize=True, **_quiet)
settings.register_profile("long", max_examples=1_000_000, **_quiet)


def _worlds():
    sys.path.insert(0, str(MODELLING))
    try:
        return import_module("model_worlds").worlds()
    finally:
        sys.path.remove(str(MODELLING))


class Zygote:
    """A warm process that runs worlds in processes forked from it.

    Attributes:
        worlds: how many it ran.
        uses: how many uses these made, as the model says.

    """

    def __init__(self, folder):
        self.worlds = self.uses = 0
        self.process = subprocess.Popen(
            [sys.executable, str(MODELLING / "zygote.py"), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def compare(self, world):
        """Give what differs between the model's run and the real one."""
        self.process.stdin.write(json.dumps(world) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.worlds += 1
        self.uses += answer.get("uses", 0)
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    running = Zygote(tmp_path_factory.mktemp("worlds"))
    yield running
    running.close()
    assert running.uses > running.worlds, "the programs hardly import anything"


@given(world=_worlds())
@settings(settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci-model")))
def test_a_random_program_does_what_plain_python_does(zygote, world):
    answer = zygote.compare(world)
    assume("refused" not in answer)
    assert answer["differences"] == []
