"""The page about production: its commands, run in their order, change no answer of a service.

Four hosts are four processes with names of their own. `restart` is the test's; all else is done by
the shell, with wheels that pip installs.
"""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.rules.rollout import number_of
from tests.installing import PROJECT, Python, empty, give_earlier_exits_time
from tests.pages import blocks, shows
from tests.patience import PATIENCE, environment_without, wait_until

pytestmark = pytest.mark.component("pip")  # which every environment has: these take minutes

PAGE = (PROJECT / "docs" / "production.md").read_text("utf-8")
HOSTS = ("checkout-1", "checkout-2", "checkout-3", "checkout-4")
RESTART = "restart checkout"
TURN_OFF = "touch enforcer.off"
ANSWER = "42\n"

FILES = {
    "shop/__init__.py": "",
    "shop/cart.py": """\
class Cart:
    def __init__(self):
        self.prices = []

    def add(self, price):
        self.prices.append(price)
""",
    "checkout.py": """\
import os
import signal
import time

HOST = os.environ["ENFORCER_HOST"]
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append("stop"))


def total():
    from shop.old_cart import Cart

    cart = Cart()
    cart.add(40)
    cart.add(2)
    return sum(cart.prices)


while not asked:
    with open(f"answers/{HOST}", "a") as answers:
        answers.write(f"{total()}\\n")
    time.sleep(0.02)
""",
}
FILES["shop/old_cart.py"] = FILES["shop/cart.py"]


class Shell:
    """A shell that keeps its variables from one command to the next."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["/bin/bash", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> str:
        """Run a command, which has to succeed; return what it wrote."""
        end = uuid.uuid4().hex
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\necho {end} $?\n")
        self._bash.stdin.flush()
        lines = []
        for line in self._bash.stdout:
            if line.startswith(end):
                assert line == f"{end} 0\n", "".join(lines)
                return "".join(lines)
            lines.append(line)
        raise AssertionError("".join(lines))

    def environment(self) -> dict[str, str]:
        """Return its variables."""
        pairs = self.run("env").splitlines()
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def close(self) -> None:
        self._bash.communicate(timeout=PATIENCE)


class Fleet:
    """The processes of a service, one on each host."""

    def __init__(self, folder: Path, python: Python) -> None:
        self._folder = folder
        self._python = python
        self._running: list[subprocess.Popen[str]] = []
        (folder / "answers").mkdir()

    def restart(self, environment: dict[str, str]) -> None:
        """End what runs, as a server does, and start it anew."""
        self.stop()
        self._running = [
            subprocess.Popen(
                [self._python.path, "checkout.py"],
                cwd=self._folder,
                env={**environment, "ENFORCER_HOST": host},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for host in HOSTS
        ]

    def stop(self) -> None:
        """End what runs; it has to end well, and to say nothing."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            said, _ = process.communicate(timeout=PATIENCE)
            assert (process.returncode, said) == (0, "")
        self._running = []

    def kill(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate(timeout=PATIENCE)

    def answers(self, host: str) -> list[str]:
        """Return what a host has answered so far, without a line that is being written."""
        path = self._folder / "answers" / host
        return path.read_text().splitlines(keepends=True) if path.exists() else []

    def check(self) -> None:
        """See to it that each host goes on answering, and what it always did."""
        before = {host: len(self.answers(host)) for host in HOSTS}
        for host in HOSTS:
            wait_until(lambda host=host: len(self.answers(host)) > before[host] + 2)
            assert set(self.answers(host)[:-1]) == {ANSWER}


@pytest.fixture
def python(tmp_path: Path) -> Python:
    return empty(tmp_path / "environment")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with the service, and the map as it is committed."""
    folder = tmp_path / "service"
    map_of_page = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert map_of_page is not None
    for name, text in {**FILES, "enforcer.toml": map_of_page[1]}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@localhost"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *words], check=True, timeout=PATIENCE)
    return folder


@pytest.fixture
def fleet(folder: Path, python: Python) -> Iterator[Fleet]:
    fleet = Fleet(folder, python)
    yield fleet
    fleet.kill()


def uses_of(shell: Shell) -> int:
    """Return how many uses the store has."""
    report = json.loads(shell.run("enforcer report --format json"))
    return sum(rule["uses"] for rule in report["rules"])


def test_in_and_back(
    folder: Path, fleet: Fleet, python: Python, today_wheel: Path, earlier_wheel: Path
) -> None:
    """Each answer is the same, in every step and between them."""
    assert [number_of(host) < 10 for host in HOSTS] == [False, False, False, True]
    bin_folder = folder.parent / "bin"
    bin_folder.mkdir()
    pip = bin_folder / "pip"
    pip.write_text(
        "#!/bin/sh\n"
        # What this test runs with is visible there, and has an enforcer.
        f'[ -d {python.package}/enforcer ] || set -- "$@" --ignore-installed\n'
        f"exec {sys.executable} -m pip --python {python.path} --quiet "
        '--disable-pip-version-check "$@"\n'
    )
    pip.chmod(0o755)
    environment = {
        **environment_without("ENFORCER", "PYTHON", "OTEL", "VIRTUAL_ENV"),
        "PATH": os.pathsep.join([str(bin_folder), str(python.path.parent), os.environ["PATH"]]),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "COLUMNS": "400",
        "ENFORCER_FLUSH_INTERVAL": "0.2",
        "BEFORE": str(earlier_wheel),
        "NEW": str(today_wheel),
    }
    fleet.restart(environment)
    fleet.check()
    with closing(Shell(folder, environment)) as shell:
        for commands in blocks(PAGE):
            for command, shown in commands:
                if command == RESTART:
                    fleet.restart(shell.environment())
                elif command.startswith("enforcer "):
                    wait_until(
                        lambda command=command, shown=shown: shows(shell.run(command), shown),
                        lambda command=command: shell.run(command),
                    )
                else:
                    assert shows(shell.run(command), shown)
                if "$BEFORE" in command:
                    assert not (python.package / "enforcer" / "rules" / "rollout.py").exists()
                    give_earlier_exits_time(python)
                uses = uses_of(shell) if folder.joinpath("enforcer.off").exists() else None
                fleet.check()
                assert command == TURN_OFF or uses is None or uses_of(shell) == uses
        assert uses_of(shell) > 0
    fleet.stop()
