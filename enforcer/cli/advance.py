"""Command ``enforcer advance``: move one rule to its next stage."""

import sys
from time import time_ns

import click

from enforcer.cli.options import choose_map, choose_store, format_options, load_sound
from enforcer.errors import EnforcerError
from enforcer.evidence import read_verdicts
from enforcer.output.console import as_text
from enforcer.output.document import as_json
from enforcer.owners import Owners
from enforcer.retirement.advance import advanced
from enforcer.retirement.evidence import recorded
from enforcer.retirement.obstacles import next_steps
from enforcer.retirement.plan_sections import step_document, step_record
from enforcer.retirement.steps import Step, own_stages
from enforcer.rules.mistakes import find_rule, require_rules
from enforcer.rules.stages import REMOVED

BLOCKED = 1
"""Exit code if the next stage would break somebody, or that is not known."""


@click.command()
@click.argument("path")
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--store", metavar="STORE", help="What was recorded; by default the map's store.")
@click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")
@format_options("text", "json")
@click.pass_context
def advance(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    path: str,
    map_file: str | None,
    store: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """Move one rule to its next stage.

    PATH is the legacy path of a rule. If its next stage breaks nobody, the map is changed, and
    its layout stays. Otherwise nothing is written, and whom it would break is shown; the exit
    code is then 1. The last stage, removed, is set by "enforcer retire".

    \b
    Examples:
      enforcer advance shop.old_cart
      enforcer advance shop.old_cart --dry-run
      enforcer advance shop.old_cart --json | jq -r '.obstacles[].owners[]'
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    require_rules(migration_map)
    legacy = find_rule(migration_map, path).legacy
    address = choose_store(store, map_file)
    now = time_ns()
    own = own_stages(migration_map.path)
    verdicts = read_verdicts(address, own, now)
    owners = Owners(migration_map.root)
    steps = next_steps(migration_map.path, recorded(address), owners, now, verdicts)
    step = next(step for step in steps if step.rule.legacy == legacy)
    _require_next(step)
    changes = advanced(step, migration_map) if step.is_possible else None
    if form == "json":
        fields = {"legacy": step.rule.legacy, **step_record(step)}
        written = {"diff": list(changes.diff()) if changes else [], "written": False}
        written["written"] = bool(changes) and not dry_run
        text = as_json({**fields, **written})
    else:
        text = as_text(step_document(step, changes, dry_run=dry_run), sys.stdout)
    if changes is not None and not dry_run:
        changes.write()
    click.echo(text, nl=False, color=True)
    context.exit(0 if step.is_possible else BLOCKED)


def _require_next(step: Step) -> None:
    """Raise an error for a rule that ``advance`` can't move.

    Raises:
        EnforcerError: if so, with the command that can.

    """
    legacy = step.rule.legacy
    if not step.following:
        message = f'"{legacy}" is in stage removed, the last one (no-next-stage)'
        raise EnforcerError(message)
    if step.following == REMOVED:
        message = (
            f'after strict, "{legacy}" is removed: its callers, files and entries go with it. '
            f"Run: enforcer retire {legacy} (no-next-stage)"
        )
        raise EnforcerError(message)
