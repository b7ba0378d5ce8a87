"""The receiver and the collector of these tests keep what they are given, to the last record."""

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

from tests.integration.telemetry.receiving import Receiver
from tests.integration.telemetry.running import Rotel


def send(endpoint: str, numbers: range) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = OTLPLogExporter(f"{endpoint}/v1/logs")
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("harness", "1.0")
    for number in numbers:
        attributes = {
            "deprecated_import.id": f"x-{number}",
            "deprecated_import.rule": "old",
            "deprecated_import.mechanism": "import_statement",
            "deprecated_import.outcome": "aliased",
            "deprecated_import.count": number,
            "code.file.path": "a.py",
            "code.line.number": 3,
        }
        logger.emit(LogRecord(event_name="deprecated_import.used", attributes=attributes))
    provider.shutdown()


@pytest.mark.component
def test_receiver(receiver: Receiver) -> None:
    """What is sent twice is counted once."""
    send(receiver.endpoint, range(1, 4))
    send(receiver.endpoint, range(2, 4))

    assert receiver.received.uses() == {("old", "a.py", 3, "aliased"): 6}
    assert len(receiver.received.logs) == 5
    assert {log.scope for log in receiver.received.logs} == {("harness", "1.0")}


@pytest.mark.component("rotel")
def test_collector(receiver: Receiver, rotel: Rotel) -> None:
    """All is passed on, also what it has not passed on yet when it is stopped."""
    send(rotel.endpoint, range(50))
    rotel.stop()
    rotel.start()
    send(rotel.endpoint, range(50, 100))

    receiver.wait_for(lambda received: len(received.logs) >= 100)
    assert receiver.received.uses().total() == sum(range(100))
