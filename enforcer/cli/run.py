"""Command ``enforcer run``: run a command with the enforcer enabled in it and its children."""

import os
import site
import sys
from pathlib import Path
from typing import Final

import click

import enforcer
from enforcer.cli.choosing import choose_file, choose_map
from enforcer.cli.command import find_command
from enforcer.cli.executing import replace_by, wait_for
from enforcer.errors import EnforcerError
from enforcer.recording.process import RUN_KEY
from enforcer.report import Report, build
from enforcer.rules.inherited import DIGEST_KEY, LATEST
from enforcer.rules.loading import STORE_KEY, load_map
from enforcer.rules.stages import ENVIRONMENT_KEY, read_override
from enforcer.rules.store_address import is_there
from enforcer.startup import MAP_KEY
from enforcer.store import StoreError

STARTUP_FILE: Final = "enforcer_startup.pth"
"""The file that Python reads at start if it is in a site folder."""


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option(
    "--stage",
    metavar="STAGE",
    help="The stage of every rule; at-least:STAGE raises milder rules, at-most:STAGE lowers "
    "harder ones.",
)
@click.option("--store", metavar="FILE", help="Where to keep what is recorded.")
@click.option("--report", is_flag=True, help="Show what this run used, when it has ended.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    *,
    map_file: str | None,
    stage: str | None,
    store: str | None,
    report: bool,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with the enforcer enabled.

    COMMAND is a Python script, -m and a module, -c and code, or a program on PATH. Its exit
    code, its signals and its output are its own.

    \b
    Examples:
      enforcer run -- app.py --port 8000
      enforcer run --report -- -m pytest tests
      enforcer run --stage at-least:strict -- pytest
      enforcer run --store /var/lib/app/uses.db -- gunicorn app:api
    """  # noqa: D301 - \b tells click to keep the lines
    environ = {**os.environ, **_settings(map_file, stage, store)}
    if environ.get(DIGEST_KEY, "").strip() != LATEST:
        # Inherited from a program that started this command, and not meant for this map.
        environ.pop(DIGEST_KEY, None)
    # Lenient, because the program itself reports what is ignored of its map.
    kept_in = load_map(environ[MAP_KEY], environ=environ, cached=True, lenient=True).store
    found = find_command(command)
    if not report:
        replace_by(found, environ)
    code = wait_for(found, environ)
    try:
        click.echo(_written(kept_in, environ[RUN_KEY]), nl=False, color=True)
    except StoreError as error:
        click.echo(f"enforcer: {error}", err=True)
    sys.exit(code)


def _settings(map_file: str | None, stage: str | None, store: str | None) -> dict[str, str]:
    settings = {MAP_KEY: choose_map(map_file), RUN_KEY: os.urandom(8).hex()}
    if stage is not None:
        try:
            read_override(stage)
        except ValueError as error:
            message = f"--stage: {error} (unknown-stage)"
            raise EnforcerError(message) from None
        settings[ENVIRONMENT_KEY] = stage
    if store:
        settings[STORE_KEY] = choose_file(store, None)
    if not _is_read_at_start():
        folders = (str(Path(enforcer.__file__).with_name("at_start")), os.environ.get("PYTHONPATH"))
        settings["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return settings


def _is_read_at_start() -> bool:
    """Return whether Python reads the enforcer's start-up file; it does in site folders only."""
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return any(Path(folder, STARTUP_FILE).is_file() for folder in folders)


def _written(store: str, run_id: str) -> str:
    found = Report((), dropped=0, processes=0)
    if is_there(store):
        found = build(store, run=run_id)
    if not found.processes:
        message = (
            "nothing recorded: no process of this command has reported. Either its Python "
            "has no enforcer installed, or it was killed at once (not-enabled)"
        )
        raise StoreError(message)
    from enforcer.report.as_table import as_table  # noqa: PLC0415 - rich is slow to import

    return f"\n{as_table(found, sys.stdout)}"
