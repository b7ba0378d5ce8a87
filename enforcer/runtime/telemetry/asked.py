"""Tell, at no cost, whether anybody asks for telemetry in this process.

An application that configured no OpenTelemetry has none of it loaded on its behalf, so this
looks at the environment and at what the application itself has loaded. No getter of
OpenTelemetry's is called: where ``OTEL_PYTHON_TRACER_PROVIDER`` is set, it would make a provider.
"""

import sys

from enforcer.rules.environment import trusted_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_API = "opentelemetry.trace"

# Where each part of the API keeps the provider that was set: None until one is.
_PROVIDERS = (
    ("tracer_provider", _API, "_TRACER_PROVIDER"),
    ("logger_provider", "opentelemetry._logs._internal", "_LOGGER_PROVIDER"),
    ("meter_provider", "opentelemetry.metrics._internal", "_METER_PROVIDER"),
)
_NO_OPERATION = ("NoOp", "Proxy")

TRACES = "traces"
LOGS = "logs"
METRICS = "metrics"
SIGNALS = (TRACES, LOGS, METRICS)

HTTP = "http/protobuf"
GRPC = "grpc"
PROTOCOLS = (HTTP, GRPC)

_PREFIX = "OTEL_EXPORTER_OTLP_"

OVER = object()
"""Stands for a provider that was there and has been shut down."""


class Choice:
    """Hold what an instrumentor was told; see ``enforcer.instrumentor``.

    Attributes:
        is_off: whether it was told to emit nothing any more.
        given: the providers to use instead of the global ones, or None.

    """

    __slots__ = ("given", "is_off")

    def __init__(self) -> None:
        """Begin without a word of anybody."""
        self.is_off = False
        self.given: dict[str, object] = {name: None for name, _, _ in _PROVIDERS}


choice = Choice()


def names_an_endpoint(environ: "Mapping[str, str]") -> bool:
    """Tell whether the environment says where any signal goes, and may be followed."""
    if environ.get("OTEL_CONFIG_FILE") or is_disabled(environ):
        return False
    return any(
        environ.get(f"{_PREFIX}{signal}ENDPOINT") for signal in ("", "TRACES_", "LOGS_", "METRICS_")
    )


def endpoint(signal: str, environ: "Mapping[str, str]") -> str:
    """Return the address that the environment names for a signal, or an empty string."""
    if not names_an_endpoint(environ):
        return ""
    exporters = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or "otlp"
    if not any(name.strip().startswith("otlp") for name in exporters.split(",")):
        return ""
    own = environ.get(f"{_PREFIX}{signal.upper()}_ENDPOINT", "")
    base = environ.get(f"{_PREFIX}ENDPOINT", "")
    if own or not base or protocol(signal, environ) == GRPC:
        return own or base
    return f"{base.removesuffix('/')}/v1/{signal}"


def named_protocol(signal: str, environ: "Mapping[str, str]") -> str:
    """Return the protocol that the environment names for a signal, or an empty string."""
    own = environ.get(f"{_PREFIX}{signal.upper()}_PROTOCOL", "").strip()
    return own or environ.get(f"{_PREFIX}PROTOCOL", "").strip()


def protocol(signal: str, environ: "Mapping[str, str]") -> str:
    """Return the protocol of a signal: http/protobuf, unless the environment says grpc."""
    exporters = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "")
    named = named_protocol(signal, environ)
    if "otlp_proto_grpc" in exporters and not named:
        return GRPC
    return named if named in PROTOCOLS else HTTP


def is_disabled(environ: "Mapping[str, str]") -> bool:
    """Tell whether the environment switches OpenTelemetry off."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def providers() -> "tuple[object, object, object]":
    """Give the application's providers of tracers, loggers and meters; None where it has none."""
    tracers, loggers, meters = (
        choice.given[key] or _provider(module, name) for key, module, name in _PROVIDERS
    )
    return tracers, loggers, meters


def is_shut_down(provider: object) -> bool:
    """Tell whether a provider says that it was shut down; not all say it."""
    return getattr(provider, "_shutdown", False) is True


def is_without_end(provider: object) -> bool:
    """Tell whether one of OpenTelemetry's own providers has nothing registered for exit.

    It was shut down, then, or whoever made it wants to do that by hand.
    """
    return any(
        getattr(provider, name, provider) is None
        for name in ("_at_exit_handler", "_atexit_handler")
    )


def is_asked_for(environ: "Mapping[str, str] | None" = None) -> bool:
    """Tell whether there is anything to emit to."""
    environ = trusted_environment() if environ is None else environ
    if is_disabled(environ) or choice.is_off:
        return False
    return names_an_endpoint(environ) or any(providers())


def logs_go_out() -> bool:
    """Return whether there is anything to emit log events to, though it may have ended."""
    environ = trusted_environment()
    if is_disabled(environ) or choice.is_off:
        return False
    return providers()[1] is not None or bool(endpoint(LOGS, environ))


def may_be_loaded() -> bool:
    """Tell whether this thread may load what imports ``threading``; see ``process.thread``."""
    return "threading" in sys.modules or sys.version_info >= (3, 13)


def _provider(module: str, name: str) -> object:
    provider = getattr(sys.modules.get(module), name, None)
    if provider is None or type(provider).__name__.lstrip("_").startswith(_NO_OPERATION):
        return None
    return provider
