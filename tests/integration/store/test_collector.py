"""A collector's own exporter writes to the engine, and the reader finds what was sent."""

import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from enforcer.store.clickhouse.connection import parse
from enforcer.store.queries import Span
from enforcer.store.readers import open_reader
from tests.patience import wait_until

pytestmark = pytest.mark.component("chdb", "rotel")

NOON = 493_000 * 3_600_000_000_000
PROCESS = "c" * 32


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def engine(make_clickhouse: Callable[..., Any]) -> Any:
    """Make the tables that rotel writes to: it knows no EventName."""
    return make_clickhouse(has_event_name=False)


@pytest.fixture
def collector(engine: Any, tmp_path: Path) -> Iterator[str]:
    """Start rotel with its ClickHouse exporter; give the address for OTLP."""
    import rotel

    agent = Path(rotel.__file__).with_name("rotel-agent")
    address = parse(engine.url)
    ports = [free_port() for _ in range(2)]
    command = [str(agent), "start", "--exporter", "clickhouse"]
    command += ["--clickhouse-exporter-endpoint", f"http://{address.host}:{address.port}"]
    command += ["--clickhouse-exporter-database", address.database]
    command += ["--clickhouse-exporter-compression", "none"]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{ports[0]}"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{ports[1]}"]
    library = sysconfig.get_config_var("LIBDIR")
    with (tmp_path / "rotel.log").open("w") as log:
        process = subprocess.Popen(
            command, env={"LD_LIBRARY_PATH": str(library)}, stdout=log, stderr=log
        )
        try:
            wait_until(lambda: is_open(ports[0]))
            yield f"http://127.0.0.1:{ports[0]}"
        finally:
            process.kill()
            process.wait()
            sys.stdout.write((tmp_path / "rotel.log").read_text()[-3000:])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(endpoint: str) -> None:
    """Send a use and a heartbeat with OpenTelemetry's own SDK."""
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    resource = Resource({"service.name": "shop", "service.version": "1.0", "host.name": "web1"})
    logs = LoggerProvider(resource, shutdown_on_exit=False)
    logs.add_log_record_processor(
        SimpleLogRecordProcessor(OTLPLogExporter(endpoint=f"{endpoint}/v1/logs"))
    )
    attributes: dict[str, Any] = {
        "event.name": "deprecated_import.used",
        "deprecated_import.id": f"{PROCESS}-0-0",
        "deprecated_import.process": PROCESS,
        "deprecated_import.count": 7,
        "deprecated_import.first_seen": NOON,
        "deprecated_import.last_seen": NOON + 1,
        "deprecated_import.rule": "shop.old_cart",
        "deprecated_import.legacy": "shop.old_cart",
        "deprecated_import.stage": "warn",
        "deprecated_import.outcome": "warned",
        "deprecated_import.mechanism": "import_statement",
        "deprecated_import.relation": "own",
        "code.file.path": "shop/<script>.py",
        "code.line.number": 12,
        "code.function.name": "checkout",
    }
    logs.get_logger("enforcer", "1").emit(
        LogRecord(timestamp=NOON, severity_number=SeverityNumber.INFO, attributes=attributes)
    )
    logs.shutdown()
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"))
    metrics = MeterProvider([reader], resource, shutdown_on_exit=False)
    watched = {
        "deprecated_import.process": PROCESS,
        "deprecated_import.rule": "shop.old_cart",
        "deprecated_import.canonical": "shop.cart",
        "deprecated_import.stage": "warn",
        "deprecated_import.rule.state": "watched",
    }
    counter = metrics.get_meter("enforcer").create_up_down_counter("deprecated_import.rule.count")
    counter.add(1, watched)
    metrics.shutdown()


def test_what_a_collector_wrote_is_read(collector: str, engine: Any) -> None:
    """From OTLP through a real exporter into the tables, and out of the roll-ups."""
    send(collector)

    def has_arrived() -> bool:
        with open_reader(engine.url) as reader:
            return bool(reader.processes(Span()) and list(reader.uses(Span())))

    wait_until(has_arrived)
    with open_reader(engine.url) as reader:
        (use,) = reader.uses(Span())
        (rule,) = reader.rules(Span())
        (watch,) = reader.process_watches(Span())
    assert (use.legacy, use.count, use.file, use.line) == (
        "shop.old_cart",
        7,
        "shop/<script>.py",
        12,
    )
    assert (use.outcome, use.first_seen, use.last_seen) == ("warned", NOON, NOON + 1)
    assert (rule.legacy, rule.canonical, rule.stage) == ("shop.old_cart", "shop.cart", "warn")
    assert (watch.id, watch.service, watch.version, watch.host) == (PROCESS, "shop", "1.0", "web1")
