"""A request goes over a real socket, and whoever waits can stop waiting."""

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import enforcer
from enforcer.store.waiting import Patience
from enforcer.telemetry.sending import SendingError, post
from enforcer.telemetry.settings import Target
from tests.integration.telemetry.receiving import Silent, free_port
from tests.patience import PATIENCE

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(
    answer: bytes, wrap: Callable[[socket.socket], socket.socket] = lambda each: each
) -> Iterator[tuple[int, list[bytes]]]:
    """Take one connection, keep what comes, and answer."""
    asked: list[bytes] = []

    def serve() -> None:
        connection = wrap(server.accept()[0])
        head = b""
        while b"\r\n\r\n" not in head:
            head += (part := connection.recv(65536))
            if not part:
                return
        head, _, body = head.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        asked.extend((head, body))
        connection.sendall(answer)
        connection.close()

    def serve_quietly() -> None:
        with suppress(OSError):  # who does not trust this one goes away
            serve()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve_quietly, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(PATIENCE)


def target(port: int, **fields: object) -> Target:
    return Target("logs", f"http://127.0.0.1:{port}/v1/logs?a=b", **fields)  # type: ignore[arg-type]


def test_a_request() -> None:
    """As OTLP over HTTP has it, with the headers that the environment names."""
    with answering(GOOD) as (port, asked):
        body = post(target(port, headers=(("api-key", "secret"),)), b"data" * 300_000, Patience())
    head = asked[0].decode().lower()
    assert body == b""
    assert asked[1] == b"data" * 300_000
    assert head.startswith("post /v1/logs?a=b http/1.1\r\n")
    assert "\r\ncontent-type: application/x-protobuf\r\n" in head
    assert "\r\napi-key: secret" in head
    assert f"\r\nuser-agent: enforcer/{enforcer.__version__}" in head


def test_compressed() -> None:
    with answering(GOOD) as (port, asked):
        post(target(port, is_compressed=True), b"data" * 1000, Patience())
    assert b"content-encoding: gzip" in asked[0].lower()
    assert gzip.decompress(asked[1]) == b"data" * 1000


def test_an_answer_in_protobuf_is_given() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\nbody"
    with answering(answer) as (port, _):
        assert post(target(port), b"", Patience()) == b"body"


def test_an_answer_in_another_form_is_good_as_well() -> None:
    """Some answer in JSON, or with a word."""
    answer = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n\r\n{}"
    with answering(answer) as (port, _):
        assert post(target(port), b"", Patience()) == b""


@pytest.mark.parametrize(
    ("answer", "kind", "is_final", "pause"),
    [
        (b"HTTP/1.1 503 No\r\nRetry-After: 17\r\n\r\n", "503", False, 17),
        (b"HTTP/1.1 400 No\r\n\r\n", "400", True, 0),
        (b"HTTP/1.1 307 To\r\nLocation: http://evil.example/\r\n\r\n", "307", False, 0),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Sign in", "garbage", False, 0),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "BadStatusLine", False, 0),
        (b"", "RemoteDisconnected", False, 0),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n", "LineTooLong", False, 0),
    ],
)
def test_bad_answers(answer: bytes, kind: str, *, is_final: bool, pause: float) -> None:
    with answering(answer) as (port, _), pytest.raises(SendingError) as caught:
        post(target(port), b"", Patience())
    error = caught.value
    assert (error.kind, error.is_final, error.pause) == (kind, is_final, pause)
    assert f"http://127.0.0.1:{port}/v1/logs?a=b" in str(error)


def test_nobody_listens() -> None:
    with pytest.raises(SendingError, match=r"\(collector-not-reached\)$") as caught:
        post(target(free_port()), b"", Patience())
    assert caught.value.kind == "ConnectionRefusedError"


@pytest.mark.parametrize("endpoint", ["localhost:4318", "c", "ftp://c/v1/logs", "http://"])
def test_no_address(endpoint: str) -> None:
    with pytest.raises(SendingError, match=r"Write one like http://localhost:4318 \(bad-endpoint"):
        post(Target("logs", endpoint), b"", Patience())


def test_silence_ends_in_time() -> None:
    """One that takes a connection and never answers."""
    with Silent() as silent:
        with pytest.raises(SendingError, match="gave no answer in time"):
            post(Target("logs", silent.endpoint), b"", Patience(0.2))
        assert silent.connections


def test_waiting_ends_when_it_is_needed() -> None:
    """The program wants to fork."""
    needed = iter([False] * 4 + [True] * 9)
    with Silent() as silent, pytest.raises(SendingError) as caught:
        post(Target("logs", silent.endpoint), b"", Patience(3600, needed.__next__))
    assert caught.value.kind == "timeout"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate for 127.0.0.1, and its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [shutil.which("openssl") or "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", file, "-out", file.with_name("crt.pem")],
        check=True,
        capture_output=True,
    )  # fmt: skip
    file.write_bytes(file.read_bytes() + file.with_name("crt.pem").read_bytes())
    return file


@pytest.mark.process
def test_tls(certificate: Path) -> None:
    """With an authority of one's own."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def wrap(connection: socket.socket) -> socket.socket:
        return context.wrap_socket(connection, server_side=True)

    with answering(GOOD, wrap) as (port, asked):
        to = Target("logs", f"https://127.0.0.1:{port}", certificate=str(certificate))
        post(to, b"data" * 100_000, Patience())
    assert asked[1] == b"data" * 100_000


def test_a_stranger_is_not_talked_to(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def wrap(connection: socket.socket) -> socket.socket:
        return context.wrap_socket(connection, server_side=True)

    with answering(GOOD, wrap) as (port, asked):
        with pytest.raises(SendingError) as caught:
            post(Target("logs", f"https://127.0.0.1:{port}"), b"secret", Patience())
        assert caught.value.kind == "SSLCertVerificationError"
    assert asked == []
