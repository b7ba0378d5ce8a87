"""Call sites from stores and records of test runs, what a store missed, and writing of records."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from enforcer.baseline.model import asked_names, file_of
from enforcer.baseline.run_record import Record, SeenSite
from enforcer.errors import EnforcerError
from enforcer.output.words import counted
from enforcer.recording.notice import BLIND
from enforcer.recording.safe_mode import SUBJECT as SAFE_MODE
from enforcer.recording.use import BLOCKED, PROBE
from enforcer.report import Report, build
from enforcer.report.builder import DAMAGED
from enforcer.report.words import lost_uses, safe_processes, unwatched
from enforcer.rules.model import TREE_SUFFIX, MigrationMap
from enforcer.store.not_enabled import reasons_beside
from enforcer.store.queries import Span
from enforcer.store.sqlite.reader import Reader

NOBODY: Final = "watched by no process"
"""Reason of a blind rule that no process had in its map."""

BLIND_TO_SOME: Final = "not seen whatever way it is used"
"""Reason of a blind rule that a process reported as a blind spot."""

# Kinds of notices of missing data. Uses lost in forks by C code are counted as lost already.
_LOSING: Final = (BLIND, DAMAGED)


def read_seen(
    migration_map: MigrationMap, records: tuple[Path, ...], store: str | None, *, is_complete: bool
) -> Record | None:
    """Read the call sites of records, a store, or both; None if neither is named.

    Args:
        migration_map: whose call sites they are.
        records: records of test runs.
        store: the store; None or empty for none.
        is_complete: whether that is all there is to see.

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


def sites_in_store(report: Report, migration_map: MigrationMap, where: str) -> Iterator[SeenSite]:
    """Yield the call sites in a store.

    Args:
        report: the store's report.
        migration_map: the map, with the rules' owners.
        where: a name for where they were seen.

    """
    owners = _owners(migration_map)
    for rule in report.rules:
        for site in rule.call_sites:
            outcome = BLOCKED if BLOCKED in site.outcomes else next(iter(site.outcomes), "")
            key = site.path, file_of(site.file), site.function, site.mechanism
            owner = owners.get(rule.legacy, "")
            names = asked_names(site.path, site.mechanism, site.names)
            yield SeenSite(*key, site.line, outcome, owner, where, names=names)


def blind_in_store(report: Report, store: str, migration_map: MigrationMap) -> dict[str, str]:
    """Return the legacy paths of a map that not all processes of a store watched, with reasons.

    Args:
        report: the store's report.
        store: path of the SQLite file, with the notes beside it.
        migration_map: the map.

    """
    unseen = safe_processes(report) or _not_enabled(store)
    watched = {rule.legacy.removesuffix(TREE_SUFFIX): unwatched(rule) for rule in report.rules}
    blind = {one.subject for one in report.notices if one.kind == BLIND}
    watched |= {path: watched.get(path) or BLIND_TO_SOME for path in blind if path in watched}
    paths = [rule.legacy.removesuffix(TREE_SUFFIX) for rule in migration_map]
    found = {path: watched.get(path, NOBODY) or unseen for path in paths}
    return {path: reason for path, reason in found.items() if reason}


def lost_in_store(report: Report, migration_map: MigrationMap) -> tuple[str, ...]:
    """Return what is known to be missing from a store for every rule, a sentence each."""
    known = {SAFE_MODE, *(rule.legacy.removesuffix(TREE_SUFFIX) for rule in migration_map)}
    lost = [lost_uses(report)] if report.dropped else []
    told = [one.text for one in report.notices if one.kind in _LOSING and one.subject not in known]
    return (*lost, *told)


def _not_enabled(store: str) -> str:
    """Return that processes with a map were not enabled; empty if none is known."""
    number = sum(reasons_beside(store).values())
    who = counted(number, "process that was", "processes that were")
    return f"not watched by {who} not enabled" if number else ""


def sites_of_run(reader: Reader, migration_map: MigrationMap, run: str) -> Iterator[SeenSite]:
    """Yield the call sites of processes of one run.

    Args:
        reader: the reader of their store.
        migration_map: the map, with the rules' owners.
        run: the run; empty means all.

    Raises:
        StoreError: if the store can't be read.

    """
    owners = _owners(migration_map)
    for row in reader.uses(Span(run=run)):
        if row.mechanism != PROBE:
            key = row.path, file_of(row.file), row.function, row.mechanism
            owner = owners.get(row.legacy, "")
            names = asked_names(row.path, row.mechanism, row.names.split(",") if row.names else ())
            yield SeenSite(*key, row.line, row.outcome, owner, run, names=names)


def _owners(migration_map: MigrationMap) -> dict[str, str]:
    return {rule.legacy: rule.owner for rule in migration_map}


def write_record(record: Record, file: Path) -> None:
    """Write the record of a run, for ``enforcer gate`` and ``enforcer baseline``.

    Raises:
        EnforcerError: if the file can't be written.

    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(record.as_document(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        message = f'the record "{file}" can\'t be written: {error.strerror} (record-unwritable)'
        raise EnforcerError(message) from error


def read_records(files: tuple[Path, ...]) -> Record:
    """Read the records of the parts of one run, and merge them.

    Raises:
        EnforcerError: if a file can't be read, or is not a record.

    """
    joined = Record()
    for file in files:
        try:
            document: Any = json.loads(file.read_text(encoding="utf-8"))
            joined.merge(document)
        except OSError as error:
            message = f'the record "{file}" can\'t be read: {error.strerror} (no-record)'
            raise EnforcerError(message) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = (
                f'"{file}" is no record of a test run ({error}). '
                "Write one: pytest --enforcer --enforcer-record FILE (bad-record)"
            )
            raise EnforcerError(message) from error
    return joined
