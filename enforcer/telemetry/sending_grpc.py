"""Send one request over gRPC, with the package that OpenTelemetry's exporter for it uses.

Loaded only where the environment asks for gRPC. A channel lives for one request: its threads
must not be there when the program forks.
"""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from enforcer.rules.regular import read_regular
from enforcer.telemetry.sending import SendingError
from enforcer.telemetry.settings import LOGS, METRICS, TRACES

if TYPE_CHECKING:
    from enforcer.store.waiting import Patience
    from enforcer.telemetry.settings import Target

_METHODS: Final = {
    LOGS: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    METRICS: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    TRACES: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
}
_FINAL: Final = ("INVALID_ARGUMENT", "OUT_OF_RANGE", "UNIMPLEMENTED")
_SLICE: Final = 0.02


def call(target: "Target", data: bytes, patience: "Patience") -> bytes:
    """Send one request, and give the answer.

    Args:
        target: where to, and how.
        data: the request, serialised.
        patience: how long to wait.

    Raises:
        SendingError: if gRPC is not installed, there is no answer, or a bad one.

    """
    try:
        import grpc  # noqa: PLC0415 - only who asks for it has it
    except ImportError as error:
        message = (
            'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and gRPC is not installed. '
            'Install "opentelemetry-exporter-otlp-proto-grpc", or write http/protobuf (no-grpc)'
        )
        raise SendingError(message, kind="no_grpc") from error
    with _channel(grpc, target) as channel:
        pending = channel.unary_unary(_METHODS[target.signal]).future(
            data, timeout=target.timeout, metadata=target.headers
        )
        try:
            return bytes(_result(grpc, pending, patience))
        except grpc.RpcError as error:
            status = error.code().name
            message = f"{target.endpoint} answered with {status} (collector-refused)"
            raise SendingError(message, kind=status, is_final=status in _FINAL) from error


def _result(grpc: Any, pending: Any, patience: "Patience") -> bytes:  # noqa: ANN401 - untyped
    while patience.lasts():
        try:
            answer: bytes = pending.result(timeout=_SLICE)
        except grpc.FutureTimeoutError:
            continue
        return answer
    pending.cancel()
    message = "no answer in time (collector-silent)"
    raise SendingError(message, kind="timeout")


def _channel(grpc: Any, target: "Target") -> Any:  # noqa: ANN401 - untyped
    parts = urlsplit(target.endpoint)
    address = parts.netloc or target.endpoint
    if parts.scheme == "http" or (target.is_insecure and parts.scheme != "https"):
        return grpc.insecure_channel(address)
    credentials = grpc.ssl_channel_credentials(
        _read(target.certificate), _read(target.client_key), _read(target.client_certificate)
    )
    return grpc.secure_channel(address, credentials)


def _read(path: str) -> bytes | None:
    if not path:
        return None
    return read_regular(path)
