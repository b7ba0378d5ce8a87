"""Read from the environment where telemetry goes: OpenTelemetry's own variables, no others.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/ have them. Nothing is loaded for
it, and nothing is sent anywhere unless a variable says where to. The timeout is in seconds, as
OpenTelemetry's Python SDK reads it.

``OTEL_CONFIG_FILE`` makes all the other variables void, as the specification has it: then only
the providers that are made of that file are used, by whoever makes them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from enforcer.errors import EnforcerError
from enforcer.rules.trusted_environment import trusted_environment
from enforcer.telemetry.asked import is_disabled, names_an_endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACES: Final = "traces"
LOGS: Final = "logs"
METRICS: Final = "metrics"
SIGNALS: Final = (TRACES, LOGS, METRICS)

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_TIMEOUT: Final = 10.0
_METRIC_INTERVAL: Final = 60.0
_ALWAYS: Final = 1.0


class SettingsError(EnforcerError):
    """Say which variable can't be followed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Say where one signal goes, and how.

    Attributes:
        signal: one of :data:`SIGNALS`.
        endpoint: the whole address.
        protocol: :data:`HTTP` or :data:`GRPC`.
        headers: what to send along, names in lower case.
        timeout: how long one request may take, in seconds.
        is_compressed: whether requests are compressed by gzip.
        certificate: file of the authorities to trust, or empty.
        client_certificate: file of the certificate to show, or empty.
        client_key: file of its key, or empty.
        is_insecure: whether a gRPC endpoint without a scheme has no TLS.

    """

    signal: str
    endpoint: str
    protocol: str = HTTP
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = _TIMEOUT
    is_compressed: bool = False
    certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""
    is_insecure: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold what the environment says of telemetry.

    Attributes:
        is_disabled: whether ``OTEL_SDK_DISABLED`` switches all of it off.
        targets: where each signal goes, by signal; one that is not there goes nowhere.
        metric_interval: how often metrics are sent, in seconds.
        is_delta: whether counters are sent as differences.
        ratio: which part of new traces is sampled, from 0 to 1.
        follows_parent: whether a use in a trace is sampled as that trace is.

    """

    is_disabled: bool = False
    targets: tuple[Target, ...] = ()
    metric_interval: float = _METRIC_INTERVAL
    is_delta: bool = False
    ratio: float = _ALWAYS
    follows_parent: bool = True

    def target(self, signal: str) -> Target | None:
        """Give where a signal goes; None if nowhere."""
        return next((each for each in self.targets if each.signal == signal), None)

    def samples(self, trace_id: int, *, parent_is_sampled: bool | None) -> bool:
        """Tell whether a span is sampled, as OpenTelemetry's samplers of these names do.

        Args:
            trace_id: the trace that it is in.
            parent_is_sampled: whether the span that it is in is; None if there is none.

        """
        if self.follows_parent and parent_is_sampled is not None:
            return parent_is_sampled
        return (trace_id & ((1 << 64) - 1)) < round(self.ratio * (1 << 64))


def read_settings(environ: "Mapping[str, str] | None" = None) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: if a variable names a protocol that is not spoken, or a number is none.

    """
    environ = trusted_environment() if environ is None else environ
    if is_disabled(environ):
        return Settings(is_disabled=True)
    if not names_an_endpoint(environ):
        return Settings()
    targets = (_target(environ, signal) for signal in SIGNALS if _is_exported(environ, signal))
    preference = environ.get(f"{_PREFIX}METRICS_TEMPORALITY_PREFERENCE", "").strip().lower()
    ratio, follows_parent = _sampler(environ)
    return Settings(
        targets=tuple(target for target in targets if target is not None),
        metric_interval=_number(environ, "OTEL_METRIC_EXPORT_INTERVAL", _METRIC_INTERVAL * 1e3)
        / 1e3,
        is_delta=preference in ("delta", "lowmemory"),
        ratio=ratio,
        follows_parent=follows_parent,
    )


def _is_exported(environ: "Mapping[str, str]", signal: str) -> bool:
    named = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or "otlp"
    return any(name.strip().startswith("otlp") for name in named.split(","))


def _target(environ: "Mapping[str, str]", signal: str) -> Target | None:
    def read(key: str) -> str:
        own = environ.get(f"{_PREFIX}{signal.upper()}_{key}", "").strip()
        return own or environ.get(f"{_PREFIX}{key}", "").strip()

    protocol = _protocol(environ, signal, read("PROTOCOL"))
    endpoint = environ.get(f"{_PREFIX}{signal.upper()}_ENDPOINT", "").strip()
    if not endpoint:
        endpoint = environ.get(f"{_PREFIX}ENDPOINT", "").strip()
        if not endpoint:
            return None
        if protocol == HTTP:
            endpoint = f"{endpoint.rstrip('/')}/v1/{signal}"
    own_timeout = f"{_PREFIX}{signal.upper()}_TIMEOUT"
    return Target(
        signal=signal,
        endpoint=endpoint,
        protocol=protocol,
        headers=_headers(read("HEADERS")),
        timeout=_number(environ, own_timeout, _number(environ, f"{_PREFIX}TIMEOUT", _TIMEOUT)),
        is_compressed=read("COMPRESSION").lower() == "gzip",
        certificate=read("CERTIFICATE"),
        client_certificate=read("CLIENT_CERTIFICATE"),
        client_key=read("CLIENT_KEY"),
        is_insecure=read("INSECURE").lower() == "true",
    )


def _protocol(environ: "Mapping[str, str]", signal: str, named: str) -> str:
    exporter = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "")
    if not named:
        named = GRPC if "otlp_proto_grpc" in exporter else HTTP
    if named not in (HTTP, GRPC):
        message = (
            f'OTEL_EXPORTER_OTLP_PROTOCOL is "{named}", which is not spoken here. '
            f"Write {HTTP} or {GRPC} (unknown-protocol)"
        )
        raise SettingsError(message)
    return named


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    # As W3C Baggage: key=value, with commas between, percent-encoded.
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return tuple((unquote(key.strip()).lower(), unquote(value.strip())) for key, _, value in pairs)


def _sampler(environ: "Mapping[str, str]") -> tuple[float, bool]:
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower() or "parentbased_always_on"
    kind = name.removeprefix("parentbased_")
    ratio = _ALWAYS
    if kind == "always_off":
        ratio = 0.0
    elif kind == "traceidratio":
        ratio = min(max(_number(environ, "OTEL_TRACES_SAMPLER_ARG", _ALWAYS), 0.0), _ALWAYS)
    return ratio, name != kind


def _number(environ: "Mapping[str, str]", key: str, default: float) -> float:
    text = environ.get(key, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        message = f'{key} is "{text}". Write a number (not-a-number)'
        raise SettingsError(message) from None
    return number if number > 0 or key.endswith("ARG") else default
