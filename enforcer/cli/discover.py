"""Command ``enforcer discover``: find the import paths to what should be one thing."""

import shlex
import sys

import click

from enforcer.cli.options import format_options
from enforcer.discovery.as_json import groups_as_json
from enforcer.discovery.copies import copied_names
from enforcer.discovery.fragments import propose
from enforcer.discovery.layout import Layout
from enforcer.discovery.path_sections import document
from enforcer.discovery.paths import find_paths
from enforcer.discovery.search import choose_file, place_of
from enforcer.output.console import as_text, working
from enforcer.output.document import BLANK

FOUND_NOTHING = 1
"""Exit code if a name was not found."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--map", "map_file", metavar="FILE", help="The map, which says where the code is.")
@format_options("text", "json")
@click.pass_context
def discover(
    context: click.Context, *, names: tuple[str, ...], map_file: str | None, form: str
) -> None:
    """Find the import paths to what should be one thing.

    NAME is a class or a function, or words of one: all classes and functions whose names have it
    in them are found, with their callers, and what each module is to the others. The canonical
    module is proposed by its callers, its name, and the modules that import it. Without a NAME,
    each class is taken that several modules define with much the same methods. Nothing is
    written. The exit code is 1 if there is no such name.

    \b
    Examples:
      enforcer discover
      enforcer discover WebSocketManager
      enforcer discover "WebSocket manager"
      enforcer discover cart --json | jq '.groups[].paths[].path'
    """  # noqa: D301 - \b tells click to keep the lines
    layout = Layout(place_of(choose_file(map_file)).root)
    with working("Reading the program"):
        groups = [find_paths(name, layout) for name in names or copied_names(layout)]
        found = [(group, propose(group, layout)) for group in groups]
    if form == "json":
        click.echo(groups_as_json(found), nl=False)
    if not groups and form != "json":
        click.echo("No class is defined in several modules. Name one: enforcer discover NAME")
    for number, (group, evidence) in enumerate(found if form != "json" else ()):
        command = shlex.join(["enforcer", "init", "--discover", group.name])
        parts = [*([BLANK] if number else []), *document(group, evidence, command)]
        click.echo(as_text(parts, sys.stdout), nl=False, color=True)
    context.exit(0 if all(group.paths for group in groups) else FOUND_NOTHING)
