"""Command ``enforcer verdict``: judge whether legacy paths may be deleted."""

import sys
from time import time_ns

import click

from enforcer.cli.options import choose_map, choose_store, format_options, load_sound, warn
from enforcer.evidence import read_verdicts
from enforcer.output.console import as_text
from enforcer.output.document import as_markdown
from enforcer.owners import Owners
from enforcer.rules.environment import trusted_environment
from enforcer.rules.mistakes import find_rule, require_rules
from enforcer.verdict.as_json import verdicts_as_json
from enforcer.verdict.model import Verdict
from enforcer.verdict.sections import document, markdown
from enforcer.verdict.words import OwnersOf

CANNOT_GO = 1
"""Exit code if a path that was asked for can't go."""


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--store", metavar="STORE", help="What was recorded; by default the map's store.")
@click.option("--short", is_flag=True, help="Write one line for each path.")
@click.option(
    "--emit", is_flag=True, help="Send the verdicts as metrics to OTEL_EXPORTER_OTLP_ENDPOINT."
)
@format_options("text", "json", "markdown")
@click.pass_context
def verdict(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    paths: tuple[str, ...],
    map_file: str | None,
    store: str | None,
    short: bool,
    emit: bool,
    form: str,
) -> None:
    """Judge whether legacy paths can be deleted, with the evidence.

    PATH is the legacy path of a rule; without one, all rules are judged. Six conditions have to
    be met: nothing in the source names the path, no installed distribution does, nobody in
    production used it for long enough, all expected services watched, everything that runs has
    the rule, and nothing was lost. The exit code is 0 if all of them can go, 1 if one can't or
    that is not known, and 2 for a mistake.

    \b
    Examples:
      enforcer verdict
      enforcer verdict shop.old_cart && echo "delete it"
      enforcer verdict --format markdown shop.old_cart > verdict.md
      OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 enforcer verdict --short --emit
      enforcer verdict --json | jq -r '.verdicts[] | select(.can_go) | .legacy'
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    require_rules(migration_map)
    wanted = [find_rule(migration_map, path).legacy for path in paths]
    now = time_ns()
    verdicts = read_verdicts(choose_store(store, map_file), migration_map, now)
    found = [one for one in verdicts if not wanted or one.legacy in wanted]
    owners_of = Owners(migration_map.root).of
    click.echo(_write(found, now, form, owners_of, is_short=short), nl=False, color=True)
    if emit:
        from enforcer.evidence.emission import emit_verdicts  # noqa: PLC0415 - needs an extra

        emit_verdicts(found, migration_map, trusted_environment(), lambda text: warn([text]))
    context.exit(0 if all(one.can_go for one in found) else CANNOT_GO)


def _write(
    found: list[Verdict], now: int, form: str, owners_of: OwnersOf, *, is_short: bool
) -> str:
    if form == "json":
        return verdicts_as_json(found, now, owners_of)
    if form == "markdown":
        return as_markdown(markdown(found, owners_of))
    return as_text(document(found, owners_of, is_short=is_short), sys.stdout)
