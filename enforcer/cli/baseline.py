"""Commands ``enforcer baseline update`` and ``merge``, which write the baseline."""

from pathlib import Path
from typing import Final

import click

from enforcer.baseline import Baseline
from enforcer.baseline.comparison import Judged, Verdict, compare, grown, merged, shrunk
from enforcer.baseline.portable_names import Rewriting, rewritings, why_not
from enforcer.baseline.reader import read_baseline, read_sides
from enforcer.baseline.renamed_files import follow_renames
from enforcer.baseline.writer import write_baseline
from enforcer.cli.options import FILE, choose_map, load_chosen, seen_options
from enforcer.gate.in_source import sites_in_source
from enforcer.gate.seen import read_records, read_seen
from enforcer.output.words import counted
from enforcer.rules.loader import DEFAULT_BASELINE
from enforcer.rules.mistakes import require_rules
from enforcer.source.source_scan import scan_source

HAS_NEW: Final = 1
"""Exit code if there are new uses that were not added."""


@click.group()
def baseline() -> None:
    """Write the file of call sites that strict rules tolerate."""


@baseline.command(short_help="Take out what is gone, and take in what is new.")
@seen_options
@click.option(
    "--store",
    metavar="FILE",
    help="Take what was recorded in a store; the map's, if nothing is named.",
)
@click.option("--source", is_flag=True, help="Take references in the source, too, or alone.")
@click.option("--allow-new", is_flag=True, help="Take in what is new.")
@click.pass_context
def update(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    map_file: str | None,
    baseline_file: Path | None,
    records: tuple[Path, ...],
    store: str | None,
    complete: bool,
    source: bool,
    allow_new: bool,
) -> None:
    """Take what is gone out of the baseline, and what is new in if asked to.

    Something is gone if a complete run has not met it: a run of all tests says so in its
    record, a store never does by itself. The exit code is 1 if there is something new that
    was not taken in.

    With --source the references in the source are compared, too, and those of the first time are
    all taken in; from then on the gate is closed by a new one. Alone it needs no run.

    \b
    Examples:
      enforcer baseline update --source
      pytest --enforcer --enforcer-stage alias --enforcer-record run.json
      enforcer baseline update --record run.json --allow-new
      enforcer baseline update --store .enforcer/uses.db --complete
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_chosen(choose_map(map_file))
    require_rules(migration_map)
    usual = migration_map.baseline or str(Path(migration_map.path).with_name(DEFAULT_BASELINE))
    file = (baseline_file or Path(usual)).absolute()
    if not (store or records or source):
        store = migration_map.store
    found = read_seen(migration_map, records, store, is_complete=complete)
    if found is None and not source:
        return
    written = read_baseline(file) if file.is_file() else Baseline((), str(file))
    before = follow_renames(written, migration_map)
    after, lines = before, [*map(_rewriting, rewritings(written, migration_map))]
    is_refused = is_barred = False
    if found is not None:
        judged = compare(
            before, found.lines(), is_complete=found.shows_what_is_gone, blind=found.blind
        )
        barred = [one for one in judged if one.verdict == Verdict.NEW and why_not(one.entry.file)]
        judged = [one for one in judged if one not in barred]
        after = _updated(before, judged, allow_new=allow_new)
        lines += [*_changes(judged, allow_new=allow_new), *map(_barred, barred)]
        is_barred = bool(barred)
        is_refused = not allow_new and any(map(_is_more, judged))
    if source:
        is_first = before.source is None
        known = before.source or Baseline((), str(file))
        in_source = sites_in_source(scan_source(migration_map).proven)
        judged = compare(known, in_source.lines(), is_complete=True)
        takes_new = allow_new or is_first
        after = Baseline(after, after.path, _updated(known, judged, allow_new=takes_new))
        # The first time these are all references of the program.
        changes = [] if is_first else _changes(judged, allow_new=allow_new)
        lines += [f"in the source: {line}" for line in changes]
        is_refused = is_refused or (not takes_new and any(map(_is_more, judged)))
    # A new empty file would mean that nothing is tolerated, and refuse every use.
    if after != written or not (file.is_file() or is_refused or is_barred):
        write_baseline(after, file)
    for line in lines:
        click.echo(line)
    click.echo(f"{file.name}: {counted(len(after), 'entry', 'entries')}, {len(written)} before")
    context.exit(HAS_NEW if is_barred or is_refused else 0)


def _updated(known: Baseline, judged: list[Judged], *, allow_new: bool) -> Baseline:
    after = shrunk(known, judged)
    return grown(after, judged) if allow_new else after


def _is_more(one: Judged) -> bool:
    return one.verdict in (Verdict.NEW, Verdict.GREW)


@baseline.command(short_help="Join baselines, or records of parts of a run.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option(
    "--output",
    type=FILE,
    default=DEFAULT_BASELINE,
    show_default=True,
    metavar="FILE",
    help="Where to write.",
)
def merge(*, files: tuple[Path, ...], output: Path) -> None:
    """Join baselines of branches, or records of parts of a run, into one baseline.

    A FILE that ends with .json is a record (pytest --enforcer-record). Records know the lines,
    so what two parts have seen in one function is counted once. Of a file with marks of a
    merge conflict both sides are joined.

    \b
    Examples:
      enforcer baseline merge enforcer-baseline.toml
      enforcer baseline merge ours.toml theirs.toml
      enforcer baseline merge shard1.json shard2.json --output enforcer-baseline.toml
    """  # noqa: D301 - as above
    records = tuple(file for file in files if file.suffix == ".json")
    seen_by_parts = read_records(records).lines()
    of_records = compare(Baseline(), seen_by_parts, is_complete=False)
    baselines = [side for file in files if file not in records for side in read_sides(file)]
    joined = merged([grown(Baseline(), of_records), *baselines], str(output))
    write_baseline(joined, output.absolute())
    click.echo(f"{output}: {counted(len(joined), 'entry', 'entries')}")


def _changes(judged: list[Judged], *, allow_new: bool) -> list[str]:
    words = {
        Verdict.NEW: "taken in" if allow_new else "new, not taken in (--allow-new)",
        Verdict.GREW: "taken in" if allow_new else "grown, not taken in (--allow-new)",
        Verdict.SHRANK: "fewer now",
        Verdict.STALE: "gone",
    }
    return [f"{words[one.verdict]}: {one.entry}" for one in judged if one.verdict in words]


def _rewriting(change: Rewriting) -> str:
    if change.file:
        return f"rewritten: {change.entry} is by {change.file} on every machine"
    return f"taken out: {change.entry}: {change.reason}"


def _barred(one: Judged) -> str:
    return (
        f"not taken in: {one.entry}: {why_not(one.entry.file)}. "
        "Have a function of your own do it, or record a test run, which names the test"
    )
