"""Send one request over HTTP, and give way as soon as the program wants to fork or to exit.

OpenTelemetry's own exporters wait inside calls that nobody can end: for a collector that
accepts and says nothing, ten seconds and more, on a thread that has to be gone before the
program forks. Here all waiting is done in slices of 20 ms. A resolver of names alone may take
longer.

No proxy is used, and no redirection followed.
"""

import io
import os
import select
import socket
import ssl
from functools import partial
from gzip import compress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from enforcer.errors import EnforcerError
from enforcer.telemetry import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from enforcer.store.waiting import Patience
    from enforcer.telemetry.settings import Target

T = TypeVar("T")

CONTENT_TYPE: Final = "application/x-protobuf"
MOST_READ: Final = 1 << 16
"""How much of an answer is read, in bytes."""

_SLICE: Final = 20
_PORTS: Final = {"http": 80, "https": 443}
_READ: Final = select.POLLIN
_WRITE: Final = select.POLLOUT


class SendingError(EnforcerError):
    """Say why a request could not be sent, or was not answered.

    Attributes:
        kind: what went wrong, in one word or a status, as ``error.type`` has it.
        is_final: whether it was this request that was refused, which others need not be.
        pause: how long the other side wants not to be asked, in seconds; or 0.

    """

    def __init__(
        self, message: str, *, kind: str, is_final: bool = False, pause: float = 0.0
    ) -> None:
        """Take the message and what it speaks of."""
        super().__init__(message)
        self.kind = kind
        self.is_final = is_final
        self.pause = pause


class _Stream(io.RawIOBase):
    """Be a socket that waits in slices, for ``http.client``."""

    def __init__(self, connection: socket.socket, patience: "Patience") -> None:
        connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._socket = connection
        self._patience = patience

    def connect(self, address: object) -> int:
        self._socket.connect_ex(address)  # type: ignore[arg-type]
        self.wait(_WRITE)
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return error

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        secured = context.wrap_socket(
            self._socket, server_hostname=host, do_handshake_on_connect=False
        )
        self._socket = secured
        self._patiently(secured.do_handshake, _READ)

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            sent = self._patiently(partial(self._socket.send, rest), _WRITE)
            rest = rest[sent:]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        return self._patiently(partial(self._socket.recv_into, buffer), _READ)  # type: ignore[arg-type]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def close(self) -> None:
        # http.client closes a connection while it still reads the answer: see end().
        return

    def end(self) -> None:
        self._socket.close()

    def wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._socket, event)
        while not poll.poll(_SLICE):
            if not self._patience.lasts():
                message = "no answer in time"
                raise TimeoutError(message)

    def _patiently(self, call: "Callable[[], T]", event: int) -> "T":
        while True:
            if not self._patience.lasts():
                message = "no answer in time"
                raise TimeoutError(message)
            try:
                return call()
            except (BlockingIOError, ssl.SSLWantReadError):
                self.wait(event)
            except ssl.SSLWantWriteError:
                self.wait(_WRITE)


class _Connection(HTTPConnection):
    """Connect as ``http.client`` does, with a socket that waits in slices."""

    def __init__(self, target: "Target", patience: "Patience") -> None:
        parts = urlsplit(target.endpoint)
        if parts.scheme not in _PORTS or not parts.hostname:
            message = (
                f'"{target.endpoint}" is no address of a collector. '
                "Write one like http://localhost:4318 (bad-endpoint)"
            )
            raise SendingError(message, kind="bad_endpoint")
        super().__init__(parts.hostname, parts.port or _PORTS[parts.scheme])
        self._target = target
        self._patience = patience
        self._is_secure = parts.scheme == "https"
        self._open: _Stream | None = None
        self.path = parts.path or "/"
        if parts.query:
            self.path += f"?{parts.query}"

    def connect(self) -> None:
        addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in addresses:
            self.end()
            self._open = stream = _Stream(socket.socket(family, kind, protocol), self._patience)
            error = stream.connect(address)
            if not error:
                break
        else:
            raise OSError(error, os.strerror(error))
        if self._is_secure:
            stream.secure(_trust(self._target), self.host)
        self.sock = stream

    def end(self) -> None:
        if self._open is not None:
            self._open.end()


def _trust(target: "Target") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=target.certificate or None)
    if target.client_certificate:
        context.load_cert_chain(target.client_certificate, target.client_key or None)
    return context


def post(target: "Target", data: bytes, patience: "Patience") -> bytes:
    """Send one request, and give the body of the answer if it is a good one.

    Args:
        target: where to, and how.
        data: the request, serialised.
        patience: how long to wait.

    Raises:
        SendingError: if there is no answer, or a bad one.

    """
    headers = {"user-agent": f"{names.SCOPE}/{names.VERSION}", **dict(target.headers)}
    headers["content-type"] = CONTENT_TYPE
    headers["connection"] = "close"
    if target.is_compressed:
        data = compress(data, 6)
        headers["content-encoding"] = "gzip"
    try:
        connection = _Connection(target, patience)
        try:
            connection.request("POST", connection.path, data, headers)
            answer = connection.getresponse()
            body = answer.read(MOST_READ)
        finally:
            connection.end()
    except TimeoutError as error:
        message = f"{target.endpoint} gave no answer in time (collector-silent)"
        raise SendingError(message, kind="timeout") from error
    except (OSError, HTTPException, ValueError) as error:
        kind = type(error).__name__
        message = f"{target.endpoint} can't be asked: {error or kind} (collector-not-reached)"
        raise SendingError(message, kind=kind) from error
    kind = answer.getheader("content-type") or ""
    return _judged(target, answer.status, body, kind, answer.getheader("retry-after") or "")


_OK: Final = range(200, 300)
_FINAL: Final = (400, 413, 415, 422)


def _judged(target: "Target", status: int, body: bytes, kind: str, pause: str) -> bytes:
    if status in _OK and not kind.startswith("text/html"):
        return body if kind.startswith(CONTENT_TYPE) else b""
    reason = "a page for people" if status in _OK else f"status {status}"
    message = f"{target.endpoint} answered with {reason} (collector-refused)"
    raise SendingError(
        message,
        kind=str(status) if status not in _OK else "garbage",
        is_final=status in _FINAL,
        pause=float(pause) if pause.isdecimal() else 0.0,
    )
