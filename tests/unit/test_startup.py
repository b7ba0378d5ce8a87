"""Enabling is light, and never stops a program that didn't ask to be stopped."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE, WAIT_UNTIL, environment_without

pytestmark = pytest.mark.process

HEAVY = (
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "importlib.abc",
    "importlib.metadata",
    "json",
    "logging",
    "opentelemetry",
    "re",
    "sqlite3",
    "structlog",
    "threading",
    "typing",
    "wrapt",
)
GOOD = '[enforcer]\n{options}\n[[rule]]\nlegacy = "old"\ncanonical = "new"\n'


def python(
    folder: Path, *arguments: str, flags: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the interpreter as somebody who set only these variables would."""
    return subprocess.run(
        [sys.executable, *flags, "-c", *arguments],
        cwd=folder,
        env={**environment_without("ENFORCER"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a map and a canonical module."""
    (tmp_path / "enforcer.toml").write_text(GOOD.format(options=""))
    (tmp_path / "new.py").write_text("N = 1\n")
    return tmp_path


def test_the_import_path_loads_nothing_heavy(folder: Path) -> None:
    """What stays in force loads only small modules; parsing the map is another matter."""
    program = (
        "import sys; before = set(sys.modules); import enforcer, enforcer.runtime.imports.watch,"
        "enforcer.runtime.process.schedule, enforcer.recording.process,"
        "enforcer.recording.recorder;"
        f"print(sorted(set({HEAVY!r}) & (set(sys.modules) - before)))"
    )
    assert python(folder, program).stdout == "[]\n"


# Until the thread has written a few times, and has looked whether anybody asks for telemetry.
BEATS = f"""
import enforcer.startup
{WAIT_UNTIL}
leader = enforcer.startup.active().reporters[0]
beats, look = [], leader.on_beat
def beat():
    look()
    beats.append(1)
leader.on_beat = beat
import old
wait_until(lambda: len(beats) > 2)
"""
OF_TELEMETRY = f"""
import sys
{BEATS}
import enforcer; enforcer.flush()
ASKED = ("enforcer.runtime.telemetry", "opentelemetry")
print(sorted(m for m in sys.modules if m.startswith(ASKED)))
"""


def test_a_program_without_opentelemetry_loads_nothing_for_it(folder: Path) -> None:
    """Neither of ours nor of others, however often it reports."""
    environ = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "0.05"}
    assert python(folder, OF_TELEMETRY, **environ).stdout == "[]\n"
    environ["OTEL_SERVICE_NAME"] = "shop"
    assert python(folder, OF_TELEMETRY, **environ).stdout == "[]\n"


def test_no_thread_of_ours_changes_the_loaded_modules_after_the_first_use(folder: Path) -> None:
    """Code that walks sys.modules fails if one comes in; the first use loads what is needed."""
    program = (
        "import sys, old\nbefore = set(sys.modules)\n"
        f"{BEATS}\nprint(sorted(set(sys.modules) - before - {{'enforcer'}}))\n"
        "from enforcer.startup import active\nassert active().reporters[0].has_begun"
    )
    environ = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "0.3"}
    assert python(folder, program, **environ).stdout == "[]\n"


def test_log_lines_need_no_opentelemetry(folder: Path) -> None:
    """Who asked for a line did not ask for that, nor did who uses contexts (3.14 always does)."""
    environ = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "0.05"}
    program = f"import contextvars\n{OF_TELEMETRY}"
    done = python(folder, program, ENFORCER_LOG="structlog", **environ)
    assert '"event": "deprecated_import.used"' in done.stderr
    assert "'enforcer.runtime.telemetry.structured_log'" in done.stdout
    assert "opentelemetry" not in done.stdout


def test_telemetry_that_is_switched_off_loads_nothing(folder: Path) -> None:
    """OpenTelemetry's own switch, and the map's."""
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    environ = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "0.05", **endpoint}
    done = python(folder, OF_TELEMETRY, OTEL_SDK_DISABLED="true", **environ)
    assert "opentelemetry" not in done.stdout
    (folder / "enforcer.toml").write_text(GOOD.format(options="telemetry = false"))
    assert python(folder, OF_TELEMETRY, **environ).stdout == "[]\n"


@pytest.mark.parametrize(
    "asked", [{"ENFORCER_LOG": "structlog"}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}]
)
def test_the_main_thread_stays_the_main_thread(folder: Path, asked: dict[str, str]) -> None:
    """The first thread that loads threading makes itself that one on 3.11 and 3.12."""
    program = (
        f"{BEATS}\nimport enforcer, threading; enforcer.flush()\n"
        "print(threading.current_thread() is threading.main_thread())"
    )
    environ = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_FLUSH_INTERVAL": "0.05", **asked}
    assert python(folder, program, **environ).stdout == "True\n"


def test_the_environment_enables_at_start(folder: Path) -> None:
    """Nothing but a variable has to be set."""
    done = python(folder, "import old; print(old.N)", ENFORCER_MAP="enforcer.toml")
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize("asked", [{}, {"ENFORCER_MAP": ""}, {"ENFORCER_MAP": " "}])
def test_nothing_of_the_package_is_loaded_without_the_variable(
    folder: Path, asked: dict[str, str]
) -> None:
    """Every program in the environment reads the startup file."""
    program = "import sys; print(*[name for name in sys.modules if name.startswith('enforcer')])"
    assert python(folder, program, **asked).stdout == "\n"


@pytest.mark.parametrize(("flag", "enabled"), [("-S", False), ("-I", True), ("-E", True)])
def test_what_pythons_switches_mean(folder: Path, flag: str, enabled: bool) -> None:  # noqa: FBT001
    """-S reads no site-packages; -I and -E hide only the variables of Python itself."""
    program = "import sys; print('enforcer.startup' in sys.modules)"
    done = python(folder, program, flags=(flag,), ENFORCER_MAP="enforcer.toml")
    assert done.stdout == f"{enabled}\n"


def test_a_broken_map_is_said_and_the_program_goes_on(folder: Path) -> None:
    """fail_open is the default."""
    (folder / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\n')
    done = python(folder, "print('ran')", ENFORCER_MAP="enforcer.toml")
    assert done.stdout == "ran\n"
    assert done.returncode == 0
    assert "enforcer.toml:1" in done.stderr
    assert "(missing-key)" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("missing-key") == 1


def test_a_broken_map_stops_the_program_if_it_says_so(folder: Path) -> None:
    """fail_open = false means one clear error and exit code 2."""
    (folder / "enforcer.toml").write_text(
        '[enforcer]\nfail_open = false\n[[rule]]\nlegacy = "old"\n'
    )
    done = python(folder, "print('ran')", ENFORCER_MAP="enforcer.toml")
    assert done.stdout == ""
    assert done.returncode == 2
    assert "(missing-key)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_baseline_stops_the_program_if_the_map_says_so(folder: Path) -> None:
    """As a broken map does; a process that may go on does not even read it at start."""
    rule = '[[rule]]\nlegacy = "old"\ncanonical = "new"\nstage = "strict"\n'
    (folder / "enforcer-baseline.toml").write_text("oops")
    (folder / "enforcer.toml").write_text(f"[enforcer]\nfail_open = false\n{rule}")
    done = python(folder, "print('ran')", ENFORCER_MAP="enforcer.toml")
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr.startswith("enforcer: stopped, as the map says fail_open = false: ")
    assert "(baseline-broken)" in done.stderr
    assert done.stderr.count("\n") == 1

    (folder / "enforcer.toml").write_text(rule)
    done = python(folder, "print('ran')", ENFORCER_MAP="enforcer.toml")
    assert (done.stdout, done.stderr, done.returncode) == ("ran\n", "", 0)


def test_a_missing_map_is_one_line(folder: Path) -> None:
    """A wrong path is the commonest mistake."""
    done = python(folder, "print('ran')", ENFORCER_MAP="nowhere.toml")
    assert done.stdout == "ran\n"
    assert "(map-not-found)" in done.stderr
    assert "Traceback" not in done.stderr


LOOKING = """
import old
import enforcer, enforcer.startup as startup
startup._start_reporting = lambda enforcement, **_: enforcement.look_for_notices()
enforcer.enable("enforcer.toml")
startup.active().look_for_notices()
print([notice.kind for notice in enforcer.notices()])
"""


def test_a_thread_that_looks_while_the_program_still_enables_finds_nothing_wrong(
    folder: Path,
) -> None:
    """On a busy machine the reporter's thread may be the first to go on."""
    (folder / "old.py").touch()
    with (folder / "enforcer.toml").open("a") as file:
        file.write('stage = "observe"\n')
    assert python(folder, LOOKING).stdout == "['late']\n"


def test_children_are_enabled_too(folder: Path) -> None:
    """A subprocess inherits the variable."""
    program = (
        "import subprocess, sys;"
        "print(subprocess.check_output("
        "[sys.executable, '-c', 'import old; print(old.N)'], text=True))"
    )
    done = python(folder, program, ENFORCER_MAP=str(folder / "enforcer.toml"))
    assert done.stdout == "1\n\n"
