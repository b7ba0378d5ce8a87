"""Describe the process that records."""

import os
import platform
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from enforcer.recording.process import (
    MAX_COMMAND,
    RUN_FILE_KEY,
    RUN_KEY,
    current,
    place,
    resource_attributes,
)
from enforcer.rules.model import MigrationMap


@pytest.fixture(autouse=True)
def _no_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)


def test_says_what_it_watches() -> None:
    """The map's path, digest, root and service are the process's."""
    process = current(MigrationMap(path="/a/enforcer.toml", digest="d1", root="/a", service="shop"))

    assert (process.map_path, process.map_digest) == ("/a/enforcer.toml", "d1")
    assert (process.root, process.service) == ("/a", "shop")


def test_says_where_it_runs() -> None:
    """The operating system knows the process and its host by the same names."""
    process = current(MigrationMap())

    assert process.pid == os.getpid()
    assert process.host == platform.node()
    assert process.python.startswith(platform.python_version())


def test_ids_are_those_of_a_trace() -> None:
    """They are as long as OpenTelemetry's: 16 random bytes."""
    assert len(bytes.fromhex(current(MigrationMap()).id)) == 16


def test_ids_differ() -> None:
    """Two descriptions never share an id, so that a forked child is told from its parent."""
    assert current(MigrationMap()).id != current(MigrationMap()).id


def test_child_names_its_parent() -> None:
    """A forked child names the process it came from."""
    assert current(MigrationMap(), parent="p1").parent == "p1"


def test_command_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long command line is cut."""
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", "x" * 10_000])

    assert len(current(MigrationMap()).command) == MAX_COMMAND == 500


def test_knows_the_run_it_belongs_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """``enforcer run`` tells its processes by a variable."""
    monkeypatch.setenv(RUN_KEY, "r1")

    assert current(MigrationMap()).run == "r1"


def test_opentelemetrys_variables_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs a service names it for all of its tools at once."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "checkout")
    monkeypatch.setenv(
        "OTEL_RESOURCE_ATTRIBUTES",
        "service.name=other,service.version=1.2,deployment.environment.name=production",
    )
    process = current(MigrationMap(service="shop"))

    assert process.service == "checkout"
    assert (process.service_version, process.environment) == ("1.2", "production")


def test_service_name_among_the_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts where the variable for it alone is empty."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")

    assert current(MigrationMap(service="shop")).service == "other"


def test_older_name_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What semantic conventions before 1.27 called it is understood, and gives way."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=staging")
    assert current(MigrationMap()).environment == "staging"

    monkeypatch.setenv(
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment=staging,deployment.environment.name=canary",
    )
    assert current(MigrationMap()).environment == "canary"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1,b=2", {"a": "1", "b": "2"}),
        (" a = 1 , b=2 ", {"a": "1", "b": "2"}),
        ("a=x%20y%2Cz%3d", {"a": "x y,z="}),
        ("a=Z%C3%BCrich", {"a": "Zürich"}),
        ("a=Zürich", {"a": "Zürich"}),
        ("a=b=c", {"a": "b=c"}),
        ("a%2Eb=1", {"a.b": "1"}),
        ("a=1,nonsense,=2,b=,,c=3", {"a": "1", "c": "3"}),
        ("a=100%,b=%zz,c=%4,d=% 1", {"a": "100%", "b": "%zz", "c": "%4", "d": "% 1"}),
        ("a=%ff", {"a": "\ufffd"}),
        ("", {}),
    ],
)
def test_resource_attributes(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: dict[str, str]
) -> None:
    """Values are percent-encoded; what is malformed is passed by."""
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", text)

    assert resource_attributes() == expected


def test_percent_decoding_equals_the_standard_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one way to decode, though urllib is too much to load at start."""
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    for byte in range(256):
        for text in (f"x%{byte:02x}y", f"x%{byte:02X}", f"%c3%{byte:02x}", f"é%{byte:02x}%"):
            monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"a={text}")
            assert resource_attributes() == {"a": unquote(text)}


def test_a_process_is_shown_by_its_number_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "app.py"])

    assert repr(current(MigrationMap())) == f"<Process {os.getpid()} 'python app.py'>"


def test_a_child_of_a_fork_server_knows_the_running_test(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server keeps the environment of an earlier one; other processes keep their own."""
    file = tmp_path / "variables"
    file.write_text("PYTEST_CURRENT_TEST=t.py::test_b (call)\0ENFORCER_ALLOWED=a=b old")
    server = ["python", "-c", "from multiprocessing.forkserver import main; main(3)"]
    for argv, parent, variables in (
        (server, "", str(file)),
        (["python", "app.py"], "p1", str(file)),
        (server, "p1", ""),
        (server, "p1", str(tmp_path / "none")),
        (server, "p1", str(file)),
    ):
        monkeypatch.setattr(sys, "orig_argv", argv)
        monkeypatch.setenv(RUN_FILE_KEY, variables)
        monkeypatch.setenv("PYTEST_CURRENT_TEST", "t.py::test_a (call)")
        monkeypatch.setenv("ENFORCER_ALLOWED", "")
        current(MigrationMap(), parent=parent)
        is_known = (argv, parent, variables) == (server, "p1", str(file))
        assert os.environ["PYTEST_CURRENT_TEST"].startswith(
            "t.py::test_b" if is_known else "t.py::test_a"
        )
        assert os.environ["ENFORCER_ALLOWED"] == ("a=b old" if is_known else "")


def test_a_host_may_have_a_name_that_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's own name changes with each start; what decides is what is recorded."""
    named = " node-7 "
    monkeypatch.setenv("ENFORCER_HOST", named)

    assert current(MigrationMap()).host == place(MigrationMap()).host == "node-7"
    monkeypatch.setenv("ENFORCER_HOST", "")
    assert current(MigrationMap()).host == place(MigrationMap()).host == platform.node()
