"""Command ``enforcer run``: run a command with the enforcer enabled in it and its children."""

import os
import shutil
import signal
import site
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import click

import enforcer
from enforcer.cli.options import choose_file, choose_map
from enforcer.errors import EnforcerError
from enforcer.recording.process import RUN_KEY
from enforcer.rules.environment import DIGEST_KEY, LATEST
from enforcer.rules.loader import STORE_KEY, load_map
from enforcer.rules.stages import ENVIRONMENT_KEY, read_override
from enforcer.rules.store_address import is_there
from enforcer.startup import MAP_KEY
from enforcer.store import StoreError

STARTUP_FILE: Final = "enforcer_startup.pth"
"""The file that Python reads at start if it is in a site folder."""

SCRIPT_SUFFIXES = (".py", ".pyz")

_FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments.

    Attributes:
        program: path of the file to execute.
        words: its arguments; the first is the name it is called by.

    """

    program: str
    words: tuple[str, ...]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option(
    "--stage",
    metavar="STAGE",
    help="The stage of every rule; at-least:STAGE raises milder rules, at-most:STAGE lowers "
    "harder ones.",
)
@click.option("--store", metavar="FILE", help="Where to keep what is recorded.")
@click.option("--report", is_flag=True, help="Show what this run used, when it has ended.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    *,
    map_file: str | None,
    stage: str | None,
    store: str | None,
    report: bool,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with the enforcer enabled.

    COMMAND is a Python script, -m and a module, -c and code, or a program on PATH. Its exit
    code, its signals and its output are its own.

    \b
    Examples:
      enforcer run -- app.py --port 8000
      enforcer run --report -- -m pytest tests
      enforcer run --stage at-least:strict -- pytest
      enforcer run --store /var/lib/app/uses.db -- gunicorn app:api
    """  # noqa: D301 - \b tells click to keep the lines
    environ = {**os.environ, **_settings(map_file, stage, store)}
    if environ.get(DIGEST_KEY, "").strip() != LATEST:
        # Inherited from a program that started this command, and not meant for this map.
        environ.pop(DIGEST_KEY, None)
    # Lenient, because the program itself reports what is ignored of its map.
    kept_in = load_map(environ[MAP_KEY], environ=environ, cached=True, lenient=True).store
    found = find_command(command)
    if not report:
        replace_by(found, environ)
    code = wait_for(found, environ)
    try:
        click.echo(_written(kept_in, environ[RUN_KEY]), nl=False, color=True)
    except StoreError as error:
        click.echo(f"enforcer: {error}", err=True)
    sys.exit(code)


def _settings(map_file: str | None, stage: str | None, store: str | None) -> dict[str, str]:
    settings = {MAP_KEY: choose_map(map_file), RUN_KEY: os.urandom(8).hex()}
    if stage is not None:
        try:
            read_override(stage)
        except ValueError as error:
            message = f"--stage: {error} (unknown-stage)"
            raise EnforcerError(message) from None
        settings[ENVIRONMENT_KEY] = stage
    if store:
        settings[STORE_KEY] = choose_file(store, None)
    if not _is_read_at_start():
        folders = (str(Path(enforcer.__file__).with_name("at_start")), os.environ.get("PYTHONPATH"))
        settings["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return settings


def _is_read_at_start() -> bool:
    """Return whether Python reads the enforcer's start-up file; it does in site folders only."""
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return any(Path(folder, STARTUP_FILE).is_file() for folder in folders)


def _written(store: str, run_id: str) -> str:
    # Slow to load, and needed with --report only.
    from enforcer.report import build  # noqa: PLC0415
    from enforcer.report.as_table import as_table  # noqa: PLC0415

    found = build(store, run=run_id) if is_there(store) else None
    if found is None or not found.processes:
        message = (
            "nothing recorded: no process of this command has reported. Its Python has no "
            "enforcer installed, it was killed at once, or it could not write the store "
            "(not-enabled)"
        )
        raise StoreError(message)
    return f"\n{as_table(found, sys.stdout)}"


def find_command(words: Sequence[str]) -> Command:
    """Return the program to execute for a command.

    A script (``app.py``), the interpreter's options (``-m module``, ``-c code``) and ``python``
    mean this interpreter, because it is known to have the enforcer. Everything else is a program:
    beside this interpreter if that is a virtual environment's, or on PATH.

    Raises:
        EnforcerError: if there is no such program or script.

    """
    name, *arguments = words
    if name.startswith("-"):
        return _python(words)
    if name.endswith(SCRIPT_SUFFIXES):
        if not Path(name).is_file():
            raise _not_found(name, "there is no such file")
        return _python(words)
    if name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        return _python(arguments)
    program = shutil.which(name, path=os.pathsep.join(_folders()))
    if program is None and Path(name).is_file():
        message = (
            f'"{name}" is not executable. Write "python {name}" if it is a Python script, or '
            f'"chmod +x {name}" (not-executable)'
        )
        raise EnforcerError(message)
    if program is None:
        raise _not_found(name, "there is no such program")
    return Command(program, tuple(words))


def _python(arguments: Sequence[str]) -> Command:
    return Command(sys.executable, (sys.executable, *arguments))


def _folders() -> list[str]:
    on_path = os.environ.get("PATH", os.defpath)
    if sys.prefix == sys.base_prefix:
        return [on_path]
    return [str(Path(sys.executable).parent), on_path]


def _not_found(name: str, reason: str) -> EnforcerError:
    return EnforcerError(
        f'command not found: "{name}": {reason}. Write a script (app.py), -m and a module, '
        "or a program that is on PATH (command-not-found)"
    )


def replace_by(command: Command, environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the program: its signals, terminal and exit code are its own.

    Raises:
        EnforcerError: if it can't be executed.

    """
    # exec() drops what is still buffered.
    sys.stdout.flush()
    sys.stderr.flush()
    # CPython ignores these signals at start-up, and exec() keeps ignored signals ignored: without
    # the reset the program would not end at a closed pipe.
    for name in _IGNORED_BY_PYTHON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execve(command.program, command.words, environ)  # noqa: S606 - no shell is the point
    except OSError as error:
        raise _not_executable(command, error) from error


def wait_for(command: Command, environ: Mapping[str, str]) -> int:
    """Run the program as a child, forward signals to it, and return its exit code.

    A program that a signal ended has the exit code 128 plus the signal's number, as in a shell.

    Raises:
        EnforcerError: if it can't be executed.

    """
    try:
        child = subprocess.Popen(  # noqa: S603 - the user's own command
            command.words, executable=command.program, env=environ
        )
    except OSError as error:
        raise _not_executable(command, error) from error

    def forward(number: int, _: FrameType | None) -> None:
        # The terminal sends keyboard signals to the whole foreground process group: the child gets
        # them without help, and would get them twice.
        if number not in _FROM_KEYBOARD or not _is_in_foreground():
            child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _not_executable(command: Command, error: OSError) -> EnforcerError:
    return EnforcerError(
        f'"{command.program}" can\'t be executed: {error.strerror}. '
        "Check its mode and its first line (not-executable)"
    )
