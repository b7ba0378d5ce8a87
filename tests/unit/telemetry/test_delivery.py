"""What was recorded arrives once, at the application's providers or at a collector."""

from collections.abc import Callable
from contextvars import copy_context

import pytest
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from enforcer.recording.notice import Notice
from enforcer.recording.use import BLOCKED, WOULD_BLOCK, Use
from enforcer.rules.exemptions import Exemption
from enforcer.rules.model import MigrationMap, Rule
from enforcer.runtime.telemetry.asked import choice
from enforcer.runtime.telemetry.events import event_of
from enforcer.runtime.telemetry.records import attributes_of
from tests.integration.telemetry.receiving import Receiver
from tests.unit.telemetry.conftest import Parts


class Application:
    """Be an application with OpenTelemetry's SDK, which keeps everything in memory."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.events = InMemoryLogRecordExporter()
        self.loggers = LoggerProvider(shutdown_on_exit=False)
        self.loggers.add_log_record_processor(SimpleLogRecordProcessor(self.events))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)

    @property
    def providers(self) -> list[object]:
        return [self.tracers, self.loggers, self.meters]

    def counts(self) -> list[int]:
        return [
            found.log_record.attributes["deprecated_import.count"]
            for found in self.events.get_finished_logs()
        ]

    def metrics(self) -> dict[str, dict[str, int]]:
        """Give the values of each metric, by the state or the outcome they are of."""
        data = self.reader.get_metrics_data()
        found: dict[str, dict[str, int]] = {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics:
            for point in metric.data.data_points:
                of = point.attributes
                states = ("deprecated_import.rule.state", "deprecated_import.process.state")
                key = next((of[name] for name in (*states, "error.type") if name in of), "")
                key = f"{of.get('deprecated_import.rule', '')} {key}".strip()
                found.setdefault(metric.name, {})[key] = point.value
        return found


@pytest.fixture
def application() -> Application:
    return Application()


def test_providers_get_differences(parts: Parts, application: Application) -> None:
    """Events add up to the uses; a metric is the sum by itself."""
    parts.providers = application.providers
    parts.use(3)
    parts.deliver()
    parts.deliver()
    parts.use(2)
    parts.deliver()

    assert application.counts() == [3, 2]
    assert application.metrics()["deprecated_import.uses"] == {"old": 5}
    assert len(application.spans.get_finished_spans()) == 1


def test_provider_that_comes_late_gets_all(parts: Parts, application: Application) -> None:
    """What was used before it was there is told, with its real time."""
    parts.use(3)
    parts.deliver()
    parts.use(4)
    parts.deliver()
    parts.providers = application.providers
    parts.deliver()

    (tally,) = parts.recorder.totals()
    (span,) = application.spans.get_finished_spans()
    assert application.counts() == [7]
    assert application.metrics()["deprecated_import.uses"] == {"old": 7}
    assert (span.start_time, span.end_time, span.parent) == (
        tally[0].first_seen,
        tally[0].first_seen,
        None,
    )


def test_providers_come_one_by_one(parts: Parts, application: Application) -> None:
    """A signal without a provider waits, and the others don't."""
    parts.providers[0] = application.tracers
    parts.use(1)
    parts.deliver()
    assert len(application.spans.get_finished_spans()) == 1
    assert application.counts() == []
    parts.providers[1] = application.loggers
    parts.deliver()

    assert application.counts() == [1]
    assert len(application.spans.get_finished_spans()) == 1


def test_a_span_is_a_child_of_the_one_at_the_use(parts: Parts, application: Application) -> None:
    """So is the event of the first uses; later ones may come from anywhere."""
    parts.recorder.context = copy_context
    parts.providers = application.providers
    with application.tracers.get_tracer("web").start_as_current_span("request") as request:
        parts.use(1)
    with application.tracers.get_tracer("web").start_as_current_span("other"):
        parts.use(1)
        parts.deliver()

    of = request.get_span_context()
    span = next(
        span for span in application.spans.get_finished_spans() if span.name.startswith("resolve")
    )
    (event,) = application.events.get_finished_logs()
    assert span.name == "resolve deprecated_import"
    assert span.kind is trace.SpanKind.INTERNAL
    assert (span.context.trace_id, span.parent.span_id) == (of.trace_id, of.span_id)
    assert (event.log_record.trace_id, event.log_record.span_id) == (of.trace_id, of.span_id)
    assert request.start_time <= span.start_time <= request.end_time


