"""Command ``enforcer report``: who still uses which legacy path."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from time import time_ns

import click

from enforcer.cli.options import choose_map, choose_store, format_options, warn
from enforcer.errors import EnforcerError
from enforcer.output.times import parse_since
from enforcer.owners import Owners
from enforcer.report import Report, build
from enforcer.report.as_csv import as_csv
from enforcer.report.as_json import as_json
from enforcer.report.as_markdown import as_markdown
from enforcer.report.ownership import add_owners, of_owner
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap
from enforcer.store import StoreError


@click.command()
@click.option("--map", "map_file", metavar="FILE", help="The migration map, which names the store.")
@click.option("--store", metavar="FILE", help="The store to read.")
@format_options("table", "json", "markdown", "csv")
@click.option(
    "--since", metavar="TIME", help="Leave out what was last seen before: 30m, 2h, 3d, 2026-03-31."
)
@click.option("--path", metavar="PREFIX", help="Only legacy paths at or below this one.")
@click.option(
    "--owner",
    metavar="OWNER",
    help="Only call sites in files of this owner, by CODEOWNERS; (none) for those of nobody.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    metavar="N",
    help="How many callers of each path the table and the Markdown show.",
)
def report(  # noqa: PLR0913 - one parameter for each option
    *,
    map_file: str | None,
    store: str | None,
    form: str,
    since: str | None,
    path: str | None,
    owner: str | None,
    top: int,
) -> None:
    """Show who still uses which legacy path.

    \b
    Examples:
      enforcer report
      enforcer report --since 2h --path shop.old_cart
      enforcer report --owner @checkout
      enforcer report --format markdown --top 10 > uses.md
      enforcer report --json | jq '.rules[] | {legacy, uses}'
    """  # noqa: D301 - \b tells click to keep the lines
    moment = _moment(since) if since is not None else None
    migration_map = _map_if_known(map_file)
    ignored: list[str] = []
    chosen = choose_store(store, map_file, ignored)
    try:
        found = build(chosen, since=moment, path=path, migration_map=migration_map)
    except StoreError:
        warn(ignored)
        raise
    owners = Owners(migration_map.root if migration_map else "")
    if owners.problem:
        warn([f"{owners.problem} (owners-unreadable)"])
    add_owners(found, owners)
    if owner is not None:
        owners.require(owner)
        found = of_owner(found, owner)
    # Processes have said the same, with the whole path of the map if they began elsewhere.
    here = f"{Path.cwd()}/"
    said = {one.text.replace(here, "") for one in found.notices} if form != "csv" else set()
    warn(text for text in ignored if text.replace(here, "") not in said)
    click.echo(_write(found, form, top), nl=False, color=True)


def _map_if_known(map_file: str | None) -> MigrationMap | None:
    """Return the map; None without one that can be read."""
    try:
        return load_map(choose_map(map_file), lenient=True)
    except EnforcerError:
        return None


def _moment(since: str) -> datetime:
    try:
        return parse_since(since, datetime.now(UTC))
    except ValueError as error:
        message = f"--since: {error}"
        raise EnforcerError(message) from None


def _write(found: Report, form: str, top: int) -> str:
    if form == "json":
        return as_json(found)
    if form == "csv":
        return as_csv(found)
    if form == "markdown":
        return as_markdown(found, top=top)
    from enforcer.report.as_table import as_table  # noqa: PLC0415 - rich is slow to import

    return as_table(found, sys.stdout, top=top, now=time_ns())
