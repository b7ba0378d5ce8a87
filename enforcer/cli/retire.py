"""Command ``enforcer retire``: delete a legacy path that nobody needs any more."""

import datetime as dt
import sys
from pathlib import Path

import click

from enforcer.cli.options import FILE, choose_map, choose_store, format_options, load_sound
from enforcer.errors import EnforcerError
from enforcer.evidence import read_verdicts
from enforcer.output.console import as_text
from enforcer.output.document import as_json, as_markdown
from enforcer.output.times import nanoseconds
from enforcer.owners import Owners
from enforcer.retirement.description import document, record
from enforcer.retirement.retirement import Retirement, prepare
from enforcer.retirement.steps import own_stages
from enforcer.retirement.tombstone import bury
from enforcer.rewriting.working_tree import require_committed
from enforcer.rules.mistakes import find_rule, require_rules
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.stages import REMOVED

REFUSED = 1
"""Exit code if the verdict is no yes."""


@click.command()
@click.argument("path")
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--store", metavar="STORE", help="What was recorded; by default the map's store.")
@click.option("--write", is_flag=True, help="Make the change; without it, it is only shown.")
@click.option("--force", metavar="REASON", help="Do it without a yes; the reason stays in the map.")
@click.option("--allow-dirty", is_flag=True, help="Also change files that git could not restore.")
@click.option(
    "--description",
    "description_file",
    type=FILE,
    metavar="FILE",
    help="Write the description with the evidence, as Markdown, for a pull request.",
)
@format_options("text", "json", "markdown")
@click.pass_context
def retire(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    path: str,
    map_file: str | None,
    store: str | None,
    write: bool,
    force: str | None,
    allow_dirty: bool,
    description_file: Path | None,
    form: str,
) -> None:
    """Delete a legacy path that nobody needs any more.

    Deletes its code, sets its rule to removed, prunes the baseline and exemptions, and rewrites
    or lists what docs and comments say. The change is shown, and made with --write only. If the
    verdict is no yes, nothing is done, and the reasons are shown; the exit code is then 1.

    Of a path that is removed already, it shows who still asks. Once nobody has asked for long
    enough (tombstone_for), its rule leaves the map.

    \b
    Examples:
      enforcer retire shop.old_cart
      enforcer retire shop.old_cart --write --description pull-request.md
      enforcer retire shop.old_cart --write --force "the service is shut down"
    """  # noqa: D301 - \b tells click to keep the lines
    if force is not None and not force.strip():
        message = 'write the reason, which stays in the map: --force "the service is shut down"'
        raise click.BadParameter(message, param_hint="--force")
    load_sound(choose_map(map_file))
    migration_map = own_stages(choose_map(map_file))
    require_rules(migration_map)
    rule = find_rule(migration_map, path)
    now = dt.datetime.now().astimezone()
    at = nanoseconds(now)
    verdicts = read_verdicts(choose_store(store, map_file), migration_map, at)
    verdict = next(one for one in verdicts if one.legacy == rule.legacy)
    forced = "" if verdict.can_go else (force or "").strip()
    owners_of = Owners(migration_map.root).of
    found = _prepare(rule, migration_map, now.date(), forced) if verdict.can_go or forced else None
    if found is not None and write and not allow_dirty:
        require_committed(found.changes.top, found.changes.files)
    # Before the change: if the description can't be written, nothing is.
    if found is not None and description_file is not None:
        _describe(description_file, as_markdown(document(verdict, found, forced, owners_of)))
    if found is not None and write:
        found.changes.write()
    if form == "json":
        fields = record(verdict, found, forced, written=found is not None and write)
        text = as_json({"legacy": rule.legacy, **fields})
    elif form == "markdown":
        text = as_markdown(document(verdict, found, forced, owners_of))
    else:
        text = as_text(document(verdict, found, forced, owners_of), sys.stdout)
        text += _diff(found, written=write) if found is not None else ""
    click.echo(text, nl=False, color=True)
    context.exit(0 if found is not None else REFUSED)


def _prepare(rule: Rule, migration_map: MigrationMap, today: dt.date, forced: str) -> Retirement:
    if rule.stage == REMOVED:
        return bury(rule, migration_map)
    return prepare(rule, migration_map, today=today, forced=forced)


def _describe(file: Path, text: str) -> None:
    """Write the description.

    Raises:
        EnforcerError: if the file can't be written.

    """
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        message = f'"{file}" can\'t be written: {error.strerror} (change-unwritable)'
        raise EnforcerError(message) from error


def _diff(found: Retirement, *, written: bool) -> str:
    end = "" if written else "\nNothing was written. Make this change with --write.\n"
    # A carriage return would make a terminal write over the line.
    lines = (line.rstrip("\r") for line in found.changes.diff())
    return "\n".join(("", *lines, end))
