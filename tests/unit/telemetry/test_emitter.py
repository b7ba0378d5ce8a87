"""Telemetry has a thread of its own, if anybody asks, and ends before the providers do."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from time import monotonic

import pytest

from enforcer.recording.process import Process
from enforcer.recording.recorder import Recorder
from enforcer.recording.use import ALIASED, CallSite
from enforcer.rules.model import MigrationMap
from enforcer.runtime.process import schedule
from enforcer.runtime.process.schedule import EXIT
from enforcer.runtime.telemetry.emitter import Emitter
from enforcer.store import emission
from enforcer.store.sqlite.opening import open_to_read
from tests.integration.telemetry.receiving import Receiver, Silent
from tests.patience import PATIENCE, WAIT_UNTIL, wait_until
from tests.unit.telemetry.conftest import OLD

pytestmark = pytest.mark.process

SDK = f"""
import sys, time
{WAIT_UNTIL}
emitted = []
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
)
class Exporter(LogRecordExporter):
    def export(self, batch):
        for data in batch:
            if data.log_record.event_name == "deprecated_import.used":
                print(data.log_record.attributes["deprecated_import.count"], flush=True)
                emitted.append(data)
        return LogRecordExportResult.SUCCESS
    def shutdown(self): print("end", flush=True)
    def force_flush(self, timeout_millis=0): return True
def install(**keywords):
    provider = LoggerProvider(**keywords)
    provider.add_log_record_processor(BatchLogRecordProcessor(Exporter()))
    _logs.set_logger_provider(provider)
    return provider
"""


class Program:
    """Run programs with a map of one rule."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        kept = {key: value for key, value in environ.items() if not key.startswith("OTEL")}
        settings = {
            "ENFORCER_MAP": str(folder / "enforcer.toml"),
            "ENFORCER_FLUSH_INTERVAL": "0.05",
        }
        self.environ = {**kept, **settings}
        (folder / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
        (folder / "new.py").write_text("N = 1\n")

    def run(self, code: str, **variables: str) -> tuple[str, str]:
        """Run a program to its end; give its output and its standard error."""
        (self.folder / "program.py").write_text(SDK + dedent(code))
        done = subprocess.run(
            [sys.executable, "program.py"],
            cwd=self.folder,
            env={**self.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    @property
    def waiting(self) -> int:
        """Count the uses that wait to be sent."""
        with closing(open_to_read(str(self.folder / ".enforcer/uses.db"))) as connection:
            return emission.waiting(connection, 0)[0]


@pytest.fixture
def program(tmp_path: Path, environ: dict[str, str]) -> Program:
    return Program(tmp_path, environ)


def test_what_is_used_last_goes_out_before_the_providers_end(program: Program) -> None:
    """They end at exit, before what was registered earlier, as the enforcer's own was."""
    code = """
        install()
        import old
        wait_until(lambda: emitted)
        for _ in range(3):
            import old
    """
    output, error = program.run(code)
    assert (output, error) == ("1\n3\nend\n", "")
    assert program.waiting == 0


def test_a_program_that_ends_at_once(program: Program) -> None:
    """Its providers have ended when they are found: what it used waits to be sent."""
    code = """
        install()
        import old
    """
    output, error = program.run(code, ENFORCER_FLUSH_INTERVAL="60")
    assert (output, error) == ("end\n", "")
    assert program.waiting == 1


def test_a_program_that_ends_at_once_and_says_where_to(
    program: Program, receiver: Receiver
) -> None:
    """Then it is sent there."""
    code = """
        install()
        import old
    """
    variables = {
        "ENFORCER_FLUSH_INTERVAL": "60",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    assert program.run(code, **variables) == ("end\n", "")
    assert receiver.received.uses().total() == 1


def test_a_program_that_ends_before_the_sdk_is_loaded(program: Program, receiver: Receiver) -> None:
    """When Python ends there can be no more threads, which the SDK starts while it is loaded."""
    (program.folder / "program.py").write_text("import old\n")
    variables = {
        "ENFORCER_EXIT_TIMEOUT": str(PATIENCE),
        "ENFORCER_FLUSH_INTERVAL": "60",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=program.folder,
        env={**program.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=2 * PATIENCE,
    )
    assert done.stderr == ""
    assert receiver.received.uses().total() == 1
    assert len(receiver.received.spans) == 1
    assert program.waiting == 0


def test_providers_that_are_ended_by_hand(program: Program) -> None:
    """They are known to be there until they are gone, if they have been met."""
    code = """
        import atexit
        provider = None
        atexit.register(lambda: provider.shutdown())
        provider = install(shutdown_on_exit=False)
        import old
        wait_until(lambda: emitted)
        import old
    """
    assert program.run(code)[0] == "1\n1\nend\n"


def test_os_exit_flushes_the_providers(program: Program) -> None:
    """Whose own end is passed by."""
    code = """
        install()
        import old
        wait_until(lambda: emitted)
        import old, os
        os._exit(0)
    """
    assert program.run(code)[0] == "1\n1\n"


def test_disable_flushes_the_providers(program: Program) -> None:
    code = """
        install()
        import old, enforcer
        enforcer.disable()
        print("disabled", flush=True)
    """
    assert program.run(code)[0] == "1\ndisabled\nend\n"


def test_flush_emits(program: Program) -> None:
    """Also in a program that has no store."""
    code = """
        install()
        import enforcer
        enforcer.flush()
        import old
        enforcer.flush()
        _logs.get_logger_provider().force_flush()
        print("flushed", flush=True)
    """
    assert program.run(code, ENFORCER_FLUSH_INTERVAL="60")[0].startswith("1\nflushed\n")


def test_without_a_store(program: Program, receiver: Receiver) -> None:
    """Telemetry reports by itself."""
    code = """
        import enforcer
        from enforcer.rules.model import MigrationMap, Rule
        enforcer.enable(MigrationMap([Rule("old", "new")], root="."))
        import old
    """
    del program.environ["ENFORCER_MAP"]
    assert program.run(code, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint) == ("", "")
    assert receiver.received.uses().total() == 1
    assert not (program.folder / ".enforcer/uses.db").exists()


def test_a_request_is_cut_at_the_end(
    monkeypatch: pytest.MonkeyPatch, make_process: Callable[..., Process]
) -> None:
    """At seven tenths of an exit: nothing else would end this request in the time of a test."""
    monkeypatch.setenv("ENFORCER_EXIT_TIMEOUT", str(PATIENCE))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE))
    monkeypatch.setattr(schedule, "FLUSH_PATIENCE", PATIENCE)
    recorder = Recorder()
    emitter = Emitter(
        make_process(), MigrationMap([OLD]), recorder.totals, 0.05, note=id, notices=tuple
    )
    recorder.tally(OLD, ALIASED, CallSite("old", "a.py", 1, "f", "a", "call")).count()
    with Silent() as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", silent.endpoint)
        emitter.start()
        wait_until(lambda: silent.connections)
        began = monotonic()
        emitter.ask_to_finish(1.0, EXIT)
        is_over = emitter.has_finished(PATIENCE)

    assert is_over
    assert monotonic() - began >= 0.7
    assert [seen.offer().count for seen in emitter.ledger.offered()] == [1]  # for the next process


def test_a_variable_that_cannot_be_followed_is_said_once(program: Program) -> None:
    """And the application's providers are used all the same."""
    code = """
        install()
        import old
        wait_until(lambda: emitted)
    """
    output, error = program.run(
        code,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
    )
    assert output == "1\nend\n"
    assert error == (
        'enforcer: telemetry: the protocol "http/json" is not known, and http/protobuf is used '
        "instead (otel-setting)\n"
    )
