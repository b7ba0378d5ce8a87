"""Telemetry settings of the environment and the application, without loading OpenTelemetry.

A program without OpenTelemetry does not get it loaded, so only the environment and the modules that
the application itself has loaded are read. No getter of OpenTelemetry's API is called: if
``OTEL_PYTHON_TRACER_PROVIDER`` is set, it would create a provider.
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
"""Marker for a provider that existed and was shut down."""


class Choice:
    """The choice of an instrumentor; see ``enforcer.instrumentor``.

    Attributes:
        is_off: whether it was asked to emit nothing any more.
        given: the providers to use instead of the global ones, or None.

    """

    __slots__ = ("given", "is_off")

    def __init__(self) -> None:
        self.is_off = False
        self.given: dict[str, object] = {name: None for name, _, _ in _PROVIDERS}


choice = Choice()


def names_an_endpoint(environ: "Mapping[str, str]") -> bool:
    """Return whether the environment names an endpoint for any signal, and may be followed."""
    if environ.get("OTEL_CONFIG_FILE") or is_disabled(environ):
        return False
    return any(
        environ.get(f"{_PREFIX}{signal}ENDPOINT") for signal in ("", "TRACES_", "LOGS_", "METRICS_")
    )


def endpoint(signal: str, environ: "Mapping[str, str]") -> str:
    """Return the address that the environment names for a signal, or an empty string."""
    if not names_an_endpoint(environ) or other_exporter(signal, environ):
        return ""
    own = environ.get(f"{_PREFIX}{signal.upper()}_ENDPOINT", "")
    base = environ.get(f"{_PREFIX}ENDPOINT", "")
    if own or not base or protocol(signal, environ) == GRPC:
        return own or base
    return f"{base.removesuffix('/')}/v1/{signal}"


def other_exporter(signal: str, environ: "Mapping[str, str]") -> str:
    """Return the exporters that the environment names for a signal, if otlp is not among them."""
    exporters = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip()
    has_otlp = any(name.strip().startswith("otlp") for name in exporters.split(","))
    return "" if has_otlp else exporters


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
    """Return whether the environment disables OpenTelemetry."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def providers() -> "tuple[object, object, object]":
    """Return the application's providers of tracers, loggers and meters; None for a missing one."""
    tracers, loggers, meters = (
        choice.given[key] or _provider(module, name) for key, module, name in _PROVIDERS
    )
    return tracers, loggers, meters


def is_shut_down(provider: object) -> bool:
    """Return whether a provider is known to be shut down; not all providers show it."""
    return getattr(provider, "_shutdown", False) is True


def is_without_end(provider: object) -> bool:
    """Return whether a provider of OpenTelemetry's SDK has nothing registered for exit.

    It was shut down then, or the application shuts it down by itself.
    """
    return any(
        getattr(provider, name, provider) is None
        for name in ("_at_exit_handler", "_atexit_handler")
    )


def is_asked_for(environ: "Mapping[str, str] | None" = None) -> bool:
    """Return whether there is anything to emit to."""
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
    """Return whether this thread may load ``threading`` indirectly; see ``process.thread``."""
    # Up to 3.12 the first thread that imports threading is taken for the main thread.
    return "threading" in sys.modules or sys.version_info >= (3, 13)


def _provider(module: str, name: str) -> object:
    provider = getattr(sys.modules.get(module), name, None)
    if provider is None or type(provider).__name__.lstrip("_").startswith(_NO_OPERATION):
        return None
    return provider
