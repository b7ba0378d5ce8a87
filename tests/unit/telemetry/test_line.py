"""Whoever listens at the address is a stranger until TLS says otherwise, and never obeyed."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from enforcer.runtime.telemetry.asked import names_an_endpoint
from tests.patience import PATIENCE
from tests.unit.telemetry.conftest import Parts
from tests.unit.telemetry.exchanges import as_server

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
LOGS_ALONE = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(
    answer: bytes, wrap: Callable[[socket.socket], socket.socket] = lambda each: each
) -> Iterator[tuple[int, list[bytes]]]:
    """Accept one connection, read a request of any length, and answer."""
    requests: list[bytes] = []

    def serve() -> None:
        connection = wrap(server.accept()[0])
        with connection, connection.makefile("rb") as stream:
            head = b"".join(iter(stream.readline, b"\r\n"))
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            requests.append(head + stream.read(length))
            connection.sendall(answer)

    def serve_quietly() -> None:
        with suppress(OSError):  # a client that does not trust this server closes
            serve()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve_quietly, daemon=True)
        thread.start()
        yield server.getsockname()[1], requests
        thread.join(PATIENCE)


@pytest.fixture
def wrap(certificate: Path) -> Callable[[socket.socket], socket.socket]:
    context = as_server(certificate)
    return lambda connection: context.wrap_socket(connection, server_side=True)


def test_tls(
    parts: Parts,
    certificate: Path,
    wrap: Callable[[socket.socket], socket.socket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With an authority of one's own."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them
        monkeypatch.delenv(name, raising=False)
    with answering(GOOD, wrap) as (port, requests):
        authority = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate)}
        parts.send_to(f"https://127.0.0.1:{port}", **LOGS_ALONE, **authority)
        parts.use()
        parts.deliver()
    assert len(requests) == 1
    assert parts.ledger.offered() == []


def test_a_stranger_is_not_talked_to(
    parts: Parts, wrap: Callable[[socket.socket], socket.socket]
) -> None:
    with answering(GOOD, wrap) as (port, requests):
        parts.send_to(f"https://127.0.0.1:{port}", **LOGS_ALONE)
        parts.use()
        parts.deliver()
    assert requests == []
    assert len(parts.ledger.offered()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 307 To\r\nLocation: http://{other}/\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
    ids=["to another address", "of another protocol", "empty", "too long"],
)
def test_bad_answers(parts: Parts, answer: bytes) -> None:
    """They acknowledge nothing, and lead nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        answer = answer.replace(b"{other}", b"127.0.0.1:%d" % other.getsockname()[1])
        with answering(answer) as (port, requests):
            parts.send_to(f"http://127.0.0.1:{port}", **LOGS_ALONE)
            parts.use()
            parts.deliver()
        other.settimeout(0)
        with pytest.raises(BlockingIOError):  # nobody has connected
            other.accept()
    assert len(requests) == 1
    assert len(parts.ledger.offered()) == 1


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_HEADERS": "a=b"},
        {**ENDPOINT, "OTEL_CONFIG_FILE": "otel.yaml"},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"},
    ],
)
def test_nothing_goes_anywhere_unless_asked(environ: dict[str, str]) -> None:
    """A file of configuration makes all other variables void, by the specification."""
    assert not names_an_endpoint(environ)
