"""The collector has what the store has, to the last use: after kills, and beside a hung request."""

import random

import pytest

from tests.integration.telemetry.receiving import Receiver, Silent
from tests.integration.telemetry.recorded import Project, send_what_waits, stored
from tests.patience import PATIENCE, wait_until

pytestmark = pytest.mark.component

BUSY = """
while True:
    use(10)
    import old
    print("used", flush=True)
    time.sleep(0.001)
"""
LONGEST_LIFE = 500
"""How many rounds a program lives before it is killed: several of its intervals of 50 ms."""


def flush(project: Project, receiver: Receiver) -> None:
    """Send what processes left behind."""
    environ = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    send_what_waits(project.folder / "enforcer.toml", environ, may_wait=True)


@pytest.mark.parametrize(
    "kills",
    [6, pytest.param(50, marks=pytest.mark.long)],
)
def test_kills_at_random_moments(
    project: Project,
    receiver: Receiver,
    kills: int,
) -> None:
    """What a killed process wrote and did not send is sent by the next flush, once."""
    project.run("use(1)", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)  # there is a store
    for _ in range(kills):
        program = project.start(BUSY, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
        with program:
            assert program.stdout is not None
            for _ in range(random.randrange(LONGEST_LIFE)):  # noqa: S311 - a moment, no secret
                assert program.stdout.readline() == "used\n"
            program.kill()
            program.communicate(timeout=PATIENCE)

    def has_arrived() -> bool:
        flush(project, receiver)  # a process is known to be gone when it was silent for long enough
        return receiver.received.uses().total() >= stored(project.store).total()

    wait_until(has_arrived, lambda: f"{receiver.received} of {stored(project.store)}")
    assert receiver.received.uses() == stored(project.store)


FORKS = """
import urllib.request
from tests_patience import wait_until

def children(count, at_once):
    pids = []
    for number in range(count):
        pid = os.fork()
        if not pid:
            os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = {receiver!r}
            use(3)
            sys.exit() if number % 2 else os._exit(0)
        pids.append(pid)
        if len(pids) == at_once:
            yield os.waitpid(pids.pop(0), 0)[1]
    for pid in pids:
        yield os.waitpid(pid, 0)[1]

use(5)
print("used", flush=True)
sys.stdin.readline()  # a request hangs by now
ends = list(children({forks}, 8))
print(sum(end != 0 for end in ends), flush=True)
use(5)
"""


@pytest.mark.parametrize("forks", [40, pytest.param(1000, marks=pytest.mark.long)])
def test_forks_beside_a_request_that_hangs(
    project: Project, receiver: Receiver, forks: int
) -> None:
    """No child ends badly, and each of its uses arrives once."""
    project.run("use(1)", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)  # there is a store
    program = FORKS.format(receiver=receiver.endpoint, forks=forks)
    variables = {"ENFORCER_EXIT_TIMEOUT": "10"}
    with (
        Silent() as silent,
        project.start(program, OTEL_EXPORTER_OTLP_ENDPOINT=silent.endpoint, **variables) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "used\n"
        wait_until(lambda: silent.connections)
        process.stdin.write("\n")
        process.stdin.flush()
        output, error = process.communicate(timeout=PATIENCE)

    assert (process.returncode, output, error) == (0, "0\n", "")
    flush(project, receiver)
    assert stored(project.store).total() == 1 + 10 + 3 * forks
    assert receiver.received.uses() == stored(project.store)
