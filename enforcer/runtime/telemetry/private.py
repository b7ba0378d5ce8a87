"""Providers of the enforcer's own, made by OpenTelemetry's SDK of what the environment says.

They are used for each signal for which the application has none. The SDK reads ``OTEL_*`` itself:
samplers, limits, headers, certificates, compression, proxies. No global is set, nothing is
registered for exit, and no thread is started (gRPC has its own). Records are emitted by the same
calls as through the application's providers, and kept by a processor until they are exported.

What the SDK warns of while it is set up is said in one line. Where it refuses a value, that
variable alone gets its default. What can't be set up leaves the other signals alone.
"""

import os
from importlib import import_module
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk.resources import (
    TELEMETRY_SDK_LANGUAGE,
    TELEMETRY_SDK_NAME,
    TELEMETRY_SDK_VERSION,
    Resource,
)

from enforcer.distribution import install_command
from enforcer.recording.process import RESOURCE_KEY, resource_attributes
from enforcer.runtime.telemetry import asked, names
from enforcer.runtime.telemetry import providers as through
from enforcer.runtime.telemetry.asked import HTTP, LOGS, METRICS, PROTOCOLS, SIGNALS, TRACES
from enforcer.runtime.telemetry.breathing import breathing
from enforcer.runtime.telemetry.loading import load_spans
from enforcer.runtime.telemetry.outlet import Outlet, shown
from enforcer.runtime.telemetry.sdk import listening, preferences, without_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opentelemetry._logs import LogRecord

    from enforcer.recording.process import Process
    from enforcer.runtime.telemetry.records import Span
    from enforcer.store.sqlite.busy import Patience

INTERVAL: Final = 60_000.0
TIMEOUT: Final = 30_000.0
"""How often metrics are sent and how long that may take, in milliseconds, unless told otherwise."""

# Read once: a forked child has it from its parent.
_VERSION: Final = version("opentelemetry-sdk")

_EXPORTERS: Final = {
    TRACES: ("trace_exporter", "OTLPSpanExporter"),
    LOGS: ("_log_exporter", "OTLPLogExporter"),
    METRICS: ("metric_exporter", "OTLPMetricExporter"),
}
_EXTRAS: Final = {HTTP: ("http", "otlp"), asked.GRPC: ("grpc", "grpc")}
_DETECTORS: Final = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"

_UNSET: Final = -1
"""No limit, as `SpanLimits.UNSET` of the SDK; it would read the variable again for None."""

# What the SDK refuses to begin with if it is no number, with the parameter and its default.
_SPAN_LIMITS: Final = {
    "OTEL_ATTRIBUTE_COUNT_LIMIT": ("max_attributes", 128),
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": ("max_span_attributes", 128),
    "OTEL_SPAN_EVENT_COUNT_LIMIT": ("max_events", 128),
    "OTEL_SPAN_LINK_COUNT_LIMIT": ("max_links", 128),
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": ("max_event_attributes", 128),
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": ("max_link_attributes", 128),
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": ("max_attribute_length", _UNSET),
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": ("max_span_attribute_length", _UNSET),
}
_LOG_LIMITS: Final = {
    "OTEL_ATTRIBUTE_COUNT_LIMIT": ("max_attributes", 128),
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": ("max_log_record_attributes", 128),
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": ("max_attribute_length", _UNSET),
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT": ("max_log_record_attribute_length", _UNSET),
}


class _Hashed(Resource):
    """A resource whose hash is computed once: encoders hash it for each record, by its JSON."""

    def __init__(self, attributes: "Mapping[str, Any]") -> None:
        super().__init__(attributes)
        self._once = super().__hash__()

    def __hash__(self) -> int:
        return self._once


class _Logs(LogRecordProcessor):
    """Keep log records, as the SDK's own processors hand them to exporters.

    Attributes:
        kept: the records.
        resource: what they say they are from, if it is not this process.

    """

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.resource: Resource | None = None

    def on_emit(self, log_record: Any) -> None:  # noqa: ANN401 - it has had several types
        self.kept.append(
            ReadableLogRecord(
                log_record.log_record,
                self.resource or log_record.resource,
                log_record.instrumentation_scope,
                log_record.limits,
            )
        )

    def shutdown(self) -> None:
        """Do nothing: what is not exported is in the ledger."""

    def force_flush(self, timeout_millis: int = 0) -> bool:  # noqa: ARG002 - of the base class
        return True


