"""Command ``enforcer verify``: import the program, and verify its legacy paths."""

import sys

import click

from enforcer.cli.demo import require_websockets
from enforcer.cli.options import choose_map, format_options, load_chosen
from enforcer.demo import MAP
from enforcer.output.console import as_text, working
from enforcer.rules.mistakes import require_rules
from enforcer.verification.as_json import verification_as_json
from enforcer.verification.as_markdown import verification_as_markdown
from enforcer.verification.run import PATIENCE
from enforcer.verification.run import verify as verify_map
from enforcer.verification.sections import document

VIOLATED = 1
"""Exit code if an invariant does not hold, or could not be verified."""


@click.command(short_help="Verify that one path is as good as another.")
@click.option("--map", "map_file", metavar="FILE", help="The migration map to verify.")
@click.option("--demo", "is_demo", is_flag=True, help="Verify the demo's backend.")
@click.option("--off", is_flag=True, help="Leave the enforcer off, and see the program as it is.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="How long the program may take.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what holds, too.")
@format_options("text", "markdown", "json")
@click.pass_context
def verify(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    map_file: str | None,
    is_demo: bool,
    off: bool,
    timeout: float,
    verbose: bool,
    form: str,
) -> None:
    """Import the program, and verify that one path is as good as another.

    In a child process the modules of the map are imported, factories are called, and
    instances are made, from threads and tasks. Six things have to hold: import paths lead to
    the canonical object, one key has one instance, factories delegate, services work on the
    same object, threads and tasks share it, and each class is defined once. The exit code is
    0 if they do, 1 if one does not or could not be tried, and 2 for a mistake in the map,
    or a map without rules.

    \b
    Examples:
      enforcer verify
      enforcer verify --off
      enforcer verify --format markdown > verified.md
      enforcer verify --demo --verbose
    """  # noqa: D301 - \b tells click to keep the lines
    if is_demo:
        require_websockets()
    migration_map = load_chosen(str(MAP) if is_demo else choose_map(map_file))
    require_rules(migration_map)
    with working("importing the program"):
        found = verify_map(migration_map, is_enforced=not off, patience=timeout)
    if form == "json":
        text = verification_as_json(found)
    elif form == "markdown":
        text = verification_as_markdown(found)
    else:
        text = as_text(document(found, verbose=verbose), sys.stdout)
    click.echo(text, nl=False, color=True)
    context.exit(0 if found.holds else VIOLATED)
