"""Show what the enforcer does, and leave nothing behind."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.patience import PATIENCE, environment_without, wait_until

Enforcer = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("demo", "--users", "6", "--rounds", "2")
DUE = 6 * 2 * 5
WITHOUT_WEBSOCKETS = """
import sys
sys.modules["websockets"] = None
from enforcer.cli.main import main
main(["demo"])
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What a small demo writes, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "enforcer", *SMALL],
        cwd=tmp_path_factory.mktemp("demo"),
        env=environment_without("ENFORCER_"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.process
def test_both_runs_side_by_side(shown: subprocess.CompletedProcess[str]) -> None:
    """Each figure stands beside that of the other run."""
    assert shown.returncode == 0, shown.stderr
    rows = {
        words: figures
        for words, *figures in re.findall(r"^(\S.*?) {2,}(\d+) +(\d+)$", shown.stdout, re.MULTILINE)
    }
    assert rows == {
        "Events due": [str(DUE), str(DUE)],
        "Delivered once": ["22", str(DUE)],
        "Delivered more than once": ["14", "0"],
        "Lost": ["24", "0"],
        "Delivered to a wrong user": ["10", "0"],
        "Managers for each user": ["4", "1"],
        "Managers that users share": ["1", "0"],
        "Users without one in some service": ["6", "0"],
    }


@pytest.mark.process
def test_the_report_names_the_callers(shown: subprocess.CompletedProcess[str]) -> None:
    """Who uses an old path is shown in the form of ``enforcer report``, and is own code."""
    assert re.search(
        r"18 +netra_backend/app/tools/tool_results\.py:\d+ in manager_for\(\)", shown.stdout
    )
    assert "netra_backend/app/routes/websocket.py:" in shown.stdout
    assert "recorded by 1 process" in shown.stdout


@pytest.mark.process
def test_nothing_but_text_where_there_is_no_terminal(
    shown: subprocess.CompletedProcess[str],
) -> None:
    """No colours, no progress; above the report no line is wider than 80 columns."""
    assert "\x1b" not in shown.stdout
    assert shown.stderr == ""
    assert max(map(len, shown.stdout.partition("Who still uses")[0].splitlines())) <= 80


@pytest.mark.process
def test_json(enforcer: Enforcer) -> None:
    """Programs get the figures of both runs, and the report."""
    document = json.loads(enforcer(*SMALL, "--json").stdout)

    assert (document["users"], document["rounds"]) == (6, 2)
    assert document["without"]["lost"] == 24
    assert document["with"] == {
        "sent": DUE,
        "once": DUE,
        "duplicated": 0,
        "lost": 0,
        "misdelivered": 0,
        "managers": 1,
        "shared": 0,
        "unreached": 0,
    }
    uses = {rule["legacy"].rpartition(".")[2]: rule["uses"] for rule in document["report"]["rules"]}
    assert uses == {
        "websocket_manager_mock": 6 * 2 + 6,  # for each run, and for each user by /managers
        "websocket_manager_factory:create_websocket_manager": 6,
        "websocket_core:create_websocket_manager": 6,
        "unified_manager": 2,
        "websocket_manager_factory": 1,
    }


@pytest.mark.process
def test_without_websockets(environ: dict[str, str]) -> None:
    """Who has not installed the extra is told how."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_WEBSOCKETS],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert run.returncode == 2
    assert run.stderr == (
        'enforcer: the demo needs the package "websockets", which is not installed here. '
        'Write: pip install "websockets>=15" (demo-extra)\n'
    )


ENDED = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.mark.process
@ENDED
def test_ended_early(tmp_path: Path, environ: dict[str, str], number: signal.Signals) -> None:
    """Who ends the demo while users talk ends the backend, and leaves no file."""
    log = tmp_path / "log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "enforcer", "demo", "--rounds", "10000"],
            env={**environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        wait_until(lambda: connections(process.pid) > 0)
        (workspace,) = tmp_path.glob("enforcer-demo-*")
        process.send_signal(number)
        process.wait(PATIENCE)

    assert process.returncode == 1
    assert log.read_text().split() == ["Aborted!"]
    assert not workspace.exists()


def connections(process: int) -> int:
    """Count the sockets of a process, but for the two by which its event loop wakes itself."""
    sockets = 0
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets += str(file.readlink()).startswith("socket:")
    return sockets - 2


@pytest.mark.process
@ENDED
def test_keep(tmp_path: Path, environ: dict[str, str], number: signal.Signals) -> None:
    """The healed backend goes on until somebody ends it, and then nothing is left."""
    with subprocess.Popen(
        [sys.executable, "-m", "enforcer", *SMALL, "--keep"],
        env={**environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "healed backend" in line)
        address = said.split()[5].rstrip(";")
        with connect(f"{address}/ws?user_id=you", proxy=None) as you:
            you.send("how many words are these")
            messages = [json.loads(you.recv(timeout=PATIENCE)) for _ in range(7)]
        process.send_signal(number)
        process.wait(PATIENCE)

    kinds = [message["type"] for message in messages]
    assert kinds == [
        "welcome",
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "agent_completed",
        "answer",
    ]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        connect(address, proxy=None)
