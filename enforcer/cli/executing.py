"""Execution of a program: in place of this process, or as a child with its signals forwarded."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType
from typing import NoReturn

from enforcer.cli.command import Command
from enforcer.errors import EnforcerError

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
