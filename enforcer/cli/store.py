"""Commands ``enforcer store``: check, vacuum, export, import, init."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import IO, Final

import click

from enforcer.cli.options import Days, DaysOfService, choose_file, choose_store
from enforcer.errors import EnforcerError
from enforcer.output.console import working
from enforcer.output.document import as_json as dump
from enforcer.output.words import counted
from enforcer.rules.store_address import is_read_only, is_there
from enforcer.store import StoreError

WRONG: Final = 1
"""Exit code if something is wrong with the store."""

_DAMAGED = "(store-damaged)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_map = click.option(
    "--map", "map_file", metavar="FILE", help="The migration map, which names the store."
)
_store = click.option(
    "--store",
    metavar="STORE",
    help="The store, instead of the one that the map or ENFORCER_STORE names.",
)
_keep_of = click.option(
    "--keep-of",
    type=DaysOfService(),
    multiple=True,
    metavar="SERVICE=DAYS",
    help="How long to keep what one service recorded: batch=120d; repeatable.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group(short_help="Check the store, make it smaller, move it.")
def store() -> None:
    """Look after the store: check it, make it smaller, move it, prepare ClickHouse.

    \b
    Examples:
      enforcer store check
      enforcer store vacuum --keep 400d --keep-hours 90d
      enforcer store export > uses.jsonl
      enforcer store import --store all.db web1.jsonl web2.jsonl
      enforcer store init --engine clickhouse clickhouses://enforcer@ch.example.com/otel
    """  # noqa: D301 - \b tells click to keep the lines


@store.command()
@_map
@_store
@_as_json
@click.pass_context
def check(
    context: click.Context, *, map_file: str | None, store: str | None, as_json: bool
) -> None:
    """Say what is in a store, and whether anything is wrong with it.

    Nothing is changed. The exit code is 0 if nothing is wrong, 1 if something is, and 2 if there
    is no store to look at.

    \b
    Examples:
      enforcer store check
      enforcer store check --json | jq .problems
    """  # noqa: D301 - \b tells click to keep the lines
    address = choose_store(store, map_file)
    look = _look_at_clickhouse if is_read_only(address) else _look_at_file
    found = look(address)
    problems = found["problems"]
    click.echo(dump(found) if as_json else _as_text(found), nl=False)
    context.exit(WRONG if problems else 0)


@store.command(short_help="Remove what is too old, and make the file smaller.")
@_map
@_store
@click.option("--keep", type=Days(), metavar="DAYS", help="Remove what is older: 400d.")
@_keep_of
@click.option(
    "--keep-hours",
    type=Days(),
    metavar="DAYS",
    help="Know what is older by the day only, not by the hour: 90d.",
)
@_as_json
def vacuum(  # noqa: PLR0913 - one parameter for each option
    *,
    map_file: str | None,
    store: str | None,
    keep: timedelta | None,
    keep_of: tuple[tuple[str, int], ...],
    keep_hours: timedelta | None,
    as_json: bool,
) -> None:
    """Remove what is too old, if told what that is, and make the file smaller.

    Whole days are removed, by UTC. Processes may write meanwhile.

    \b
    Examples:
      enforcer store vacuum
      enforcer store vacuum --keep 400d --keep-hours 90d
      enforcer store vacuum --keep-of batch=120d
    """  # noqa: D301 - \b tells click to keep the lines
    from enforcer.store.sqlite.vacuum import vacuum as vacuum_store  # noqa: PLC0415 - slow to load

    path = choose_file(store, map_file)
    with working() as tell:
        done = vacuum_store(
            path,
            keep_days=keep.days if keep is not None else None,
            keep_days_of=dict(keep_of),
            keep_hours_days=keep_hours.days if keep_hours is not None else None,
            progress=tell,
        )
    if as_json:
        click.echo(json.dumps({"path": path, **asdict(done)}))
    else:
        click.echo(
            f"{path}: {_size(done.before)}, now {_size(done.after)}; "
            f"{counted(done.removed, 'row')} removed"
        )


@store.command()
@_map
@_store
@click.option("--output", "-o", type=click.Path(dir_okay=False), help="Write to a file.")
def export(*, map_file: str | None, store: str | None, output: str | None) -> None:
    """Write all that is in a store as lines of JSON.

    \b
    Examples:
      enforcer store export > uses.jsonl
      enforcer store export | gzip > uses.jsonl.gz
    """  # noqa: D301 - \b tells click to keep the lines
    from enforcer.store.sqlite.export import export as export_store  # noqa: PLC0415 - slow to load

    path = choose_file(store, map_file)
    if not is_there(path):
        from enforcer.store.sqlite.opening import no_store  # noqa: PLC0415 - the same

        raise no_store(path)
    with (
        working() as tell,
        click.open_file(output or "-", "w", encoding="utf-8") as file,
        # Closes the store also if the output can't be written.
        closing(export_store(path)) as lines,
    ):
        for number, line in enumerate(lines):
            file.write(f"{line}\n")
            if number % 10_000 == 0:
                tell(counted(number, "row"))


@store.command(name="import")
@_map
@_store
@click.argument("exports", nargs=-1, required=True, type=click.File(encoding="utf-8", lazy=True))
@_as_json
def import_(
    *, map_file: str | None, store: str | None, exports: tuple[IO[str], ...], as_json: bool
) -> None:
    """Add exports to a store, which is made if it is not there.

    An export is added whole or not at all, and only once. A dash is standard input.

    \b
    Examples:
      enforcer store import --store all.db web1.jsonl web2.jsonl
      ssh web1 enforcer store export | enforcer store import --store all.db -
    """  # noqa: D301 - \b tells click to keep the lines
    from enforcer.store.sqlite.import_ import import_lines  # noqa: PLC0415 - slow to load

    path = choose_file(store, map_file)
    for file in exports:
        with working() as tell, _readable(file):
            done = import_lines(path, file, progress=lambda rows: tell(counted(rows, "row")))
        if as_json:
            click.echo(json.dumps({"path": path, "export": file.name, **asdict(done)}))
        elif done.is_new:
            click.echo(f"{path}: {counted(done.rows, 'row')} of {file.name} added")
        else:
            click.echo(f"{path}: {file.name} is in it already")


@store.command(short_help="Make a store: a file, or roll-ups in ClickHouse.")
@click.argument("address", required=False)
@click.option(
    "--engine",
    type=click.Choice(["sqlite", "clickhouse"]),
    help="What kind of store it has to be.",
)
@click.option("--keep", type=Days(), metavar="DAYS", help="How long ClickHouse keeps roll-ups.")
@_keep_of
@_map
def init(
    *,
    address: str | None,
    engine: str | None,
    keep: timedelta | None,
    keep_of: tuple[tuple[str, int], ...],
    map_file: str | None,
) -> None:
    """Make a store: a file, or the roll-ups in a ClickHouse that a collector writes to.

    To do it again is harmless. In ClickHouse this needs the rights to create tables and views;
    whoever only reads needs SELECT.

    \b
    Examples:
      enforcer store init
      enforcer store init --engine clickhouse clickhouses://admin:secret@ch.example.com/otel
    """  # noqa: D301 - \b tells click to keep the lines
    chosen = choose_store(address, map_file)
    if engine and (engine == "clickhouse") != is_read_only(chosen):
        message = f"--engine {engine}: this is not the address of one. Name its URL (unknown-store)"
        raise EnforcerError(message)
    if is_read_only(chosen):
        if keep_of and keep is None:
            message = "--keep-of goes with --keep: ClickHouse has one TTL for both (unknown-store)"
            raise EnforcerError(message)
        click.echo(_init_clickhouse(chosen, keep, dict(keep_of)))
        return
    from enforcer.store.sqlite.writer import Store  # noqa: PLC0415 - slow to load

    Store(chosen).close()
    click.echo(f"{chosen} is ready")


def _init_clickhouse(address: str, keep: timedelta | None, keep_of: dict[str, int]) -> str:
    from enforcer.store.clickhouse.connection import parse  # noqa: PLC0415 - slow to load
    from enforcer.store.clickhouse.schema import VERSION  # noqa: PLC0415 - the same
    from enforcer.store.clickhouse.setup import initialise  # noqa: PLC0415 - the same

    place = parse(address)
    with working() as tell:
        days = keep.days if keep is not None else None
        before = initialise(place, keep_days=days, keep_days_of=keep_of, progress=tell)
    if before == VERSION:
        return f"{place}: the roll-ups are there, version {VERSION}"
    return f"{place}: roll-ups made, version {VERSION}"


def _look_at_file(path: str) -> dict[str, object]:
    from enforcer.store.sqlite.check import check as check_store  # noqa: PLC0415 - slow to load
    from enforcer.store.sqlite.opening import no_store  # noqa: PLC0415 - the same

    if not is_there(path):
        raise no_store(path)
    try:
        with working() as tell:
            found = check_store(path, progress=tell)
    except StoreError as error:
        if _DAMAGED not in str(error):
            raise
        return {"store": path, "problems": [str(error)], "remarks": []}
    counts = found.counts
    days = {key: _day(counts.pop(key)) for key in ("first_day", "last_day")}
    return {
        "store": path,
        "engine": "sqlite",
        "schema": found.schema,
        "bytes": found.size,
        **counts,
        **days,
        "problems": list(found.problems),
        "remarks": list(found.remarks),
    }


def _look_at_clickhouse(address: str) -> dict[str, object]:
    from enforcer.store.clickhouse.reader import ClickHouseReader  # noqa: PLC0415 - an extra
    from enforcer.store.queries import Span  # noqa: PLC0415 - slow to load

    with ClickHouseReader(address) as reader:
        rules = list(reader.rule_uses(Span()))
        health = reader.health(Span())
        remarks = []
        if not reader.is_rolled_up:
            remarks.append(
                "there are no roll-ups: each page reads all that the collector wrote. "
                'Run "enforcer store init" once'
            )
        if health.dropped:
            lost = counted(health.dropped, "use was", "uses were")
            remarks.append(f"{lost} lost before being sent")
        return {
            "store": reader.path,
            "engine": "clickhouse",
            "processes": health.processes,
            "rules": len(list(reader.rules(Span()))),
            "uses": sum(rule.count + rule.probes for rule in rules),
            "dropped": health.dropped,
            "problems": [],
            "remarks": remarks,
        }


def _as_text(found: dict[str, object]) -> str:
    lines = []
    for key, value in found.items():
        if isinstance(value, list):
            mark = "WRONG" if key == "problems" else "note"
            lines += [f"{mark:>11}  {text}" for text in value]
        else:
            shown = _size(value) if key == "bytes" and isinstance(value, int) else value
            lines.append(f"{key.replace('_', ' '):>11}  {shown}")
    if not found["problems"]:
        lines.append(f"{'fine':>11}  nothing is wrong")
    return "".join(f"{line}\n" for line in lines)


def _day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat() if day else ""


def _size(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"


@contextmanager
def _readable(file: IO[str]) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        message = f'"{file.name}" is no export: {error} (broken-export)'
        raise StoreError(message) from None
