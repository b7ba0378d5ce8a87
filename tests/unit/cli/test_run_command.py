"""Run commands as if the enforcer had not been in between."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import EXITS, PATIENCE, WAIT_UNTIL

pytestmark = pytest.mark.process

Enforcer = Callable[..., subprocess.CompletedProcess[str]]

SHOW = "import json, os, sys; print(json.dumps([sys.argv, dict(os.environ)]))"

FORMS = pytest.mark.parametrize("options", [(), ("--report",)], ids=["replaced", "reported"])


def variables(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    environ: dict[str, str] = json.loads(result.stdout.splitlines()[0])[1]
    return {key: value for key, value in environ.items() if key.startswith("ENFORCER_")}


@FORMS
@pytest.mark.parametrize("code", [0, 1, 2, 7, 255])
def test_exit_code(enforcer: Enforcer, options: tuple[str, ...], code: int) -> None:
    """The exit code is the command's."""
    assert enforcer("run", *options, "--", "-c", f"raise SystemExit({code})").returncode == code


def test_killed_command(enforcer: Enforcer) -> None:
    """A command that a signal ended is seen as such, or as a shell would say it."""
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    assert enforcer("run", "--", "-c", code).returncode == -signal.SIGKILL
    assert enforcer("run", "--report", "--", "-c", code).returncode == 128 + signal.SIGKILL


@FORMS
def test_output_and_input_are_the_commands(
    enforcer: Enforcer, folder: Path, options: tuple[str, ...]
) -> None:
    """What it writes comes first and unchanged, on the stream it chose."""
    (folder / "app.py").write_text("import sys; print('out'); print('err', file=sys.stderr)")
    result = enforcer("run", *options, "--", "app.py")

    assert result.stdout.startswith("out\n")
    assert result.stderr.startswith("err\n")


def test_environment(enforcer: Enforcer, folder: Path) -> None:
    """The command learns map, stage and store, all absolute, and which run it belongs to."""
    result = enforcer(
        "run", "--stage", "at-least:warn", "--store", "kept/uses.db", "--", "-c", SHOW
    )

    found = variables(result)
    assert len(found.pop("ENFORCER_RUN")) == 16
    assert found.pop("ENFORCER_MAP_DIGEST").endswith(f" {folder / 'enforcer.toml'}")
    assert found == {
        **EXITS,
        "ENFORCER_MAP": str(folder / "enforcer.toml"),
        "ENFORCER_STAGE": "at-least:warn",
        "ENFORCER_STORE": str(folder / "kept/uses.db"),
    }


def test_environment_that_was_there_is_kept(enforcer: Enforcer, folder: Path) -> None:
    """Without an option the variables of the user hold."""
    result = enforcer(
        "run", "--", "-c", SHOW, ENFORCER_STAGE="strict", ENFORCER_STORE=str(folder / "mine.db")
    )

    found = variables(result)
    assert found["ENFORCER_STAGE"] == "strict"
    assert found["ENFORCER_STORE"] == str(folder / "mine.db")


def test_map_of_a_folder_above(enforcer: Enforcer, folder: Path) -> None:
    """The map is looked for from here upwards."""
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)

    found = variables(enforcer("run", "--", "-c", SHOW, cwd=inner))
    assert found["ENFORCER_MAP"] == str(folder / "enforcer.toml")


def test_map_by_option_and_by_variable(enforcer: Enforcer, folder: Path) -> None:
    """The option comes before the variable, and the variable before the folders."""
    for name in ("option.toml", "variable.toml"):
        (folder / name).write_text((folder / "enforcer.toml").read_text())

    by_variable = enforcer("run", "--", "-c", SHOW, ENFORCER_MAP="variable.toml")
    assert variables(by_variable)["ENFORCER_MAP"] == str(folder / "variable.toml")
    by_option = enforcer(
        "run", "--map", "option.toml", "--", "-c", SHOW, ENFORCER_MAP="variable.toml"
    )
    assert variables(by_option)["ENFORCER_MAP"] == str(folder / "option.toml")


def test_no_map(enforcer: Enforcer, folder: Path) -> None:
    """Without a map nothing runs, and one line says what to do."""
    (folder / "enforcer.toml").unlink()
    result = enforcer("run", "--", "-c", "print('ran')")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f'enforcer: no migration map: there is no enforcer.toml in "{folder}" or above it, '
        "and neither --map nor ENFORCER_MAP names one. "
        "Write one with enforcer init, or name it (no-map)\n"
    )


def test_unknown_stage(enforcer: Enforcer) -> None:
    """A stage that does not exist is refused before anything runs."""
    result = enforcer("run", "--stage", "strickt", "--", "-c", "print('ran')")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith('enforcer: --stage: "strickt" is not a stage. Write one of ')
    assert result.stderr.endswith("(unknown-stage)\n")


def test_stage_off(enforcer: Enforcer) -> None:
    """The command runs as without the enforcer, and nothing is recorded."""
    asks = "import enforcer.startup as s; print(s.active().safe_mode.text)"
    result = enforcer("run", "--stage", "off", "--", "-c", asks)

    assert (result.returncode, result.stdout) == (0, "ENFORCER_STAGE is off\n")


