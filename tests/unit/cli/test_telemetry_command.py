"""``enforcer telemetry`` says where telemetry goes, and sends what waits."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from enforcer.cli.main import main
from enforcer.telemetry.spool import Spool
from tests.integration.telemetry.receiving import Receiver, free_port


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


def keep(folder: Path, count: int = 3) -> Spool:
    spool = Spool([folder / ".enforcer/telemetry"])
    for _ in range(count):
        spool.keep("logs", b"", process="a" * 32, records=4)
    return spool


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


def test_status_names_places_and_what_waits(folder: Path) -> None:
    """Something that waits is worth an exit code of its own."""
    keep(folder)
    done = enforcer(
        "status", OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318", OTEL_METRICS_EXPORTER="none"
    )
    *places, waiting = done.output.splitlines()
    assert done.exit_code == 1
    assert places == [
        "traces  http://c:4318/v1/traces (http/protobuf)",
        "logs    http://c:4318/v1/logs (http/protobuf)",
        "metrics only to the application's own provider",
    ]
    assert waiting.startswith("3 requests with 12 records wait, the oldest for 0")
    assert waiting.endswith(f' s, in "{folder}/.enforcer/telemetry".')


def test_status_as_json(folder: Path) -> None:
    spool = keep(folder, 1)
    done = enforcer("status", "--format", "json", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="http://c/x")
    assert json.loads(done.output) == {
        "disabled": False,
        "targets": {"logs": {"endpoint": "http://c/x", "protocol": "http/protobuf"}},
        "waiting": {
            "requests": 1,
            "records": 4,
            "oldest": spool.waiting()[0].time,
            "folders": [f"{folder}/.enforcer/telemetry"],
        },
    }


def test_flush_sends(folder: Path, receiver: Receiver) -> None:
    keep(folder)
    done = enforcer("flush", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    assert (done.exit_code, done.output) == (0, "3 requests sent. Nothing waits.\n")
    assert receiver.requests == 3


def test_flush_that_reaches_nobody(folder: Path) -> None:
    """It says why, and what is left."""
    keep(folder)
    port = free_port()
    done = enforcer("flush", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    assert done.exit_code == 1
    assert "0 requests sent. 3 requests with 12 records wait" in done.output
    assert f"enforcer: http://127.0.0.1:{port}/v1/logs can't be asked" in done.output
    assert "(collector-not-reached)" in done.output


def test_flush_goes_on_after_a_refusal(folder: Path, receiver: Receiver) -> None:
    """Other requests may be taken."""
    keep(folder)
    receiver.answer = (400, b"no")
    done = enforcer("flush", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    assert done.exit_code == 1
    assert receiver.requests == 3
    assert "answered with status 400 (collector-refused)" in done.output


def test_flush_has_to_know_where_to(folder: Path) -> None:
    keep(folder)
    done = enforcer("flush")
    assert done.exit_code == 2
    assert done.output == (
        "enforcer: nothing says where telemetry goes. Set OTEL_EXPORTER_OTLP_ENDPOINT, to "
        "http://localhost:4318 for instance (no-endpoint)\n"
    )


def test_a_variable_that_cannot_be_followed(folder: Path) -> None:  # noqa: ARG001
    done = enforcer(
        "status",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://c",
        OTEL_EXPORTER_OTLP_PROTOCOL="smoke",
    )
    assert done.exit_code == 2
    assert "(unknown-protocol)" in done.output
