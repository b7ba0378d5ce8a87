"""Command ``enforcer stubs``: write modules and type stubs at legacy paths."""

import os
import sys
from pathlib import Path

import click

from enforcer.cli.options import choose_map, load_chosen
from enforcer.errors import EnforcerError
from enforcer.output.console import as_text
from enforcer.stubs.plan import plan, write
from enforcer.stubs.sections import document

IS_STALE = 1
"""Exit code if something would be written."""


@click.command()
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--check", "is_check", is_flag=True, help="Write nothing; exit with 1 if stale.")
@click.pass_context
def stubs(context: click.Context, *, map_file: str | None, is_check: bool) -> None:
    """Write modules and type stubs at the legacy paths of the map.

    Type checkers and editors can't see paths that only the enforcer serves; a release without
    it can't import them. Each legacy module without code of its own gets a module that warns and
    leads to the canonical one, and a .pyi file. They are marked as generated; those whose rule is
    gone are deleted. enforcer check says when they are stale.

    \b
    Examples:
      enforcer stubs
      enforcer stubs --check
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_chosen(choose_map(map_file))
    planned = plan(migration_map)
    if not is_check:
        try:
            write(planned)
        except OSError as error:
            place = os.path.relpath(error.filename or migration_map.root)
            message = f'"{place}" can\'t be written: {error.strerror or error} (stub-unwritable)'
            raise EnforcerError(message) from error
    lines = document(planned, Path(migration_map.root), is_check=is_check)
    click.echo(as_text(lines, sys.stdout), nl=False, color=True)
    context.exit(IS_STALE if is_check and (planned.stale or planned.orphans) else 0)
