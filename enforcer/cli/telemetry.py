"""Commands ``enforcer telemetry status`` and ``flush``: where it goes, and what is unsent."""

import json
import os
from collections.abc import Sequence
from time import time_ns
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import track

from enforcer.cli.choosing import choose_map, load_lenient
from enforcer.cli.formats import format_options
from enforcer.errors import EnforcerError
from enforcer.report.times import length
from enforcer.store.waiting import Patience
from enforcer.telemetry.outbox import Outbox
from enforcer.telemetry.reviving import revive
from enforcer.telemetry.scrubbing import Scrub
from enforcer.telemetry.sending import SendingError
from enforcer.telemetry.settings import SIGNALS, Settings, read_settings
from enforcer.telemetry.spool import Spool, Waiting, folders

SOMETHING_WAITS: Final = 1
"""Exit code if something was not sent."""

_MANY: Final = 50
"""Number of requests from which on a progress bar is shown."""

_map_option = click.option("--map", "map_file", metavar="FILE", help="The migration map.")


@click.group()
def telemetry() -> None:
    """Say where telemetry goes, and send what could not be sent.

    Where that is, OpenTelemetry's own variables say, like OTEL_EXPORTER_OTLP_ENDPOINT.
    """


@telemetry.command()
@_map_option
@format_options("text", "json")
@click.pass_context
def status(context: click.Context, *, map_file: str | None, form: str) -> None:
    """Say where each signal goes, and what waits to be sent.

    The exit code is 1 if something waits, and 2 for a mistake in the environment.

    \b
    Examples:
      enforcer telemetry status
      OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 enforcer telemetry status
      enforcer telemetry status --json | jq .waiting.records
    """  # noqa: D301 - \b tells click to keep the lines
    settings = read_settings()
    migration_map = load_lenient(choose_map(map_file))
    waiting = Spool(folders(migration_map, os.environ)).waiting()
    if form == "json":
        click.echo(json.dumps(_as_json(settings, waiting), indent=2))
    else:
        for line in _as_lines(settings, waiting):
            click.echo(line)
    context.exit(SOMETHING_WAITS if waiting else 0)


@telemetry.command()
@_map_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="How long to try, in seconds.",
)
@click.pass_context
def flush(context: click.Context, *, map_file: str | None, timeout: float) -> None:
    """Send what waits, to where OTEL_EXPORTER_OTLP_ENDPOINT says.

    Requests that another process is sending are left to it. Sending one twice does no harm:
    every record has an id.

    The exit code is 1 if something could not be sent, and 2 where no endpoint is named.

    \b
    Examples:
      OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 enforcer telemetry flush
      enforcer telemetry flush --timeout 10
    """  # noqa: D301 - \b tells click to keep the lines
    settings = read_settings()
    if not settings.targets:
        message = (
            "nothing says where telemetry goes. Set OTEL_EXPORTER_OTLP_ENDPOINT, to "
            "http://localhost:4318 for instance (no-endpoint)"
        )
        raise EnforcerError(message)
    migration_map = load_lenient(choose_map(map_file))
    spool = Spool(folders(migration_map, os.environ))
    revive(spool, migration_map, Scrub(migration_map.scrub))
    outbox = Outbox(settings, spool, process="")
    patience = Patience(timeout)
    waiting = spool.waiting()
    console = Console(stderr=True)
    is_quiet = len(waiting) < _MANY or not console.is_terminal
    problem = ""
    for each in track(waiting, "Sending", console=console, transient=True, disable=is_quiet):
        try:
            outbox.send_one(each, patience)
        except SendingError as error:
            problem = str(error)
            if not error.is_final:
                break
    left = spool.waiting()
    click.echo(f"{_requests(len(waiting) - len(left))} sent. {_told(left)}")
    for kind, records in outbox.dropped.items():
        click.echo(f"{records} records were not taken: {kind}", err=True)
    if problem:
        click.echo(f"enforcer: {problem}", err=True)
    context.exit(SOMETHING_WAITS if left else 0)


def _as_lines(settings: Settings, waiting: Sequence[Waiting]) -> list[str]:
    if settings.is_disabled:
        lines = ["OTEL_SDK_DISABLED is true: nothing is emitted."]
    elif os.environ.get("OTEL_CONFIG_FILE"):
        lines = ["OTEL_CONFIG_FILE is set: what is made of it is used, and no other variable."]
    elif not settings.targets:
        lines = ["No endpoint is named: telemetry goes to the application's own providers."]
    else:
        lines = [f"{signal:<8}{_place(settings, signal)}" for signal in SIGNALS]
    return [*lines, _told(waiting)]


def _place(settings: Settings, signal: str) -> str:
    target = settings.target(signal)
    if target is None:
        return "only to the application's own provider"
    return f"{target.endpoint} ({target.protocol})"


def _told(waiting: Sequence[Waiting]) -> str:
    if not waiting:
        return "Nothing waits."
    records = sum(each.records for each in waiting)
    oldest = length(time_ns() - waiting[0].time)
    verb = "waits" if len(waiting) == 1 else "wait"
    return (
        f"{_requests(len(waiting))} with {records} records {verb}, the oldest for {oldest}, "
        f'in "{waiting[0].path.parent}".'
    )


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"


def _as_json(settings: Settings, waiting: Sequence[Waiting]) -> dict[str, Any]:
    return {
        "disabled": settings.is_disabled,
        "targets": {
            target.signal: {"endpoint": target.endpoint, "protocol": target.protocol}
            for target in settings.targets
        },
        "waiting": {
            "requests": len(waiting),
            "records": sum(each.records for each in waiting),
            "oldest": waiting[0].time if waiting else None,
            "folders": sorted({str(each.path.parent) for each in waiting}),
        },
    }
