"""Options ``--record``, ``--store`` and ``--complete``, and reading what they name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from enforcer.baseline.record import Record
from enforcer.errors import EnforcerError
from enforcer.gate.seen import blind_in_store, lost_in_store, read_records, sites_in_store
from enforcer.report import build
from enforcer.rules.model import MigrationMap

FILE: Final = click.Path(path_type=Path, dir_okay=False)

_OPTIONS: Final = (
    click.option("--map", "map_file", metavar="FILE", help="The migration map."),
    click.option("--baseline", "baseline_file", type=FILE, metavar="FILE", help="The baseline."),
    click.option(
        "--record",
        "records",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help="What a test run has seen (pytest --enforcer-record); once for each shard.",
    ),
    click.option("--complete", is_flag=True, help="All that there is to see was seen."),
)


def seen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what to compare to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def seen(
    migration_map: MigrationMap, records: tuple[Path, ...], store: str | None, *, is_complete: bool
) -> Record | None:
    """Read what was seen, from records, a store, or both; None if neither is named.

    Raises:
        EnforcerError: if one of them can't be read, or no test ran in any of the records' runs.

    """
    if not records and not store:
        return None
    found = read_records(records)
    if records and not found.has_tests:
        names = ", ".join(f'"{record}"' for record in records)
        message = (
            f"no test ran when {names} was recorded: {found.missing}. Nothing is known of what "
            "tests use, and nothing was written. Mend that, and record a run again (no-test-ran)"
        )
        raise EnforcerError(message)
    if found.safe_mode:
        message = (
            f"tests ran in safe mode ({found.safe_mode}): what they use was neither seen nor "
            "refused. Mend that, and record a run again (safe-mode)"
        )
        raise EnforcerError(message)
    if store:
        report = build(store)
        for site in sites_in_store(report, migration_map, "the store"):
            found.add_site(site)
        if not records:
            found.blind = blind_in_store(report, store, migration_map)
            found.lost = lost_in_store(report, migration_map)
            found.miss("a store does not know what else there is")
    if is_complete:
        found.missing = ""
    return found