def test_what_is_no_longer_needed_of_a_context_is_let_go(parts: Parts) -> None:
    """It may hold what the application has in a request."""
    parts.recorder.context = copy_context
    parts.use(1)
    ((tally, _),) = parts.recorder.totals()
    assert tally.context is not None
    parts.deliver()

    assert tally.context is None


def test_states_of_rules(parts: Parts, application: Application) -> None:
    """A rule that nobody uses is told from one that nobody watches; a probe is no use."""
    parts.providers = application.providers
    parts.use(2)
    parts.use(2, line=8)
    parts.use(1, rule=parts.map.rules[1], path="pack.old.a", mechanism="probe")
    parts.deliver()

    metrics = application.metrics()
    assert metrics["deprecated_import.rule.count"] == {
        "old watched": 1,
        "old used": 1,
        "old expired": 1,  # after 2026-03-31
        "pack.old.* watched": 1,
    }
    assert metrics["deprecated_import.call_site.count"] == {"old": 2}


def test_states_of_a_process(parts: Parts, application: Application) -> None:
    """An alert tells a process that can't say what is used from one that uses nothing."""

    def states() -> dict[str, int]:
        parts.deliver()
        return application.metrics()["deprecated_import.processes"]

    parts.providers = application.providers
    assert states() == {"watching": 1}
    parts.is_unwritten = True
    parts.notices.append(Notice("left-out", "old", "the rule is left out"))
    assert states() == {"watching": 1, "not_written": 1, "blind": 1}
    parts.is_unwritten = False
    assert states() == {"watching": 1, "not_written": 0, "blind": 1}


def test_states_of_a_process_without_rules(parts: Parts, application: Application) -> None:
    """It watches nothing, and says so."""
    parts.map = MigrationMap()
    parts.make()
    parts.providers = application.providers
    parts.deliver()

    assert application.metrics()["deprecated_import.processes"] == {"no_rules": 1}


def test_attributes(parts: Parts, application: Application) -> None:
    """They tell all of a call site; a reader tells one event from all others."""
    parts.providers = application.providers
    parts.use(
        2,
        rule=parts.map.rules[1],
        path="pack.old.a",
        outcome="warned",
        file="/srv/venv/lib/python3.11/site-packages/dep/b.py",
        relation="third_party",
        distribution="dep",
        names=("X", "Y"),
        via="/usr/lib/python3.11/importlib/__init__.py:126",
    )
    parts.deliver()

    (found,) = application.events.get_finished_logs()
    (seen,) = parts.ledger
    attributes = dict(found.log_record.attributes)
    first, last = (attributes.pop(f"deprecated_import.{key}_seen") for key in ("first", "last"))
    assert first <= last == found.log_record.timestamp
    assert found.log_record.event_name == "deprecated_import.used"
    assert found.log_record.severity_number.value == 13
    assert found.instrumentation_scope.name == "enforcer"
    assert attributes == {
        "deprecated_import.id": f"{parts.process.id}-{seen.site}-0",
        "deprecated_import.count": 2,
        "deprecated_import.rule": "pack.old.*",
        "deprecated_import.legacy": "pack.old.a",
        "deprecated_import.canonical": "pack.new.a",
        "deprecated_import.stage": "warn",
        "deprecated_import.outcome": "warned",
        "deprecated_import.mechanism": "import_statement",
        "deprecated_import.relation": "third_party",
        "deprecated_import.removal": "4.0",
        "deprecated_import.name": "X,Y",
        "deprecated_import.caller.module": "shop.a",
        "deprecated_import.caller.distribution": "dep",
        "deprecated_import.caller.via": "importlib/__init__.py:126",
        "deprecated_import.process": parts.process.id,
        "code.file.path": "dep/b.py",
        "code.line.number": 7,
        "code.function.name": "f",
        "event.name": "deprecated_import.used",
    }


