"""Commands ``enforcer telemetry status`` and ``flush``: where signals go; send what waits."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from time import time_ns
from typing import Any, Final

import click

from enforcer.cli.options import choose_map, format_options, load_lenient
from enforcer.errors import EnforcerError
from enforcer.output.document import as_json
from enforcer.output.times import length
from enforcer.output.words import agreed, counted
from enforcer.recording.process import current
from enforcer.rules.environment import trusted_environment
from enforcer.rules.model import MigrationMap
from enforcer.rules.store_address import file_of, is_there
from enforcer.runtime.telemetry import asked
from enforcer.runtime.telemetry.asked import LOGS, SIGNALS
from enforcer.runtime.telemetry.outlet import shown
from enforcer.runtime.telemetry.private import Private
from enforcer.runtime.telemetry.scrubbing import Scrub
from enforcer.runtime.telemetry.signals import emit_remainder
from enforcer.store import emission
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.opening import not_read, open_to_read
from enforcer.store.sqlite.writer import Store

SOMETHING_WAITS: Final = 1
"""The exit code where something was not sent."""

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

    Mistakes in the environment are written to standard error. The exit code is 1 if something
    waits.

    \b
    Examples:
      enforcer telemetry status
      OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 enforcer telemetry status
      enforcer telemetry status --json | jq .waiting.uses
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_lenient(choose_map(map_file))
    private = _private(migration_map)
    uses, processes, oldest = _waiting(migration_map)
    if form == "json":
        document = _as_json(private, uses, processes, oldest)
        click.echo(as_json(document), nl=False)
    else:
        for line in _as_lines(private):
            click.echo(line)
        click.echo(_told(uses, processes, oldest))
    context.exit(SOMETHING_WAITS if uses else 0)


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

    That is what processes left that have ended, or have not written for longer than they should.
    Sending something twice does no harm: every record has an id.

    The exit code is 1 if something could not be sent or was refused, and 2 where no endpoint is
    named.

    \b
    Examples:
      OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 enforcer telemetry flush
      enforcer telemetry flush --timeout 10
    """  # noqa: D301 - \b tells click to keep the lines
    if not asked.endpoint(LOGS, trusted_environment()):
        message = f"{_why_nowhere(trusted_environment())} (no-endpoint)"
        raise EnforcerError(message)
    migration_map = load_lenient(choose_map(map_file))
    private = _private(migration_map)
    sent = _flush(migration_map, private, Patience(timeout)) if private.has(LOGS) else 0
    uses, processes, oldest = _waiting(migration_map)
    dropped = private.dropped()
    verb = "offered" if dropped else "sent"
    click.echo(f"{counted(sent, 'use')} {verb}. {_told(uses, processes, oldest)}")
    for kind, records in dropped.items():
        refused = f"{counted(records, 'record')} {agreed(records, 'was', 'were')} refused: {kind}"
        click.echo(f"enforcer: {refused} (telemetry-refused)", err=True)
    error = private.outlets[LOGS].error if private.has(LOGS) else ""
    if uses and error:
        place = shown(asked.endpoint(LOGS, trusted_environment()))
        click.echo(f"enforcer: {place}: {error} (collector-not-reached)", err=True)
    context.exit(SOMETHING_WAITS if uses or dropped else 0)


def _why_nowhere(environ: Mapping[str, str]) -> str:
    """Return why log events are sent nowhere, and what to do."""
    if asked.is_disabled(environ):
        return "OTEL_SDK_DISABLED is true, so nothing is sent. Unset it"
    if environ.get("OTEL_CONFIG_FILE"):
        return "OTEL_CONFIG_FILE is set, which only the application itself follows. Unset it"
    other = asked.other_exporter(LOGS, environ)
    if other:
        return f'OTEL_LOGS_EXPORTER is "{other}", so log events are not sent. Set it to otlp'
    if asked.names_an_endpoint(environ):
        return "no endpoint is named for log events. Set OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"
    return (
        "nothing says where telemetry goes. Set OTEL_EXPORTER_OTLP_ENDPOINT, to "
        "http://localhost:4318 for instance"
    )


def _private(migration_map: MigrationMap) -> Private:
    def say(problem: str) -> None:
        click.echo(f"enforcer: {problem}", err=True)

    return Private(current(migration_map), trusted_environment(), say)


def _flush(migration_map: MigrationMap, private: Private, patience: Patience) -> int:
    """Send what waits, and return how many uses that was."""
    path = file_of(migration_map.store)
    if not is_there(path):
        return 0
    scrub = Scrub(migration_map.scrub)
    sent = 0
    store = Store(path, patience)
    try:
        while patience.lasts():
            remainder = store.claim_emission(lease=0)
            if remainder is None:
                break
            is_emitted = emit_remainder(private, remainder, migration_map, scrub, patience)
            store.end_claim(remainder, is_emitted=is_emitted)
            if not is_emitted:
                break
            sent += sum(use.count for use, _, _ in remainder.uses)
    finally:
        store.close()
        private.close()
    return sent


def _waiting(migration_map: MigrationMap) -> tuple[int, int, int]:
    """Return how many uses of how many processes wait, and since when the oldest does."""
    path = file_of(migration_map.store)
    if not is_there(path):
        return 0, 0, 0
    try:
        with closing(open_to_read(path)) as connection:
            return emission.waiting(connection, time_ns())
    except sqlite3.Error as error:
        raise not_read(path, error) from error


def _as_lines(private: Private) -> list[str]:
    environ = trusted_environment()
    if asked.is_disabled(environ):
        return ["OTEL_SDK_DISABLED is true: nothing is emitted."]
    if environ.get("OTEL_CONFIG_FILE"):
        return ["OTEL_CONFIG_FILE is set: what is made of it is used, and no other variable."]
    if not asked.names_an_endpoint(environ):
        return ["No endpoint is named: telemetry goes to the application's own providers."]
    return [f"{signal:<8}{_place(private, signal)}" for signal in SIGNALS]


def _place(private: Private, signal: str) -> str:
    environ = trusted_environment()
    place = asked.endpoint(signal, environ)
    if not place:
        other = asked.other_exporter(signal, environ)
        why = f", since OTEL_{signal.upper()}_EXPORTER is {other}" if other else ""
        return f"only to the application's own provider{why}"
    state = "" if private.has(signal) else ", which can't be set up"
    return f"{shown(place)} ({asked.protocol(signal, environ)}){state}"


def _told(uses: int, processes: int, oldest: int) -> str:
    if not uses:
        return "Nothing waits."
    verb = agreed(uses, "waits", "wait")
    of = counted(processes, "process", "processes")
    return f"{counted(uses, 'use')} of {of} {verb}, the oldest for {length(time_ns() - oldest)}."


def _as_json(private: Private, uses: int, processes: int, oldest: int) -> dict[str, Any]:
    environ = trusted_environment()
    return {
        "disabled": asked.is_disabled(environ),
        "targets": {
            signal: {
                "endpoint": shown(asked.endpoint(signal, environ)),
                "protocol": asked.protocol(signal, environ),
            }
            for signal in SIGNALS
            if private.has(signal)
        },
        "waiting": {
            "uses": uses,
            "processes": processes,
            "oldest": oldest if uses else None,
        },
    }
