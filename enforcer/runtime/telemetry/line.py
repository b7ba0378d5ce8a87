"""Make requests over HTTP that can be cut, and see what the collector answers.

OpenTelemetry's exporters take a session of ``requests``; this one is handed to them. They try
again for seconds where a collector does not answer, and call a redirection a success: so this
session raises an error of its own, for which they do not, unless the status is 2xx.
"""

import encodings.idna  # noqa: F401 - else a name is looked up with an import under way: see flushing
import math
import socket
import weakref
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from enforcer.runtime.telemetry.asked import LOGS, METRICS, TRACES
from enforcer.store.sqlite.busy import Patience

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_READ: Final = 1 << 16
"""How much of an answer is read, in bytes."""

# What a network does, and what no network has to do with.
_FAILURES: Final = (requests.ConnectionError, requests.Timeout, HTTPError)
_MISTAKES: Final = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
_COLLECTOR: Final = "opentelemetry.proto.collector"
_SUCCESS: Final = range(200, 300)
_REJECTED: Final = {
    LOGS: ("logs", "ExportLogsServiceResponse", "rejected_log_records"),
    METRICS: ("metrics", "ExportMetricsServiceResponse", "rejected_data_points"),
    TRACES: ("trace", "ExportTraceServiceResponse", "rejected_spans"),
}


class NotSentError(Exception):
    """A request was not taken; an exporter does not retry for this error."""


class Line:
    """The connections of one exporter.

    Attributes:
        patience: how long a request may take.
        status: what the collector answered to the last request; 0 if it did not.
        error: why the last request was not taken, or empty.
        is_mistake: whether no collector was asked, because of the address or a file.
        pause: how long the collector wants not to be asked, in seconds.
        rejected: how many records it did not take of requests that it took.

    """

    def __init__(self, signal: str) -> None:
        self.patience = Patience(0)
        self.begin(self.patience)
        self._signal = signal
        self._is_cut = False
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.session = self._make_session()

    def begin(self, patience: Patience) -> None:
        """Begin with a request that may take so long."""
        self.patience = patience
        self.status = self.rejected = 0
        self.error = ""
        self.pause = 0.0
        self.is_mistake = False

    def cut(self) -> None:
        """End a request under way, from any thread, and have none begin until :meth:`mend`.

        A thread that reads from a socket which is shut down reads its end, at once.
        """
        self._is_cut = True
        for connected in list(self._open):
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Allow requests again."""
        self._is_cut = False

    def close(self) -> None:
        """Close what is open: the program may close all files, and open others in their place."""
        self.session.close()

    def _connected(self, connection: socket.socket) -> None:
        # First added, then asked: a cut in between finds either the socket or nothing to send.
        self._open.add(connection)
        if self._is_cut:
            message = "the program goes on"
            raise OSError(message)

    def _answered(self, answer: requests.Response) -> None:
        self.status = answer.status_code
        body = answer.raw.read(MOST_READ, decode_content=True) or b""
        # The rest of an endless answer is not read, so its connection can't be used again.
        if len(body) == MOST_READ:
            answer.raw.close()
        if self.status not in _SUCCESS:
            self.pause = _seconds(answer.headers.get("retry-after", ""))
            message = f"answered with status {self.status}"
            raise NotSentError(message)
        self.rejected += _rejected(self._signal, body)

    def _request(self, request: Any, arguments: "Mapping[str, Any]") -> requests.Response:  # noqa: ANN401 - of the base class
        seconds = min(arguments.get("timeout") or math.inf, self.patience.left())
        self.status = 0
        if self._is_cut or seconds <= 0:
            self.error = "there was no time for it"
            raise NotSentError(self.error)
        own = {"timeout": seconds, "allow_redirects": False, "stream": True}
        try:
            answer: requests.Response = request(**{**arguments, **own})
            self._answered(answer)
        except NotSentError as error:
            self.error = str(error)
            raise
        except Exception as error:
            self.error = _words(error, seconds)
            self.is_mistake = not isinstance(error, _FAILURES) or isinstance(error, _MISTAKES)
            raise NotSentError(self.error) from error
        return answer

    def _make_session(self) -> requests.Session:
        line = self

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                line._connected(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                line._connected(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        pools = {"http": PlainPool, "https": SecurePool}

        class Adapter(HTTPAdapter):
            def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as above
                super().init_poolmanager(*args, **kwargs)
                self.poolmanager.pool_classes_by_scheme = pools

            def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
                manager = super().proxy_manager_for(*args, **kwargs)
                manager.pool_classes_by_scheme = pools
                return manager

        class Session(requests.Session):
            def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override] # noqa: ANN401 - as above
                arguments = {"method": method, "url": url, **kwargs}
                return line._request(super().request, arguments)

        session = Session()
        session.mount("http://", Adapter())
        session.mount("https://", Adapter())
        return session


def _words(error: Exception, seconds: float) -> str:
    """Return why a request failed, without the classes and the address in the library's words."""
    if isinstance(error, (requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)):
        return "the address has to begin with http:// or https://"
    if isinstance(error, requests.exceptions.InvalidHeader):
        return "a header has a line break or a leading blank"
    if isinstance(error, requests.exceptions.InvalidURL):
        return "the address is not valid"
    if isinstance(error, requests.Timeout):
        return f"it did not answer within {seconds:.1f} s"
    cause: BaseException | None = error
    while cause is not None:  # what the system or TLS said is at the end of the chain
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        reason = cause.args[0] if cause.args else None
        inner = getattr(reason, "reason", None) or getattr(cause, "reason", None)
        inner = inner if isinstance(inner, BaseException) else reason
        cause = inner if isinstance(inner, BaseException) else cause.__cause__ or cause.__context__
    return str(error)


def _seconds(text: str) -> float:
    """Return how long Retry-After asks to wait: it has seconds or a date."""
    with suppress(ValueError):
        seconds = float(text)
        return max(seconds, 0.0) if math.isfinite(seconds) else 0.0
    with suppress(ValueError, TypeError):
        return max(parsedate_to_datetime(text).timestamp() - time(), 0.0)
    return 0.0


def _rejected(signal: str, body: bytes) -> int:
    """Return how many records of a request were not taken, though the answer is yes."""
    if not body:
        return 0
    package, name, field = _REJECTED[signal]
    try:
        module = import_module(f"{_COLLECTOR}.{package}.v1.{package}_service_pb2")
        success = getattr(module, name).FromString(body).partial_success
        return int(getattr(success, field))
    except Exception:  # noqa: BLE001 - an answer of whatever listens there; 2xx is a yes
        return 0