def test_refused_uses_are_events_of_their_own(parts: Parts, application: Application) -> None:
    """One that an exemption tolerated until its end is told beside, and not counted twice."""
    strict = Rule("old", "new", stage="strict")
    exemption = Exemption("old", "shop/a.py", "2020-01-01", "waits")
    parts.map = MigrationMap([strict], allow=[exemption])
    parts.make()
    parts.providers = application.providers
    parts.use(2, rule=strict, outcome=BLOCKED)
    parts.use(1, rule=strict, outcome=BLOCKED, file="shop/b.py")
    parts.deliver()

    found = [
        (record.log_record.event_name, record.log_record.attributes["deprecated_import.id"][33:])
        for record in application.events.get_finished_logs()
    ]
    first, second = (seen.site for seen in parts.ledger)
    assert found == [
        ("deprecated_import.blocked", f"{first}-0"),
        ("deprecated_import.exemption_expired", f"{first}-0-expired"),
        ("deprecated_import.blocked", f"{second}-0"),
    ]


def test_much_is_flushed_in_between(parts: Parts, application: Application) -> None:
    """The queue of a provider is short, and drops what comes when it is full."""
    flushed: list[int] = []

    def force_flush(timeout_millis: int) -> bool:
        flushed.append(len(application.events.get_finished_logs()))
        return timeout_millis > 0

    application.loggers.force_flush = force_flush  # type: ignore[method-assign]
    parts.providers = application.providers
    for line in range(1, 1202):
        parts.use(1, line=line)
    parts.deliver()

    assert flushed == [500, 1000]
    assert len(application.counts()) == 1201


def test_what_a_provider_raises_stops_nothing(parts: Parts, application: Application) -> None:
    """A flush of others may fail."""

    def force_flush(_: int) -> bool:
        raise ZeroDivisionError

    application.loggers.force_flush = force_flush  # type: ignore[method-assign]
    parts.providers = application.providers
    for line in range(1, 600):
        parts.use(1, line=line)
    parts.deliver()

    assert len(application.counts()) == 599


def test_whom_a_dry_run_let_pass(make_use: Callable[..., Use]) -> None:
    """It was used, and somebody should know before it is refused."""
    use = make_use(stage="strict", outcome=WOULD_BLOCK)

    event = event_of(use, attributes_of(use, "process"), "id")

    assert (event.event_name, event.severity_number) == (
        "deprecated_import.used",
        SeverityNumber.WARN,
    )
    assert event.attributes["deprecated_import.outcome"] == "would_block"


def test_a_collector_gets_all_signals(parts: Parts, receiver: Receiver) -> None:
    """The resource says which process it was."""
    parts.send_to(receiver.endpoint)
    parts.use(3)
    parts.use(1, outcome=BLOCKED, line=8)
    parts.deliver()

    received = receiver.received
    assert received.uses() == {
        ("old", "shop/a.py", 7, "aliased"): 3,
        ("old", "shop/a.py", 8, "blocked"): 1,
    }
    assert [span.name for span in received.spans] == ["resolve deprecated_import"] * 2
    assert received.spans[0].trace_id != received.spans[1].trace_id
    assert received.spans[0].parent_id == ""
    resource = received.logs[0].resource
    assert resource["service.name"] == "shop"
    assert resource["service.instance.id"] == parts.process.id
    assert {log.scope[0] for log in received.logs} == {"enforcer"}
    uses = [point for point in received.points if point.metric == "deprecated_import.uses"]
    assert {(point.value, point.is_monotonic, point.unit) for point in uses} == {
        (3, True, "{use}"),
        (1, True, "{use}"),
    }


def test_a_collector_gets_the_parent_too(parts: Parts, receiver: Receiver) -> None:
    """The application may have an API of traces, and providers that nobody set."""
    parts.recorder.context = copy_context
    parts.send_to(receiver.endpoint)
    of = trace.SpanContext(
        7 << 64, 9, is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED)
    )
    with trace.use_span(trace.NonRecordingSpan(of)):
        parts.use(1)
    unsampled = trace.SpanContext(8 << 64, 9, is_remote=True)
    with trace.use_span(trace.NonRecordingSpan(unsampled)):
        parts.use(1, line=8)
    parts.deliver()

    (span,) = receiver.received.spans
    assert (span.trace_id, span.parent_id) == (f"{7 << 64:032x}", f"{9:016x}")
    assert [log.trace_id for log in receiver.received.logs] == [
        f"{7 << 64:032x}",
        f"{8 << 64:032x}",
    ]


