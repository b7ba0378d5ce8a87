"""Workers that C code forks don't hang: hundreds of starts, best beside busy processes.

Not in CI: it takes many minutes. STARTS sets how many starts there are.
"""

import os
import re
import signal

import pytest

from tests.integration.servers.conftest import APPLICATION, Ask, port_of, uwsgi
from tests.worlds import World

STARTS = int(os.environ.get("STARTS", "500"))
LOADS = """
began = time.monotonic()
while time.monotonic() - began < 0.1:
    use()
while time.monotonic() - began < 0.3:
    sum(range(3000))  # the thread that writes has to ask for the GIL
"""


@pytest.mark.long
def test_no_worker_hangs(world: World, ask: Ask) -> None:
    """A thread that waited for the GIL during a fork by C code left workers that hang for ever."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    world.write("web.py", APPLICATION.format(at_load=LOADS))
    hung = 0
    for number in range(STARTS):
        with uwsgi(world) as server:
            port = port_of(server)
            workers = set(re.findall(r"spawned uWSGI worker \d \(pid: (\d+)", server.said))
            answered: set[str] = set()
            try:
                for _ in range(40):
                    answered |= {str(process) for process in ask(port, times=8)}
                    if answered == workers:
                        break
            except OSError:
                pass
            hung += len(workers - answered)
            (world.folder / "starts").write_text(f"{number + 1} starts, {hung} hung")
            if workers != answered:
                for worker in workers:
                    os.kill(int(worker), signal.SIGKILL)
            server.process.kill()
    assert hung == 0
