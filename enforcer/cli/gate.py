"""Command ``enforcer gate``: decide in CI whether a change may pass."""

import datetime as dt
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from enforcer.baseline import Baseline
from enforcer.baseline.reader import SHRINK, UPDATE, UPDATE_SOURCE, read_baseline
from enforcer.cli.options import Days, choose_map, format_options, load_chosen, seen_options
from enforcer.gate import Gate, gather
from enforcer.gate.as_documents import as_json, as_junit, as_sarif
from enforcer.gate.as_lines import as_github, document
from enforcer.gate.seen import read_seen
from enforcer.output.console import as_text
from enforcer.rules.model import MigrationMap

CLOSED: Final = 1
"""Exit code if a finding closes the gate."""

_FORMS: Final[dict[str, Callable[[Gate], str]]] = {
    "text": lambda gate: as_text(document(gate), sys.stdout),
    "json": as_json,
    "sarif": as_sarif,
    "junit": as_junit,
    "github": as_github,
}


@click.command()
@seen_options
@click.option("--store", metavar="FILE", help="Look at what was recorded in a store, too.")
@click.option(
    "--warn-before",
    type=Days(),
    default="14d",
    show_default=True,
    metavar="DAYS",
    help="How long before its day a rule or an exemption is named.",
)
@click.option(
    "--stale",
    type=click.Choice(["fail", "warn"]),
    default="fail",
    show_default=True,
    help="Whether entries of the baseline that are gone close the gate.",
)
@click.option("--no-source", is_flag=True, help="Look at run time only, not for new references.")
@format_options(*_FORMS)
@click.pass_context
def gate(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    map_file: str | None,
    baseline_file: Path | None,
    records: tuple[Path, ...],
    store: str | None,
    complete: bool,
    warn_before: dt.timedelta,
    stale: str,
    no_source: bool,
    form: str,
) -> None:
    """Find what stands in the way of a change.

    Looked at are the days of the map, the baseline, the source, and, if there is one, what a
    test run or a store has seen: places that the stages of today refuse or break, new references
    in the source, new uses, more uses than the baseline has, entries that are gone, rules and
    exemptions whose day has passed. References in the source only warn until "enforcer baseline
    update --source" has taken those of today in. The exit code is 0 if nothing stands in the
    way, 1 if something does, and 2 for a mistake in the map or the baseline.

    \b
    Examples:
      enforcer gate
      pytest --enforcer --enforcer-record run.json && enforcer gate --record run.json
      enforcer gate --record shard1.json --record shard2.json --format sarif > gate.sarif
      enforcer gate --store .enforcer/uses.db --format github
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_chosen(choose_map(map_file))
    found = gather(
        migration_map,
        choose_baseline(migration_map, baseline_file),
        read_seen(migration_map, records, store, is_complete=complete),
        today=dt.datetime.now().astimezone().date(),
        warn_before=warn_before,
        is_stale_error=stale == "fail",
        update=_update(map_file, baseline_file, records, store, is_complete=complete),
        update_source=_update_source(map_file, baseline_file),
        reads_source=not no_source,
    )
    click.echo(_FORMS[form](found), nl=False, color=True)
    context.exit(0 if found.is_open else CLOSED)


def _update_source(map_file: str | None, baseline_file: Path | None) -> str:
    """Return the command that takes the source into the baseline."""
    named = (("--map", map_file), ("--baseline", baseline_file))
    words = [word for option, value in named if value for word in (option, str(value))]
    return shlex.join([*UPDATE_SOURCE.split(), *words])


def _update(
    map_file: str | None,
    baseline_file: Path | None,
    records: tuple[Path, ...],
    store: str | None,
    *,
    is_complete: bool,
) -> str:
    """Return the command that removes stale entries from the baseline.

    A single record is that of a run of all tests, mostly on another machine.
    """
    if len(records) == 1 and not store:
        own = (("--enforcer-map", map_file), ("--enforcer-baseline", baseline_file))
        words = [word for option, value in own if value for word in (option, str(value))]
        return shlex.join([*SHRINK.split(), *words])
    named = (("--map", map_file), ("--baseline", baseline_file), ("--store", store))
    words = [word for option, value in named if value for word in (option, str(value))]
    words += [word for record in records for word in ("--record", str(record))]
    return shlex.join([*UPDATE.split(), *words, *(["--complete"] if is_complete else [])])


def choose_baseline(migration_map: MigrationMap, named: Path | None) -> Baseline:
    """Read the baseline that is named, or the map's; without one it is empty.

    Raises:
        BaselineError: if it can't be read.

    """
    file = named or (Path(migration_map.baseline) if migration_map.baseline else None)
    return read_baseline(file) if file is not None else Baseline()