def test_metrics_are_sent_at_their_own_pace(parts: Parts, receiver: Receiver) -> None:
    """And a last time at the end."""
    parts.send_to(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="3600000")
    for _ in range(3):
        parts.use(1)
        parts.deliver()
    parts.deliver(ending="exit")

    values = [
        point.value
        for point in receiver.received.points
        if point.metric == "deprecated_import.uses"
    ]
    assert values == [1, 3]


def test_differences_of_metrics(parts: Parts, receiver: Receiver) -> None:
    """Where the environment prefers them; up-down counters stay what they are."""
    parts.send_to(
        receiver.endpoint,
        OTEL_METRIC_EXPORT_INTERVAL="0.001",
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta",
    )
    for count in (2, 3):
        parts.use(count)
        parts.deliver()

    points = receiver.received.points
    uses = [point for point in points if point.metric == "deprecated_import.uses"]
    watched = [point for point in points if point.metric == "deprecated_import.rule.count"]
    assert [(point.value, point.is_cumulative) for point in uses] == [(2, False), (3, False)]
    assert all(point.is_cumulative for point in watched)


def test_an_idle_process_says_that_it_watches(parts: Parts, receiver: Receiver) -> None:
    """Otherwise absence could not be told from zero."""
    parts.send_to(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="0.001")
    parts.deliver()
    parts.deliver()

    watched = [
        point.value
        for point in receiver.received.points
        if point.attributes.get("deprecated_import.rule.state") == "watched"
    ]
    assert watched == [1, 1, 1, 1]  # two rules, twice
    assert receiver.received.logs == []


def test_what_gives_way_to_a_fork_goes_out_once(parts: Parts, receiver: Receiver) -> None:
    """Nothing is lost or doubled by a delivery that is cut short."""
    parts.send_to(receiver.endpoint)
    for line in range(1, 1300):
        parts.use(1, line=line)
    for allowed in (4, 40, 400):
        asked = iter([False] * allowed + [True] * 10_000)
        parts.delivery.deliver(30.0, asked.__next__)
    parts.deliver()
    parts.deliver()

    receiver.wait_for(lambda received: received.uses().total() >= 1299)
    assert receiver.received.uses().total() == 1299
    assert len({span.span_id for span in receiver.received.spans}) == 1299


