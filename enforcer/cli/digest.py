"""Command ``enforcer digest``: what has changed, ready for an issue or a webhook."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import click

from enforcer.cli.options import (
    Days,
    choose_map,
    choose_store,
    format_options,
    load_sound,
    warn,
)
from enforcer.evidence import read_verdicts
from enforcer.output.document import as_markdown
from enforcer.output.times import nanoseconds
from enforcer.owners import Owners, rule_owners
from enforcer.report import Report, build
from enforcer.report.ownership import add_owners
from enforcer.retirement.digest import Digest, left_over, lost_watch, new_callers
from enforcer.retirement.digest_sections import as_json, document
from enforcer.retirement.obstacles import next_steps
from enforcer.retirement.plan import make_plan
from enforcer.retirement.steps import own_stages
from enforcer.retirement.verdict_history import FILE, VerdictHistory
from enforcer.rules.mistakes import require_rules
from enforcer.rules.model import MigrationMap
from enforcer.store import NothingRecordedError
from enforcer.verdict.model import Verdict


@click.command()
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--store", metavar="STORE", help="What was recorded; by default the map's store.")
@click.option(
    "--owner",
    metavar="OWNER",
    help="For this owner: callers in their files, and rules that they are responsible for.",
)
@click.option(
    "--since",
    "span",
    type=Days(),
    default="7d",
    show_default=True,
    metavar="DAYS",
    help="The days to look back.",
)
@click.option(
    "--within",
    type=Days(),
    default="14d",
    show_default=True,
    metavar="DAYS",
    help="How long before its day a rule is due.",
)
@click.option(
    "--verdicts",
    "history_file",
    metavar="FILE",
    help="The verdicts of earlier days; by default verdicts.json beside the map's store.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="How many new call sites the Markdown shows.",
)
@format_options("markdown", "json")
def digest(  # noqa: PLR0913 - one parameter for each option
    *,
    map_file: str | None,
    store: str | None,
    owner: str | None,
    span: dt.timedelta,
    within: dt.timedelta,
    history_file: str | None,
    top: int,
    form: str,
) -> None:
    """Show what has changed, ready for an issue or a webhook.

    New call sites with what to write there, what is due, verdicts that changed, and what is no
    longer watched, as Markdown. The verdicts of the day are noted in a file, so that a later
    digest can compare.

    \b
    Examples:
      enforcer digest
      enforcer digest --owner @checkout --since 30d
      enforcer digest | gh issue create --title "Deprecated imports" --body-file -
      enforcer digest | jq -Rs '{text: .}' | curl --json @- "$WEBHOOK"
    """  # noqa: D301 - \b tells click to keep the lines
    load_sound(choose_map(map_file))
    migration_map = own_stages(choose_map(map_file))
    require_rules(migration_map)
    owners = Owners(migration_map.root)
    if owner:
        owners.require(owner, rule_owners(migration_map))
    address = choose_store(store, map_file)
    history = VerdictHistory(history_file or _beside(migration_map.store))
    found = _gather(address, migration_map, owners, history, (owner or "", span, within))
    text = as_json(found) if form == "json" else as_markdown(document(found, top))
    click.echo(text, nl=False)


def _beside(store: str) -> str:
    return str(Path(store).with_name(FILE))


def _gather(
    store: str,
    migration_map: MigrationMap,
    owners: Owners,
    history: VerdictHistory,
    asked: tuple[str, dt.timedelta, dt.timedelta],
) -> Digest:
    owner, span, within = asked
    now = dt.datetime.now().astimezone()
    until, began = nanoseconds(now), now - span
    since = nanoseconds(began)
    report = build(store)
    add_owners(report, owners)
    verdicts = read_verdicts(store, migration_map, until)
    steps = next_steps(migration_map.path, report, owners, until, verdicts)
    plan = make_plan(
        steps, migration_map.allow, migration_map.path, today=now.date(), within=within, owner=owner
    )
    today = now.date().isoformat()
    compared = history.day_before(began.date().isoformat(), today)
    own = {one.rule.legacy for one in plan.rules}
    changed = [one for one in history.changes(verdicts, compared) if one.verdict.legacy in own]
    _note(history, verdicts, today)
    return Digest(
        since,
        until,
        owner,
        new_callers(store, migration_map, owners, since, owner),
        plan,
        tuple(changed),
        compared,
        tuple(lost_watch(report, _within(store, began), migration_map, since, until)),
        left_over(report, since, owner),
    )


def _within(store: str, since: dt.datetime) -> Report | None:
    """Return the report of a span; None if no process watched in it."""
    try:
        return build(store, since=since)
    except NothingRecordedError:
        return None


def _note(history: VerdictHistory, verdicts: Iterable[Verdict], day: str) -> None:
    """Note the verdicts of the day, if the disk can be written."""
    try:
        history.note(verdicts, day)
    except OSError as error:
        warn([f'"{history.path}" can\'t be written: {error.strerror} (verdict-history)'])
