"""``enforcer telemetry`` says where telemetry goes, and sends what waits."""

import json
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from opentelemetry.sdk._logs import LoggerProvider

from enforcer.cli.main import main
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store.sqlite.writer import Store
from tests.integration.telemetry.receiving import Receiver, free_port

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a map, in an environment that says nothing."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ENFORCER_MAP", "OTEL_CONFIG_FILE", "OTEL_SDK_DISABLED", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def left(folder: Path, make_process: MakeProcess, make_use: MakeUse) -> Process:
    """Leave twelve uses of a process that has ended and could send none."""
    process = make_process(service="shop")
    uses = [make_use(line=line, count=4) for line in (1, 2, 3)]
    store = Store(str(folder / ".enforcer/uses.db"))
    store.watch(process, [uses[0].rule])
    store.write(process, 0, uses)
    store.note_emission(process.id, [])
    store.leave(process, "exit")
    store.close()
    return process


def enforcer(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["telemetry", *arguments], env=environ)


def test_nothing_is_named(folder: Path) -> None:  # noqa: ARG001 - the working directory
    done = enforcer("status")
    assert done.exit_code == 0
    assert done.output == (
        "No endpoint is named: telemetry goes to the application's own providers.\nNothing waits.\n"
    )


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED is true: nothing is emitted."),
        (
            {"OTEL_CONFIG_FILE": "otel.yaml"},
            "OTEL_CONFIG_FILE is set: what is made of it is used, and no other variable.",
        ),
    ],
)
def test_other_switches(folder: Path, environ: dict[str, str], line: str) -> None:  # noqa: ARG001
    done = enforcer("status", OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318", **environ)
    assert done.output.splitlines()[0] == line


@pytest.mark.usefixtures("left")
def test_status_names_places_and_what_waits() -> None:
    """Something that waits is worth an exit code of its own; a password is not shown."""
    done = enforcer(
        "status",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://me:secret@c:4318",
        OTEL_METRICS_EXPORTER="none",
    )
    *places, waiting = done.output.splitlines()
    assert done.exit_code == 1
    assert places == [
        "traces  http://c:4318/v1/traces (http/protobuf)",
        "logs    http://c:4318/v1/logs (http/protobuf)",
        "metrics only to the application's own provider, since OTEL_METRICS_EXPORTER is none",
    ]
    assert waiting.startswith("12 uses of 1 process wait, the oldest for ")


@pytest.mark.usefixtures("left")
def test_status_as_json() -> None:
    done = enforcer("status", "--format", "json", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="http://c/x")
    document = json.loads(done.output)
    assert document["waiting"].pop("oldest") > 0
    assert document == {
        "disabled": False,
        "targets": {"logs": {"endpoint": "http://c/x", "protocol": "http/protobuf"}},
        "waiting": {"uses": 12, "processes": 1},
    }


def test_flush_sends(left: Process, receiver: Receiver) -> None:
    """All of it arrives in the name of the process, with its goodbye; and once."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    done = enforcer("flush", **environ)
    assert (done.exit_code, done.output) == (0, "12 uses sent. Nothing waits.\n")
    assert receiver.received.uses().total() == 12
    assert {log.resource["service.instance.id"] for log in receiver.received.logs} == {left.id}
    assert len(receiver.received.events("deprecated_import.ended")) == 1
    before = receiver.requests

    assert enforcer("flush", **environ).output == "0 uses sent. Nothing waits.\n"
    assert receiver.requests == before


@pytest.mark.usefixtures("left")
def test_flush_that_reaches_nobody() -> None:
    """It says why, and what is left."""
    port = free_port()
    done = enforcer("flush", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    assert done.exit_code == 1
    assert "0 uses sent. 12 uses of 1 process wait" in done.output
    assert f"enforcer: http://127.0.0.1:{port}/v1/logs: " in done.output
    assert "(collector-not-reached)" in done.output


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_is_refused_is_dropped_once(receiver: Receiver, status: int) -> None:
    """The collector would refuse it again, for as long as anybody sends it."""
    receiver.answer = (status, b"no")
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    done = enforcer("flush", **environ)
    assert done.exit_code == 1
    assert "uses offered. Nothing waits." in done.output
    assert f"enforcer: 4 records were refused: {status} (telemetry-refused)" in done.output
    assert f'/v1/logs" answered {status}' in done.output
    before = receiver.requests
    enforcer("flush", **environ)
    assert receiver.requests == before


def test_flush_has_to_know_where_to(folder: Path) -> None:  # noqa: ARG001 - the working directory
    done = enforcer("flush")
    assert done.exit_code == 2
    assert done.output == (
        "enforcer: nothing says where telemetry goes. Set OTEL_EXPORTER_OTLP_ENDPOINT, to "
        "http://localhost:4318 for instance (no-endpoint)\n"
    )


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"OTEL_LOGS_EXPORTER": "console"}, 'OTEL_LOGS_EXPORTER is "console", so log events'),
        ({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED is true, so nothing is sent."),
        ({"OTEL_CONFIG_FILE": "otel.yaml"}, "OTEL_CONFIG_FILE is set, which only the"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318",
            },
            "no endpoint is named for log events. Set OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        ),
    ],
    ids=["another exporter", "disabled", "a file", "another signal"],
)
def test_flush_says_why_it_has_nowhere_to_send(
    folder: Path,  # noqa: ARG001 - the working directory
    environ: dict[str, str],
    why: str,
) -> None:
    """An endpoint is named, so to say that none is would send people the wrong way."""
    done = enforcer("flush", **{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", **environ})
    assert done.exit_code == 2
    assert done.output.startswith(f"enforcer: {why}")
    assert done.output.endswith(" (no-endpoint)\n")


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("endpoint", ["http://[::1:4318", "htp://c", "nonsense"])
def test_an_address_that_is_none(endpoint: str) -> None:
    """It is said, and everything stays."""
    done = enforcer("flush", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert done.exit_code == 1
    assert "12 uses of 1 process wait" in done.output
    assert "(telemetry-not-sent)" in done.output


@pytest.mark.usefixtures("left")
def test_a_value_that_is_none(receiver: Receiver) -> None:
    """It is one line, and its default is used."""
    done = enforcer(
        "flush",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="smoke",
        OTEL_METRIC_EXPORT_INTERVAL="1m",
        OTEL_EXPORTER_OTLP_TIMEOUT="10s",
        OTEL_TRACES_SAMPLER="traceidratio",
        OTEL_TRACES_SAMPLER_ARG="nan",
        OTEL_EXPORTER_OTLP_HEADERS="bad",
    )
    assert done.exit_code == 0
    lines = [line for line in done.output.splitlines() if line.endswith("(otel-setting)")]
    assert len(lines) == len(set(lines)) == 5, done.output
    assert receiver.received.uses().total() == 12


@pytest.mark.usefixtures("left")
def test_a_limit_that_is_none(receiver: Receiver) -> None:
    """Up to 1.44 the SDK reads it for each log record, and takes no other: logs wait then."""
    done = enforcer(
        "flush",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        OTEL_ATTRIBUTE_COUNT_LIMIT="many",
    )
    takes_limits = "log_record_limits" in signature(LoggerProvider).parameters
    assert "OTEL_ATTRIBUTE_COUNT_LIMIT must be" in done.output
    assert receiver.received.uses().total() == (12 if takes_limits else 0)
