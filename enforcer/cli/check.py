"""Command ``enforcer check``: validate the map, and report what its rules will meet."""

import sys
from pathlib import Path

import click

from enforcer.cli.options import choose_map, format_options, load_sound
from enforcer.output.console import as_text
from enforcer.output.document import BLANK
from enforcer.rules.mistakes import MapError, require_rules
from enforcer.source.as_json import check_as_json, mistakes_as_json
from enforcer.source.check import check_map
from enforcer.source.sections import document
from enforcer.stubs.plan import plan
from enforcer.stubs.sections import stale_lines

WOULD_BREAK = 1
"""Exit code if something would break."""

BROKEN_MAP = 2
"""Exit code if the map has mistakes."""


@click.command()
@click.option("--map", "map_file", metavar="FILE", help="The migration map to check.")
@click.option(
    "--import",
    "import_canonical",
    is_flag=True,
    help="Import the canonical modules, in a child process, and look which names they have.",
)
@format_options("text", "json")
@click.pass_context
def check(
    context: click.Context, *, map_file: str | None, import_canonical: bool, form: str
) -> None:
    """Check the migration map, and what each rule will meet.

    Nothing is imported unless you ask for it. The exit code is 0 if nothing would break, 1 if
    something would, and 2 if the map itself has mistakes, or no rules.

    \b
    Examples:
      enforcer check
      enforcer check --import
      enforcer check --json | jq '.rules[].findings[]'
    """  # noqa: D301 - \b tells click to keep the lines
    path = choose_map(map_file)
    try:
        migration_map = load_sound(path)
        require_rules(migration_map)
    except MapError as error:
        _show_mistakes(path, error, form)
        context.exit(BROKEN_MAP)
    found = check_map(migration_map, import_canonical=import_canonical)
    planned = plan(migration_map)
    root = Path(migration_map.root)
    stale = (*planned.stale, *planned.orphans) if planned.is_used else ()
    if form == "json":
        text = check_as_json(found, [file.relative_to(root).as_posix() for file in stale])
    else:
        lines = (*stale_lines(planned, root), BLANK) if stale else ()
        text = as_text((*lines, *document(found)), sys.stdout)
    click.echo(text, nl=False, color=True)
    context.exit(WOULD_BREAK if found.findings or stale else 0)


def _show_mistakes(path: str, error: MapError, form: str) -> None:
    if form == "json":
        click.echo(mistakes_as_json(path, error), nl=False)
    else:
        click.echo(str(error), err=True)
