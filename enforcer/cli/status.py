"""Command ``enforcer status``: whether and how the enforcer is enabled, and its blind spots."""

import sys
from typing import Final

import click

from enforcer.cli.options import format_options
from enforcer.output.console import as_text
from enforcer.status.as_json import status_as_json
from enforcer.status.inspection import inspect
from enforcer.status.sections import document, problems

NOT_WELL: Final = 1
"""Exit code if the enforcer is not enabled, or something is wrong."""


@click.command(short_help="Say whether the enforcer is enabled here.")
@click.option("--map", "map_file", metavar="FILE", help="Ask as if ENFORCER_MAP were this map.")
@click.option(
    "--python", metavar="PYTHON", help="Ask this interpreter; without it, the enforcer's own."
)
@format_options("text", "json")
@click.pass_context
def status(context: click.Context, *, map_file: str | None, python: str | None, form: str) -> None:
    """Say whether the enforcer is enabled here, by what, and what it can't see.

    Fresh processes with this environment are asked, so the answer is what your programs meet.
    Nothing is written to the store.

    The exit code is 0 if the enforcer is enabled and nothing is wrong, 1 if it is not enabled or
    something is wrong, and 2 for a mistake in the command.

    \b
    Examples:
      enforcer status
      ENFORCER_MAP=$PWD/enforcer.toml enforcer status
      enforcer status --python /srv/app/.venv/bin/python --map enforcer.toml
      enforcer status --json | jq '.problems[]'
    """  # noqa: D301 - \b tells click to keep the lines
    found = inspect(python, map_file)
    text = status_as_json(found) if form == "json" else as_text(document(found), sys.stdout)
    click.echo(text, nl=False, color=True)
    context.exit(0 if found.state.enabled and not problems(found) else NOT_WELL)
