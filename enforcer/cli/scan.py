"""Command ``enforcer scan``: find every reference to a legacy path in the source."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from enforcer.cli.options import choose_map, format_options, load_sound
from enforcer.errors import EnforcerError
from enforcer.output.progress import counting
from enforcer.rules.mistakes import require_rules
from enforcer.source.scan_output import as_github, as_json, as_sarif, as_text
from enforcer.source.source_scan import SourceScan, scan_source

FOUND: Final = 1
"""Exit code if there are references."""

_FORMS: Final[dict[str, Callable[[SourceScan], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--exit-zero", is_flag=True, help="End with 0 although there are references.")
@click.option("--no-cache", is_flag=True, help="Read all files, even those that did not change.")
@format_options(*_FORMS)
@click.pass_context
def scan(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    map_file: str | None,
    exit_zero: bool,
    no_cache: bool,
    form: str,
) -> None:
    """Find every reference to a legacy path in the source.

    Looked at are all files below the map's root, or each PATH: imports of every form, attributes,
    strings that are a path, and configuration files and documents. A file that can't be
    read, and a name that is computed, is listed as unproven. The exit code is 0 if there is no
    reference, 1 if there is one, and 2 for a mistake in the map or the call.

    \b
    Examples:
      enforcer scan
      enforcer scan shop/ tests/test_cart.py
      enforcer scan --format github --exit-zero
      enforcer scan --json | jq -r '.findings[] | [.legacy, .file] | @tsv'
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    require_rules(migration_map)
    chosen = [_existing(path) for path in paths] or None
    with counting("reading files") as progress:
        found = scan_source(migration_map, chosen, is_cached=not no_cache, progress=progress)
    click.echo(_FORMS[form](found), nl=False)
    context.exit(FOUND if found.references and not exit_zero else 0)


def _existing(path: Path) -> str:
    if not path.exists():
        message = f'there is no "{path}". Name files and folders that exist (path-not-found)'
        raise EnforcerError(message)
    return str(path.absolute())