class Private:
    """A provider for each signal that the environment says where to send.

    Attributes:
        providers: by signal.
        outlets: what exports, by signal.
        interval: how often metrics are sent, in seconds.

    """

    def __init__(
        self, process: "Process", environ: "Mapping[str, str]", say: "Callable[[str], object]"
    ) -> None:
        """Set them up; nothing is sent.

        Args:
            process: what they say they are.
            environ: the environment, which the SDK reads besides.
            say: takes what is wrong in it, in words.

        """
        self.providers: dict[str, Any] = {}
        self.outlets: dict[str, Outlet] = {}
        self._environ = environ
        self._process = process
        self._spans: list[Any] = []
        self._logs = _Logs()
        self._reader: Any = None
        self._points: list[Sequence[Any]] = []
        self._said: set[str] = set()
        self._tell = say
        self.interval = self._milliseconds("OTEL_METRIC_EXPORT_INTERVAL", INTERVAL)
        self._timeout = self._milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", TIMEOUT)
        make = {TRACES: self._make_tracers, LOGS: self._make_loggers, METRICS: self._make_meters}
        wanted = [signal for signal in SIGNALS if asked.endpoint(signal, environ)]
        # Before listening: an exporter brings the part of the SDK that its signal needs.
        load_spans()
        kinds = {signal: self._exporter(signal) for signal in wanted}
        with listening() as messages:
            self._resource = _Hashed(self._attributes())
            for signal, kind in kinds.items():
                if kind is not None:
                    self._make(signal, kind, make[signal])
            for message in messages:
                self._say(message)

    def has(self, signal: str) -> bool:
        """Return whether a signal is sent from here."""
        return signal in self.outlets

    def rests(self, signal: str) -> bool:
        """Return whether the collector of a signal is left alone for now."""
        return self.has(signal) and self.outlets[signal].rests

    def export(self, signal: str, patience: "Patience") -> bool:
        """Export what was emitted through a provider, and return whether it needs no more.

        Log records and spans that were not taken are forgotten; metrics, which may be
        differences, are sent with the next.
        """
        if signal == METRICS:
            # Points may be differences since the last collection, so those that were not taken are
            # sent before the new ones. Ten collections are kept, for memory's sake.
            data = self._reader.get_metrics_data()
            self._points = [*self._points[-9:], *([[data]] if data is not None else [])]
            return self.outlets[METRICS].send(self._points, patience.within(self._timeout))
        kept = self._logs.kept if signal == LOGS else self._spans
        # In any case: what was not taken is made again of the ledger, with the same ids.
        batch = kept.copy()
        kept.clear()
        return not batch or self.outlets[signal].send([batch], patience)

    def emit_events(self, events: "Iterable[LogRecord]", of: "Process | None" = None) -> None:
        """Emit log events; what the SDK says of each, of a limit for instance, is shown nowhere.

        Args:
            events: what to emit.
            of: the process that they are of, if it is another one. They say what the store knows of
                it: the resource attributes of this one, such as a revision, may be wrong for it.

        """
        self._logs.resource = None if of is None else _Hashed({**_sdk(), **_known(of)})
        with listening():
            through.emit_events(self.providers[LOGS], breathing(events))

    def emit_spans(self, spans: "Iterable[Span]") -> None:
        """Emit spans, likewise."""
        with listening():
            through.emit_spans(self.providers[TRACES], breathing(spans))

    def dropped(self) -> dict[str, int]:
        """Return how many records were lost, by why."""
        total: dict[str, int] = {}
        for outlet in self.outlets.values():
            for kind, count in outlet.dropped.items():
                total[kind] = total.get(kind, 0) + count
        return total

    def cut(self) -> None:
        """End all requests under way, from any thread."""
        for outlet in self.outlets.values():
            outlet.cut()

    def mend(self) -> None:
        """Allow requests again."""
        for outlet in self.outlets.values():
            outlet.mend()

    def close(self) -> None:
        """Close connections; the next request opens another one."""
        for outlet in self.outlets.values():
            outlet.close()

    def _exporter(self, signal: str) -> Any:  # noqa: ANN401 - the class of an exporter, or None
        protocol = asked.protocol(signal, self._environ)
        named = asked.named_protocol(signal, self._environ)
        if named and named not in PROTOCOLS:
            self._say(f'the protocol "{named}" is not known, and {protocol} is used instead')
        folder, extra = _EXTRAS[protocol]
        module, name = _EXPORTERS[signal]
        try:
            path = f"opentelemetry.exporter.otlp.proto.{folder}.{module}"
            return getattr(import_module(path), name)
        except ModuleNotFoundError as error:
            text = f"no exporter for {protocol} is installed ({error}): {install_command(extra)}"
            self._tell_once(f"{text} (no-exporter)")
        except Exception as error:  # noqa: BLE001 - the SDK reads some variables while it is loaded
            self._say(f"{signal} are not sent: {error}")
        return None

    def _make(
        self, signal: str, kind: "Callable[..., Any]", make: "Callable[[Any], object]"
    ) -> None:
        protocol = asked.protocol(signal, self._environ)
        endpoint = asked.endpoint(signal, self._environ)
        try:
            outlet = Outlet(signal, protocol, without_metrics(kind), endpoint, self._tell_once)
            make(outlet.exporter)
        except Exception as error:  # noqa: BLE001 - whatever a value does to the SDK
            self._say(f"{signal} are not sent: {error}")
            return
        for problem in outlet.problems:
            self._say(problem)
        self.outlets[signal] = outlet

    def _make_tracers(self, _: object) -> None:
        from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

        kept = self._spans

        class Spans(SpanProcessor):
            def on_end(self, span: Any) -> None:  # noqa: ANN401 - as above
                if span.context.trace_flags.sampled:
                    kept.append(span)

        more = {"span_limits": self._limits(SpanLimits, _SPAN_LIMITS)}
        make = without_metrics(TracerProvider)
        try:
            provider = make(None, self._resource, shutdown_on_exit=False, **more)
        except ValueError as error:  # up to 1.44, for a ratio that is no number
            self._say(f"OTEL_TRACES_SAMPLER_ARG: {error}, and the default is used")
            always = ParentBased(ALWAYS_ON)
            provider = make(always, self._resource, shutdown_on_exit=False, **more)
        provider.add_span_processor(Spans())
        self.providers[TRACES] = provider

    def _make_loggers(self, _: object) -> None:
        from opentelemetry.sdk._logs import LogRecordLimits

        limits = self._limits(LogRecordLimits, _LOG_LIMITS)
        more = {"log_record_limits": limits} if limits is not None else {}
        # Up to 1.44 a provider has no such parameter, and reads the limits for each record: then
        # logs can't be sent with a limit that is no number.
        make = without_metrics(LoggerProvider)
        provider = make(resource=self._resource, shutdown_on_exit=False, **more)
        provider.add_log_record_processor(self._logs)
        self.providers[LOGS] = provider

    def _make_meters(self, exporter: object) -> None:
        from opentelemetry.sdk.metrics import MeterProvider, TraceBasedExemplarFilter
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader

        self._reader = InMemoryMetricReader(**preferences(exporter))
        try:
            provider = MeterProvider([self._reader], self._resource, shutdown_on_exit=False)
        except ValueError as error:
            self._say(str(error))
            self._reader = InMemoryMetricReader(**preferences(exporter))
            provider = MeterProvider(
                [self._reader],
                self._resource,
                exemplar_filter=TraceBasedExemplarFilter(),
                shutdown_on_exit=False,
            )
        self.providers[METRICS] = provider

    def _limits(self, kind: "Callable[..., Any]", known: "Mapping[str, tuple[str, Any]]") -> Any:  # noqa: ANN401 - of two kinds
        """Return limits with a default for each value that is refused; None if none is."""
        defaults: dict[str, Any] = {}
        while True:
            try:
                limits = kind(**defaults)
            except ValueError as error:
                self._say(str(error))
                parameter, default = known[str(error).split(" ", 1)[0]]
                defaults[parameter] = default
            else:
                return limits if defaults else None

    def _attributes(self) -> "dict[str, Any]":
        detected: dict[str, Any] = {}
        for part in self._environ.get(RESOURCE_KEY, "").split(","):
            if part.strip() and "=" not in part:
                self._say(f'"{part.strip()}" in {RESOURCE_KEY} is no key=value, and is ignored')
        for name in filter(None, map(str.strip, os.environ.get(_DETECTORS, "").split(","))):
            points = entry_points(group="opentelemetry_resource_detector")
            chosen = [point for point in points if name in (point.name, "*")]
            if not chosen:
                self._say(f'the resource detector "{name}" is not installed, and is left out')
            for point in chosen:
                # Here and not by Resource.create(), which starts threads for it.
                try:
                    detected |= point.load()().detect().attributes
                except Exception as error:  # noqa: BLE001 - of others
                    self._say(f'the resource detector "{point.name}" failed: {error!r}')
        return {**_sdk(), **detected, **_known(self._process), **resource_attributes()}

    def _milliseconds(self, key: str, default: float) -> float:
        text = self._environ.get(key, "").strip()
        try:
            number = float(text) if text else default
        except ValueError:
            self._say(f'{key} is "{text}" and no number, so it is {default:g}')
            number = default
        return (number if 0 < number < float("inf") else default) / 1e3

    def _say(self, problem: str) -> None:
        self._tell_once(f"telemetry: {_without_secrets(problem, self._environ)} (otel-setting)")

    def _tell_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._tell(text)


