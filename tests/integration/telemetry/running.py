"""Start programs of others on loopback, wait until they serve, and end them by their id."""

import json
import os
import socket
import subprocess
import sysconfig
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.integration.telemetry.receiving import free_port
from tests.patience import PATIENCE, wait_beside

T = TypeVar("T")

GENTLE = 120.0
"""How long a program may take to end by itself, in seconds."""


class Running:
    """A program that runs until it is stopped, at the end of a ``with`` block at the latest.

    Attributes:
        process: the program.
        log: what it says.

    """

    def __init__(
        self, name: str, command: Sequence[str | Path], folder: Path, /, **variables: str
    ) -> None:
        """Start it in a folder, in this environment and the variables."""
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for(self, condition: Callable[[], T]) -> T:
        """Wait until something holds, and give it."""
        return wait_beside(self.process, condition, lambda: self.said)

    def wait_until_it_serves(self, port: int) -> None:
        """Wait until somebody listens."""

        def is_served() -> bool:
            with socket.socket() as probe:
                return not probe.connect_ex(("127.0.0.1", port))

        self.wait_for(is_served)

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """End it as an operator does; by force if that does not help."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(GENTLE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait(PATIENCE)


class Rotel:
    """An OpenTelemetry collector that passes on what it gets; it can be restarted.

    Attributes:
        endpoint: where it takes OTLP over HTTP, also after a restart.

    """

    def __init__(self, folder: Path, target: str) -> None:
        """Start it.

        Args:
            folder: where it may write.
            target: the endpoint that it passes everything on to.

        """
        self._folder = folder
        self._target = target
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self._running = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; it passes on what it has."""
        self._running.stop()

    def start(self) -> None:
        """Start it again, at the same port."""
        self._running = self._start()

    def _start(self) -> Running:
        spec = find_spec("rotel")
        assert spec is not None
        assert spec.origin is not None
        options = {
            "--otlp-http-endpoint": f"127.0.0.1:{self._port}",
            "--otlp-grpc-endpoint": f"127.0.0.1:{free_port()}",
            "--exporter": "otlp",
            "--otlp-exporter-endpoint": self._target,
            "--otlp-exporter-protocol": "http",
            "--otlp-exporter-retry-initial-backoff": "100ms",
            "--pid-file": str(self._folder / "rotel.pid"),
            "--log-file": str(self._folder / "rotel-agent.log"),
        }
        words = [word for option in options.items() for word in option]
        running = Running(
            "rotel",
            [Path(spec.origin).with_name("rotel-agent"), "start", *words],
            self._folder,
            # A Python that was built with a shared library may not be the system's.
            LD_LIBRARY_PATH=str(sysconfig.get_config_var("LIBDIR")),
        )
        try:
            running.wait_until_it_serves(self._port)
        except BaseException:
            running.stop()
            raise
        return running


class Prometheus:
    """A Prometheus, until the end of a ``with`` block."""

    def __init__(self, folder: Path, config: str) -> None:
        """Start it, and wait until it answers queries.

        Args:
            folder: where it may write.
            config: its configuration, in YAML.

        """
        self._port = free_port()
        (folder / "prometheus.yml").write_text(config)
        command = [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
        ]
        self._running = Running("prometheus", command, folder)
        try:
            self._running.wait_until_it_serves(self._port)
            self._running.wait_for(self._is_ready)
        except BaseException:
            self._running.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()

    def now(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now; give its samples."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def ask(self, path: str, **words: str) -> Any:  # noqa: ANN401 - what the API has there
        """Ask its API."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(words)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(words, error.read()) from None

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready") as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return False
