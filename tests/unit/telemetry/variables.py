"""The table of the variables of OpenTelemetry that docs/telemetry.md shows and a test runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.unit.telemetry.exchanges import Request, Requests

Look = Callable[[list[Request]], Any]
"""What is compared of the requests of one signal."""

SIGNALS = ("traces", "logs", "metrics")


def is_sent(requests: list[Request]) -> bool:
    return bool(requests)


def path(requests: list[Request]) -> str:
    return requests[0].path if requests else ""


def encoding(requests: list[Request]) -> str:
    return requests[0].headers.get("content-encoding", "") if requests else ""


def header(name: str) -> Look:
    return lambda requests: requests[0].headers.get(name, "") if requests else ""


def resource(name: str) -> Look:
    return lambda requests: requests[0].resource.get(name, "") if requests else ""


def attributes(requests: list[Request]) -> int:
    """Return how many attributes the record with most of them has."""
    return max((len(each) for request in requests for each in request.attributes), default=0)


def longest(requests: list[Request]) -> int:
    """Return how long the longest text of an attribute is."""
    values = (
        value for request in requests for each in request.attributes for value in each.values()
    )
    return max((len(value) for value in values if isinstance(value, str)), default=0)


def temporality(requests: list[Request]) -> list[int]:
    return sorted({kind for request in requests for kind in request.temporalities})


@dataclass(frozen=True, slots=True)
class Row:
    """One variable.

    Attributes:
        variable: its name.
        valid: values that the SDK alone and the enforcer take alike; see :func:`filled`.
        invalid: a value that is one line and the default; empty if there is none.
        signals: the signals that it is about.
        look: what is compared.
        beside: variables that it needs.
        has_effect: whether a valid value can be seen in a request.
        remark: what a reader should know.

    """

    variable: str
    valid: tuple[str, ...]
    invalid: str = ""
    signals: tuple[str, ...] = SIGNALS
    look: Look = is_sent
    beside: Mapping[str, str] | None = None
    has_effect: bool = True
    remark: str = ""


_TRACES, _LOGS, _METRICS = (("traces",), ("logs",), ("metrics",))
_OTLP = "OTEL_EXPORTER_OTLP_"
_ENDPOINT = f"{_OTLP}ENDPOINT"
_CERTIFICATE = f"{_OTLP}CERTIFICATE"
_NOBODY = "127.0.0.1:9"
_TLS = {_ENDPOINT: "https://{host}"}
_KNOWN_TLS = {**_TLS, _CERTIFICATE: "{certificate}"}
_HALF = {f"{_OTLP}CLIENT_CERTIFICATE": "{folder}/certificate.pem"}
_RATIO = {"OTEL_TRACES_SAMPLER": "traceidratio"}
_OWN_BATCHES = "No effect: the enforcer sends batches of its own, every `ENFORCER_FLUSH_INTERVAL`"
_ADDRESS = "An address that can't be used has no default: that signal is not sent"
_FILE = "A file that is missing has no default: one line, and nothing is sent"
_KEPT_BACK = "A list without `otlp` keeps the signal back"

ROWS = (
    Row(_ENDPOINT, ("http://{host}/base",), look=path, remark=_ADDRESS),
    Row(_ENDPOINT, ("http://me:secret@{host}",), look=header("authorization")),
    *(
        Row(
            f"{_OTLP}{signal.upper()}_ENDPOINT",
            (f"http://{{host}}/own/{signal}",),
            "",
            (signal,),
            path,
        )
        for signal in SIGNALS
    ),
    Row(f"{_OTLP}PROTOCOL", ("http/protobuf",), "http/json", has_effect=False),
    Row(f"{_OTLP}TRACES_PROTOCOL", ("http/protobuf",), "http/json", _TRACES, has_effect=False),
    Row(
        f"{_OTLP}HEADERS",
        ("x-probe=1", "x-probe=a%20b,x-more=2"),
        "x-probe",
        look=header("x-probe"),
    ),
    Row(f"{_OTLP}TRACES_HEADERS", ("x-probe=1",), "x-probe", _TRACES, header("x-probe")),
    Row(f"{_OTLP}TIMEOUT", ("5",), "10s", has_effect=False),
    Row(f"{_OTLP}LOGS_TIMEOUT", ("5",), "10s", _LOGS, has_effect=False),
    Row(f"{_OTLP}COMPRESSION", ("gzip", "deflate"), "brotli", look=encoding),
    Row(f"{_OTLP}LOGS_COMPRESSION", ("gzip",), "brotli", _LOGS, encoding),
    Row(_CERTIFICATE, ("{certificate}",), beside=_TLS, remark=_FILE),
    Row(f"{_OTLP}LOGS_CERTIFICATE", ("{certificate}",), "", _LOGS, beside=_TLS),
    Row(
        f"{_OTLP}CLIENT_CERTIFICATE",
        ("{certificate}",),
        look=header("client"),
        beside=_KNOWN_TLS,
    ),
    Row(f"{_OTLP}CLIENT_KEY", ("{folder}/key.pem",), beside={**_KNOWN_TLS, **_HALF}),
    Row("HTTP_PROXY", ("http://{host}",), look=path, beside={_ENDPOINT: f"http://{_NOBODY}"}),
    Row(
        "HTTPS_PROXY",
        ("http://{host}",),
        look=path,
        beside={**_KNOWN_TLS, _ENDPOINT: f"https://{_NOBODY}"},
    ),
    Row("NO_PROXY", ("127.0.0.1",), beside={"HTTP_PROXY": f"http://{_NOBODY}"}),
    Row(
        f"{_OTLP}METRICS_TEMPORALITY_PREFERENCE",
        ("delta", "lowmemory"),
        "sometimes",
        _METRICS,
        temporality,
    ),
    Row("OTEL_TRACES_SAMPLER", ("always_off",), "never", _TRACES),
    Row("OTEL_TRACES_SAMPLER_ARG", ("0",), "many", _TRACES, beside=_RATIO),
    Row("OTEL_TRACES_SAMPLER_ARG", (), "nan", _TRACES, beside=_RATIO),
    Row("OTEL_ATTRIBUTE_COUNT_LIMIT", ("3",), "three", ("traces", "logs"), attributes),
    Row(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        ("3",),
        "three",
        _TRACES,
        attributes,
    ),
    Row("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", ("2",), "two", ("traces", "logs"), longest),
    Row("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", ("2",), "two", _TRACES, longest),
    Row("OTEL_SERVICE_NAME", ("till",), look=resource("service.name")),
    Row("OTEL_RESOURCE_ATTRIBUTES", ("tier=gold,size=2",), "tier", look=resource("tier")),
    Row(
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
        ("process",),
        look=resource("process.runtime.name"),
    ),
    Row("OTEL_SDK_DISABLED", ("true",)),
    Row("OTEL_TRACES_EXPORTER", ("none",), "", _TRACES, remark=_KEPT_BACK),
    Row("OTEL_LOGS_EXPORTER", ("none",), "", _LOGS, remark=_KEPT_BACK),
    Row("OTEL_METRICS_EXPORTER", ("none",), "", _METRICS, remark=_KEPT_BACK),
    Row("OTEL_METRIC_EXPORT_INTERVAL", ("30000",), "1m", _METRICS, has_effect=False),
    Row("OTEL_METRIC_EXPORT_TIMEOUT", ("10000",), "soon", _METRICS, has_effect=False),
    Row("OTEL_METRICS_EXEMPLAR_FILTER", ("always_off",), "sometimes", _METRICS, has_effect=False),
    *(
        Row(name, ("1",), "", signals, has_effect=False, remark=_OWN_BATCHES)
        for name, signals in (
            ("OTEL_BSP_SCHEDULE_DELAY", _TRACES),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", _TRACES),
            ("OTEL_BLRP_SCHEDULE_DELAY", _LOGS),
            ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", _LOGS),
        )
    ),
)


GRPC_ROWS = (
    Row(_ENDPOINT, ("http://{host}",), has_effect=False),
    Row(f"{_OTLP}INSECURE", ("true",), beside={_ENDPOINT: "{host}"}),
    Row(f"{_OTLP}HEADERS", ("x-probe=1",), "x-probe", look=header("x-probe")),
    Row(f"{_OTLP}TIMEOUT", ("5",), "10s", has_effect=False),
    Row(f"{_OTLP}COMPRESSION", ("gzip",), "brotli", has_effect=False),
    Row(_CERTIFICATE, ("{folder}/certificate.pem",), beside=_TLS, remark=_FILE),
)
"""Those that are run over gRPC as well; see tests/integration/telemetry/test_grpc.py."""


def looked_at(row: Row, requests: Requests) -> dict[str, Any]:
    """Return what is compared of each signal of a row."""
    return {signal: row.look(requests.by_signal.get(signal, [])) for signal in row.signals}


def filled(value: str, to: Requests) -> str:
    """Return a value with the address of what records, and files with its certificate and key."""
    folder = to.certificate.parent
    return value.format(host=to.host, certificate=to.certificate, folder=folder)


def _shown(value: str) -> str:
    return f"`{filled(value, Requests(Path('/etc/ssl/own.pem'), 'localhost:4318'))}`"


def as_markdown() -> str:
    """Return the table as the page shows it."""
    lines = [
        "| variable | as the SDK takes it | one line, and the default | |",
        "|---|---|---|---|",
    ]
    for row in (*ROWS, *(replace(row, remark=_over_grpc(row)) for row in GRPC_ROWS)):
        valid = ", ".join(map(_shown, row.valid))
        invalid = f"`{row.invalid}`" if row.invalid else ""
        remark = f"{row.remark}." if row.remark else ""
        lines.append(f"| `{row.variable}` | {valid} | {invalid} | {remark} |")
    return "\n".join(lines)


def _over_grpc(row: Row) -> str:
    return f"Over gRPC. {row.remark}".rstrip(". ")
