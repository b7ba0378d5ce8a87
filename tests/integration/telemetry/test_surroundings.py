"""A program with a wrong setting, or no store, says so in one line and runs as it would have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.telemetry.receiving import Receiver, free_port
from tests.integration.telemetry.recorded import Project, stored
from tests.patience import PATIENCE

pytestmark = pytest.mark.component


def enforcer_run(project: Project, **variables: str) -> str:
    """Run a program of five uses by ``enforcer run``; return its standard error."""
    (project.folder / "program.py").write_text("for _ in range(5):\n    import old\n")
    environ = project.environ(**variables)
    del environ["ENFORCER_MAP"]
    done = subprocess.run(
        [sys.executable, "-m", "enforcer", "run", "program.py"],
        cwd=project.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stderr


def test_a_certificate_that_is_missing(project: Project) -> None:
    """Three signals need it, again and again; the file is named once."""
    error = enforcer_run(
        project,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"https://127.0.0.1:{free_port()}",
        OTEL_EXPORTER_OTLP_CERTIFICATE="/nowhere/own.pem",
        REQUESTS_CA_BUNDLE="",  # would be used instead
        CURL_CA_BUNDLE="",
        OTEL_METRIC_EXPORT_INTERVAL="100",
    )
    (line,) = error.splitlines()
    assert "/nowhere/own.pem" in line
    assert line.endswith("(telemetry-not-sent)")
    assert stored(project.store).total() == 5


def test_nobody_listens(project: Project) -> None:
    """A collector comes and goes: ``enforcer telemetry status`` has what waits."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    assert enforcer_run(project, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) == ""
    assert stored(project.store).total() == 5


def test_a_limit_that_the_sdk_reads_while_it_is_loaded(
    project: Project, receiver: Receiver
) -> None:
    """It is one line and its default, for spans alone; all signals are sent."""
    error = enforcer_run(
        project,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="three",
    )
    (line,) = error.splitlines()
    assert "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be" in line
    assert line.endswith("(otel-setting)")
    assert receiver.received.uses().total() == 5
    assert len(receiver.received.spans) == 1
    assert receiver.received.latest("deprecated_import.uses") != {}


def test_a_store_that_cannot_be_written(project: Project, receiver: Receiver) -> None:
    """Everything is sent all the same, and a line says that nothing outlives the process."""
    (project.folder / ".enforcer").write_text("a file is in the way of the folder\n")
    _, error = project.run(
        """
        for _ in range(20):
            use(2)
            time.sleep(0.02)
        """,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
    )
    assert error.count("(no-ledger)") == 1
    assert receiver.received.uses().total() == 40


SET_USER_ID = """
import sys
import enforcer
enforcer.enable("enforcer.toml")
import old
enforcer.flush()
print(any(name.startswith("opentelemetry") for name in sys.modules))
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else"
)
@pytest.mark.parametrize(("real", "loads"), [(0, True), (12345, False)], ids=["own", "foreign"])
def test_the_rights_of_somebody_else(
    project: Project, receiver: Receiver, tmp_path: Path, *, real: int, loads: bool
) -> None:
    """Whoever starts a set-user-ID program would have it send where they like, as its owner."""
    environ = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    del environ["ENFORCER_MAP"]
    done = subprocess.run(
        [sys.executable, "-c", SET_USER_ID],
        cwd=tmp_path,
        env=environ,
        preexec_fn=lambda: os.setresuid(real, 0, 0),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == f"{loads}\n"
    assert receiver.received.uses().total() == (1 if loads else 0)
    assert (receiver.requests > 0) is loads
    assert stored(project.store).total() == 1
