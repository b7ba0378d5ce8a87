"""Gather the commands under one name, and say a user's mistakes in one line."""

import errno
import os
import sys
from typing import Any

import click

from enforcer import __version__
from enforcer.cli.baseline import baseline
from enforcer.cli.check import check
from enforcer.cli.dashboard import dashboard
from enforcer.cli.demo import demo
from enforcer.cli.gate import gate
from enforcer.cli.report import report
from enforcer.cli.run import run
from enforcer.cli.status import status
from enforcer.cli.store import store
from enforcer.cli.telemetry import telemetry
from enforcer.cli.verify import verify
from enforcer.errors import EnforcerError

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""What writing to standard output may fail with; click sees to a closed pipe."""

USER_ERROR = 2
"""The exit code for a mistake of the user."""


class Commands(click.Group):
    """Turn the enforcer's errors into lines on standard error."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a mistake of the user ends it with exit code 2."""
        try:
            return super().invoke(ctx)
        except EnforcerError as error:
            for line in str(error).splitlines():
                click.echo(f"enforcer: {line}", err=True)
            ctx.exit(USER_ERROR)

    def main(self, *words: Any, **options: Any) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command line; output that can't be written ends it with exit code 2."""
        try:
            return super().main(*words, **options)
        except OSError as error:
            if error.errno not in _UNWRITABLE or error.filename is not None:
                raise
            # What is still in the buffer would fail once more when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            message = f"enforcer: the output can't be written: {error.strerror} (output-unwritable)"
            click.echo(message, err=True)
            sys.exit(USER_ERROR)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="enforcer")
def main() -> None:
    """Move a Python module without breaking its callers, and see every caller.

    Write a migration map (enforcer.toml), check it, run your program, and look at who still
    uses the old paths.

    \b
      enforcer check
      enforcer verify
      enforcer run -- app.py
      enforcer report
      enforcer dashboard
      enforcer status
    """  # noqa: D301 - \b tells click to keep the lines


main.add_command(check)
main.add_command(run)
main.add_command(verify)
main.add_command(report)
main.add_command(dashboard)
main.add_command(status)
main.add_command(store)
main.add_command(telemetry)
main.add_command(baseline)
main.add_command(gate)
main.add_command(demo)
