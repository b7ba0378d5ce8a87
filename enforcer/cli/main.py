"""The command ``enforcer``: lazy dispatch to its subcommands, and errors in one line.

A command's module is imported when it runs or when its help is asked for: together they cost a
third of a second. The list of commands and shell completion read the table below.
"""

import errno
import os
import sys
from importlib import import_module
from typing import Any, Final, cast

import click

from enforcer import __version__
from enforcer.errors import EnforcerError

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""Errors of writing to standard output, besides a closed pipe, which click handles."""

USER_ERROR = 2
"""Exit code for a mistake of the user."""


SUMMARIES: Final = {
    "advance": "Move one rule to its next stage.",
    "baseline": "Write the file of call sites that strict rules tolerate.",
    "can-remove": "Judge whether legacy paths can be deleted, with the evidence.",
    "check": "Check the migration map, and what each rule will meet.",
    "dashboard": "Show deprecated usage in a browser.",
    "demo": "Run a chat backend without and with the enforcer, and compare.",
    "discover": "Find the import paths to what should be one thing.",
    "export": "Write the map as configuration of another linter.",
    "fix": "Rewrite callers to the canonical paths.",
    "digest": "Show what has changed, ready for an issue or a webhook.",
    "gate": "Find what stands in the way of a change.",
    "init": "Write the first migration map from evidence, or add rules to one.",
    "plan": "Show all rules on a time line, and what blocks each.",
    "report": "Show who still uses which legacy path.",
    "retire": "Delete a legacy path that nobody needs any more.",
    "run": "Run COMMAND with the enforcer enabled.",
    "scan": "Find every reference to a legacy path in the source.",
    "status": "Say whether the enforcer is enabled here.",
    "store": "Check the store, make it smaller, move it.",
    "stubs": "Write modules and type stubs at the legacy paths of the map.",
    "telemetry": "Say where telemetry goes, and send what could not be sent.",
    "verdict": "Judge whether legacy paths can be deleted, with the evidence.",
    "verify": "Verify that one path is as good as another.",
}
"""Short help by command, for lists that import no command; a test compares it with theirs."""

ALIASES: Final = {"can-remove": "verdict"}
"""Other names of commands."""


_LEADING_TO: Final = {
    "can_remove": ("verdict",),
    "codemod": ("fix",),
    "migrate": ("init", "fix"),
    "safe-to-delete": ("verdict",),
    "safe_to_delete": ("verdict",),
}
"""Words that people type for a command of another name."""


def load(name: str) -> click.Command:
    """Import a command; its module and the function in it have its name."""
    name = ALIASES.get(name, name)
    return cast("click.Command", getattr(import_module(f"enforcer.cli.{name}"), name))


class Commands(click.Group):
    """Group that imports commands lazily, and prints the enforcer's errors to standard error."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the real command where click found the placeholder of its list."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise EnforcerError(_no_command(args[0]))
        name, listed, rest = super().resolve_command(ctx, args)
        return name, load(name) if name and listed else None, rest

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words; ``help`` and ``version`` mean the options of these names."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        elif args == ["version"]:
            args = ["--version"]
        return super().parse_args(ctx, args)

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
            # The interpreter flushes standard output at exit, and what is still in the buffer would
            # fail once more: it goes to the null device.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            message = f"enforcer: the output can't be written: {error.strerror} (output-unwritable)"
            click.echo(message, err=True)
            sys.exit(USER_ERROR)


def _no_command(word: str) -> str:
    """Return what to write instead of a word that is no command."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    meant = _LEADING_TO.get(word) or get_close_matches(word, SUMMARIES, 2)
    meant = [name for name in meant if name in SUMMARIES]
    lines = "; ".join(f'"enforcer {name}": {SUMMARIES[name].removesuffix(".")}' for name in meant)
    remedy = f"Write {lines}" if meant else "enforcer --help lists all of them"
    return f'there is no command "{word}". {remedy} (unknown-command)'


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="enforcer")
def main() -> None:
    """Move a Python module without breaking its callers, and see every caller.

    Write a migration map (enforcer.toml), check it, run your program, and look at who still
    uses the old paths.

    \b
      enforcer init
      enforcer discover WebSocketManager
      enforcer check
      enforcer verify
      enforcer run -- app.py
      enforcer report
      enforcer verdict
      enforcer dashboard
      enforcer status
    """  # noqa: D301 - \b tells click to keep the lines


for name, summary in SUMMARIES.items():
    main.add_command(click.Command(name, short_help=summary))
