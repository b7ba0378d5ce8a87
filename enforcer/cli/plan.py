"""Command ``enforcer plan``: all rules on a time line."""

import datetime as dt
import sys

import click

from enforcer.cli.options import Days, choose_map, choose_store, format_options, load_sound
from enforcer.evidence import read_verdicts
from enforcer.output.console import as_text
from enforcer.output.document import as_markdown
from enforcer.output.times import nanoseconds
from enforcer.owners import Owners, rule_owners
from enforcer.retirement.evidence import recorded
from enforcer.retirement.obstacles import next_steps
from enforcer.retirement.plan import make_plan
from enforcer.retirement.plan_sections import as_json, document
from enforcer.retirement.steps import own_stages
from enforcer.rules.mistakes import require_rules

OVERDUE = 1
"""Exit code if the day of a rule, or of an exemption, has passed."""


@click.command()
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--store", metavar="STORE", help="What was recorded; by default the map's store.")
@click.option("--owner", metavar="OWNER", help="Only rules that this owner is responsible for.")
@click.option(
    "--within",
    type=Days(),
    default="14d",
    show_default=True,
    metavar="DAYS",
    help="How long before its day a rule is due.",
)
@format_options("text", "json", "markdown")
@click.pass_context
def plan(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    map_file: str | None,
    store: str | None,
    owner: str | None,
    within: dt.timedelta,
    form: str,
) -> None:
    """Show all rules on a time line, and what blocks each.

    What is overdue comes first. Each rule has its next stage: whether it breaks nobody, or
    whom it would break. Nothing is changed. The exit code is 1 if something is overdue.

    \b
    Examples:
      enforcer plan
      enforcer plan --owner @checkout --within 30d
      enforcer plan --format markdown > plan.md
      enforcer plan --json | jq '.rules[] | select(.can_advance) | .legacy'
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    require_rules(migration_map)
    owners = Owners(migration_map.root)
    if owner:
        owners.require(owner, rule_owners(migration_map))
    now = dt.datetime.now().astimezone()
    at = nanoseconds(now)
    address = choose_store(store, map_file)
    verdicts = read_verdicts(address, own_stages(migration_map.path), at)
    steps = next_steps(migration_map.path, recorded(address), owners, at, verdicts)
    found = make_plan(
        steps,
        migration_map.allow,
        migration_map.path,
        today=now.date(),
        within=within,
        owner=owner or "",
    )
    if form == "json":
        text = as_json(found)
    elif form == "markdown":
        text = as_markdown(document(found))
    else:
        text = as_text(document(found), sys.stdout)
    click.echo(text, nl=False, color=True)
    context.exit(OVERDUE if found.is_overdue else 0)