def test_unknown_command(enforcer: Enforcer) -> None:
    """A command that is nowhere is one line."""
    result = enforcer("run", "--", "no-such-tool")

    assert result.returncode == 2
    assert result.stderr.startswith('enforcer: command not found: "no-such-tool"')


@FORMS
def test_file_that_can_not_be_executed(
    enforcer: Enforcer, folder: Path, options: tuple[str, ...]
) -> None:
    """An executable file that is none is one line too."""
    (folder / "tool").write_bytes(b"\x7fnothing")
    (folder / "tool").chmod(0o755)
    result = enforcer("run", *options, "--", "./tool")

    assert result.returncode == 2
    assert result.stderr.startswith('enforcer: "./tool" can\'t be executed: Exec format error.')
    assert result.stderr.endswith("(not-executable)\n")


def test_command_is_required(enforcer: Enforcer) -> None:
    """Nothing to run is a mistake."""
    result = enforcer("run")

    assert result.returncode == 2
    assert "Missing argument 'COMMAND...'" in result.stderr


def test_options_of_the_command_are_its_own(enforcer: Enforcer, folder: Path) -> None:
    """Nothing behind the command is taken for an option of ``run``, with or without ``--``."""
    (folder / "app.py").write_text(SHOW)
    for dashes in (["--"], []):
        result = enforcer("run", *dashes, "app.py", "--report", "--map", "x", "--", "-h")
        assert json.loads(result.stdout)[0] == ["app.py", "--report", "--map", "x", "--", "-h"]


def test_module(enforcer: Enforcer, folder: Path) -> None:
    """A module of the current folder is found, as by ``python -m``."""
    (folder / "tool.py").write_text("import sys; print(__name__, sys.argv[1:])")

    assert enforcer("run", "--", "-m", "tool", "a").stdout == "__main__ ['a']\n"


def test_program_on_path(enforcer: Enforcer, folder: Path) -> None:
    """A console program is executed, and its children inherit the variables."""
    tool = folder / "bin" / "frobnicate"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "$ENFORCER_MAP" "$@"\n')
    tool.chmod(0o755)
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"

    result = enforcer("run", "--", "frobnicate", "a b", PATH=path)
    assert result.stdout == f"{folder / 'enforcer.toml'} a b\n"


def test_broken_pipe_ends_the_program(enforcer: Enforcer) -> None:
    """A signal that Python ignores is not ignored in the program that replaces it."""
    result = enforcer("run", "--", "sh", "-c", "grep SigIgn /proc/self/status")

    ignored = int(result.stdout.split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1))


def test_report_without_the_enforcer_in_the_command(enforcer: Enforcer) -> None:
    """Where no process reported, a line says so, and the exit code is still the command's."""
    result = enforcer("run", "--report", "--", "sh", "-c", "exit 3")

    assert result.returncode == 3
    assert result.stderr.startswith("enforcer: nothing recorded: no process of this command")
    assert result.stderr.endswith("or it could not write the store (not-enabled)\n")


# A handler must not print: the signal may come while print() is writing.
WAITING = (
    "import os, signal, sys, time\n"
    "def end(number, frame): os.write(1, b'got %d\\n' % number); sys.exit(9)\n"
    "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1): signal.signal(number, end)\n"
    "print('ready', flush=True); time.sleep(600)"
)


@FORMS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_reach_the_command(
    folder: Path, environ: dict[str, str], options: tuple[str, ...], number: signal.Signals
) -> None:
    """Who signals ``enforcer run`` signals the command, and gets its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "enforcer", "run", *options, "--", "-c", WAITING],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 9
    assert output.startswith(f"got {number.value}\n")


# What the parent passes on comes in order: a signal sent now comes after an interrupt that came.
AFTER_ITS_PARENT = """
asked = []
signal.signal(signal.SIGUSR1, lambda *_: asked.append(1))
os.kill(os.getppid(), signal.SIGUSR1)
wait_until(lambda: asked)
"""


@FORMS
def test_interrupt_from_the_keyboard_arrives_once(
    folder: Path, environ: dict[str, str], options: tuple[str, ...]
) -> None:
    """What is typed reaches the command by its terminal, and is not passed on once more."""
    code = (
        "import os, signal, time\n"
        "got = []\n"
        "signal.signal(signal.SIGINT, lambda *_: got.append(1))\n"
        "print('ready', flush=True)\n"
        f"{WAIT_UNTIL}\n"
        "wait_until(lambda: got)\n"
        f"{AFTER_ITS_PARENT if options else ''}"
        "print('interrupts:', len(got), flush=True)"
    )
    in_a_terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))"
    words = [sys.executable, "-m", "enforcer", "run", *options, "--", "-c", code]
    with subprocess.Popen(
        [sys.executable, "-c", in_a_terminal, *words],
        cwd=folder,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.read(5) == b"ready"
        process.stdin.write(b"\x03")
        output = process.stdout.read()

    assert b"interrupts: 1\r\n" in output
    assert process.returncode == 0