def _without_secrets(text: str, environ: "Mapping[str, str]") -> str:
    """Return a text of the SDK's without the values of headers and the passwords of addresses."""
    for key, value in environ.items():
        if not key.startswith("OTEL_EXPORTER_OTLP") or not value:
            continue
        if key.endswith("ENDPOINT"):
            text = text.replace(value, shown(value))
        elif key.endswith("HEADERS"):
            parts = [value, *value.split(",")]
            parts += [part.partition("=")[2] for part in parts]
            for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
                text = text.replace(part, "…") if part.strip() else text
    return text


def _sdk() -> "dict[str, str]":
    return {
        TELEMETRY_SDK_LANGUAGE: "python",
        TELEMETRY_SDK_NAME: "opentelemetry",
        TELEMETRY_SDK_VERSION: _VERSION,
    }


def _known(process: "Process") -> "dict[str, str | int]":
    known: dict[str, str | int] = {
        names.SERVICE_NAME: process.service or "unknown_service:python",
        names.SERVICE_VERSION: process.service_version,
        names.SERVICE_INSTANCE_ID: process.id,
        names.DEPLOYMENT_ENVIRONMENT_NAME: process.environment,
        names.HOST_NAME: process.host,
        names.PROCESS_PID: process.pid,
        names.PROCESS_RUNTIME_VERSION: process.python,
    }
    return {key: value for key, value in known.items() if value}