def test_instrumentor_may_switch_off(
    parts: Parts, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is used meanwhile is told when it is on again."""
    parts.providers = application.providers
    monkeypatch.setattr(choice, "is_off", True)
    parts.use(1)
    parts.deliver()
    assert application.counts() == []
    monkeypatch.setattr(choice, "is_off", False)
    parts.deliver()

    assert application.counts() == [1]


def test_what_comes_after_the_providers_have_ended_waits(
    parts: Parts, application: Application
) -> None:
    """It stays in the ledger, for the next who can send it."""
    parts.providers = application.providers
    parts.use(1)
    parts.deliver()
    parts.use(2)
    parts.deliver(ending="exit")

    assert application.counts() == [1]
    assert [seen.offer().count for seen in parts.ledger.offered()] == [2]


def test_scrub(parts: Parts, application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function sees all of it first; what it holds back is counted as dropped."""
    parts.map.scrub = "tests.unit.telemetry.test_delivery:without_file"
    monkeypatch.setattr(
        "tests.unit.telemetry.test_delivery.without_file", without_file, raising=False
    )
    parts.make()
    parts.providers = application.providers
    parts.use(1)
    parts.use(1, file="shop/secret.py")
    parts.deliver()

    (event,) = application.events.get_finished_logs()
    (span,) = application.spans.get_finished_spans()
    assert "code.file.path" not in event.log_record.attributes
    assert "code.file.path" not in span.attributes
    assert [(notice.kind, notice.subject) for notice in parts.notices] == [
        ("dropped", "telemetry/scrub")
    ]
    parts.deliver()
    assert application.metrics()["deprecated_import.dropped"] == {"scrub": 2}


def without_file(attributes: dict[str, object]) -> dict[str, object] | None:
    if "secret" in str(attributes.pop("code.file.path")):
        return None
    return attributes


def test_scrub_that_fails_holds_back(
    parts: Parts, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing goes out unseen, and it is said once."""
    parts.map.scrub = "no.such.module:scrub"
    parts.make()
    parts.providers = application.providers
    parts.use(1)
    parts.use(1, line=8)
    parts.deliver()

    assert application.counts() == []
    failed = ModuleNotFoundError("No module named 'no'", name="no")
    assert capsys.readouterr().err == (
        f'enforcer: "no.such.module:scrub" failed, nothing is told: {failed!r} (scrub-failed)\n'
    )


def test_the_application_is_preferred_to_a_collector(
    parts: Parts, application: Application, receiver: Receiver
) -> None:
    """Each use goes to one of them."""
    parts.send_to(receiver.endpoint)
    parts.use(1)
    parts.deliver()
    parts.providers = application.providers
    parts.use(2)
    parts.deliver()

    assert receiver.received.uses().total() == 1
    assert application.counts() == [2]
    # Whoever takes the highest value of a series has all of it.
    assert application.metrics()["deprecated_import.uses"] == {"old": 3}


def test_call_sites_beyond_the_limit(parts: Parts, application: Application) -> None:
    """What is beyond the limit of call sites is one row of its rule."""
    parts.recorder.limit = 1
    parts.providers = application.providers
    parts.use(1)
    parts.use(2, line=8)
    parts.use(3, line=9)
    parts.deliver()

    assert application.counts() == [1, 5]


def test_notices_are_told_once(parts: Parts, application: Application) -> None:
    """A store that is filled by a collector learns too who was blind."""
    parts.notices.append(Notice("blind", "builtins.__import__", '"/srv/shop/a.py" replaced it.'))
    parts.providers = application.providers
    parts.deliver()
    parts.deliver()

    (event,) = application.events.get_finished_logs()
    assert event.log_record.event_name == "deprecated_import.notice"
    assert event.log_record.attributes == {
        "deprecated_import.id": f"{parts.process.id}-blind-builtins.__import__",
        "deprecated_import.process": parts.process.id,
        "deprecated_import.notice.kind": "blind",
        "deprecated_import.notice.subject": "builtins.__import__",
        "deprecated_import.notice.text": '"a.py" replaced it.',
        "event.name": "deprecated_import.notice",
    }


def test_notices_wait_for_somebody_to_take_them(parts: Parts, receiver: Receiver) -> None:
    parts.notices.append(Notice("late", "old", "It was imported before."))
    parts.deliver()
    parts.send_to(receiver.endpoint)
    parts.deliver()

    (event,) = receiver.received.events("deprecated_import.notice")
    assert event.attributes["deprecated_import.notice.subject"] == "old"


def test_goodbye_is_said_once_where_somebody_hears_it(
    parts: Parts, application: Application
) -> None:
    """It goes through providers before they end, and is not left to wait for nobody."""
    parts.providers = application.providers
    parts.deliver()
    assert not application.events.get_finished_logs()

    parts.ending = "exit"
    parts.deliver()
    parts.deliver(ending="exit")

    (event,) = application.events.get_finished_logs()
    assert event.log_record.attributes == {
        "deprecated_import.id": f"{parts.process.id}-ended",
        "deprecated_import.process": parts.process.id,
        "deprecated_import.ending": "exit",
        "event.name": "deprecated_import.ended",
    }
    assert not list(parts.folder.rglob("*.pb*"))


def test_goodbye_goes_to_a_collector(parts: Parts, receiver: Receiver) -> None:
    parts.send_to(receiver.endpoint)
    parts.deliver(ending="disabled")

    (event,) = receiver.received.events("deprecated_import.ended")
    assert event.attributes["deprecated_import.ending"] == "disabled"


def test_what_another_process_sends_meanwhile_is_not_sent_again(
    parts: Parts, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reporter adopts it while this process is sending, and its acknowledgement comes later."""
    parts.send_to(receiver.endpoint)
    parts.use(5)
    take = receiver.take

    def take_and_adopt(path: str, body: bytes, encoding: str) -> tuple[int, bytes]:
        (seen,) = parts.ledger
        parts.ledger.adopt({seen.site: (seen.site, 9, 9, seen.last_seen)})
        return take(path, body, encoding)

    monkeypatch.setattr(receiver, "take", take_and_adopt)
    parts.deliver()

    (seen,) = parts.ledger
    assert (seen.emitted, seen.offered) == (9, 9)
    assert parts.ledger.offered() == []
