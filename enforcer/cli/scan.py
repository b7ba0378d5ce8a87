"""Command ``enforcer scan``: find every reference to a legacy path in the source."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from enforcer.cli.options import (
    JSON,
    choose_file,
    choose_map,
    choose_store,
    format_options,
    load_sound,
)
from enforcer.errors import EnforcerError
from enforcer.output.progress import counting
from enforcer.rules.mistakes import require_rules
from enforcer.rules.model import MigrationMap
from enforcer.source.parallel import Progress
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
@click.option("--record", is_flag=True, help="Keep the scan in the store, for report and verdict.")
@click.option(
    "--against",
    metavar="STORE",
    help="Say of each reference whether a store has seen it running; the map's store is a dash.",
)
@click.option("--store", metavar="FILE", help="The store to keep it in, instead of the map's.")
@format_options(*_FORMS)
@click.pass_context
def scan(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    map_file: str | None,
    exit_zero: bool,
    no_cache: bool,
    record: bool,
    against: str | None,
    store: str | None,
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
      enforcer scan --record --exit-zero
      enforcer scan --against -
      enforcer scan --json | jq -r '.findings[] | [.legacy, .file] | @tsv'
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    require_rules(migration_map)
    chosen = [_existing(path) for path in paths] or None
    if chosen and (record or against):
        message = "--record and --against are for the whole tree: name no PATH"
        raise click.UsageError(message)
    if against and form not in ("text", JSON):
        message = "--against writes text or JSON"
        raise click.UsageError(message)
    with counting("reading files") as progress:
        found = scan_source(migration_map, chosen, is_cached=not no_cache, progress=progress)
        if record:
            _record(found, migration_map, choose_file(store, map_file), progress)
    if against:
        text = _against(found, against, migration_map, map_file, form)
    else:
        text = _FORMS[form](found)
    click.echo(text, nl=False)
    context.exit(FOUND if found.references and not exit_zero else 0)


def _existing(path: Path) -> str:
    if not path.exists():
        message = f'there is no "{path}". Name files and folders that exist (path-not-found)'
        raise EnforcerError(message)
    return str(path.absolute())


def _record(found: SourceScan, migration_map: MigrationMap, store: str, progress: Progress) -> None:
    # Loaded here: most scans are not recorded.
    from enforcer.source.recording import recorded  # noqa: PLC0415
    from enforcer.store.sqlite.scans import write_scan  # noqa: PLC0415

    write_scan(store, recorded(found, migration_map, progress))


def _against(
    found: SourceScan,
    against: str,
    migration_map: MigrationMap,
    map_file: str | None,
    form: str,
) -> str:
    from enforcer.gate import running, running_output  # noqa: PLC0415 - most scans need no store

    store = choose_store(None if against == "-" else against, map_file)
    joined = running.join_with_store(found, store, migration_map)
    write = running_output.as_json if form == JSON else running_output.as_text
    return write(joined, migration_map)
