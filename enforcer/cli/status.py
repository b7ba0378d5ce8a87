"""Command ``enforcer status``: whether and how the enforcer is enabled, and its blind spots."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final

import click
from rich.console import Console
from rich.progress import track

from enforcer.cli.formats import format_options
from enforcer.cli.status_as_json import status_as_json
from enforcer.cli.status_as_text import status_as_text
from enforcer.cli.status_asking import (
    Installation,
    State,
    ask_installation,
    ask_modes,
    ask_state,
    choose_python,
)
from enforcer.cli.status_found import ExtensionsFound, MapFound, Status, StoreFound
from enforcer.cli.status_store import look_at_store
from enforcer.cli.status_words import problems
from enforcer.errors import EnforcerError
from enforcer.recording.process import place
from enforcer.recording.safe_mode import safe_mode_at_start
from enforcer.rules import cache
from enforcer.rules.finding import find_map
from enforcer.rules.loading import STORE_KEY, load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import ENVIRONMENT_KEY
from enforcer.rules.store_address import file_of, is_read_only
from enforcer.source.extensions import ExtensionSearch, extension_files
from enforcer.startup import MAP_KEY

NOT_WELL: Final = 1
"""Exit code if the enforcer is not enabled, or something is wrong."""

SEARCH_PATIENCE: Final = 30.0
"""Time limit for the search of compiled files, in seconds."""

_MANY_FILES: Final = 500
"""Number of compiled files from which on a progress bar is shown."""


@click.command(short_help="Say whether the enforcer is enabled here.")
@click.option("--map", "map_file", metavar="FILE", help="Ask as if ENFORCER_MAP were this map.")
@click.option(
    "--python", metavar="PYTHON", help="Ask this interpreter; without it, the enforcer's own."
)
@format_options("text", "json")
@click.pass_context
def status(context: click.Context, *, map_file: str | None, python: str | None, form: str) -> None:
    """Say whether the enforcer is enabled here, by what, and what it can't see.

    Fresh processes with this environment are asked, so the answer is what your programs meet.
    Nothing is written to the store.

    The exit code is 0 if the enforcer is enabled and nothing is wrong, 1 if it is not enabled or
    something is wrong, and 2 for a mistake in the command.

    \b
    Examples:
      enforcer status
      ENFORCER_MAP=$PWD/enforcer.toml enforcer status
      enforcer status --python /srv/app/.venv/bin/python --map enforcer.toml
      enforcer status --json | jq '.problems[]'
    """  # noqa: D301 - \b tells click to keep the lines
    found = _look(choose_python(python), _find_map(map_file))
    text = status_as_json(found) if form == "json" else status_as_text(found, sys.stdout)
    click.echo(text, nl=False, color=True)
    context.exit(0 if found.state.enabled and not problems(found) else NOT_WELL)


def _look(python: str, chosen: MapFound) -> Status:
    installation = ask_installation(python)
    environ = dict(os.environ)
    if chosen.chosen_by == "--map":
        environ[MAP_KEY] = chosen.path
    state = ask_state(python, environ)
    with_map = None
    if state.enabled and state.map != chosen.path:
        chosen = _read_map(state.map, "code", state.map)
    elif chosen.chosen_by == "search" and chosen.content is not None:
        environ[MAP_KEY] = chosen.path
        with_map = ask_state(python, environ)
    answer = with_map or state
    if answer.enabled and chosen.content is not None and python == sys.executable:
        # The process that answered has compiled this map, and has cached it if it could.
        compiled = cache.find(chosen.path, chosen.content.digest, os.environ) is not None
        chosen = replace(chosen, compiled=compiled)
    return Status(
        installation=installation,
        state=state,
        with_map=with_map,
        modes=ask_modes(python, environ) if answer.enabled else {},
        map=chosen,
        stage=os.environ.get(ENVIRONMENT_KEY, "").strip(),
        store=_find_store(chosen),
        late=_late(chosen.content, installation, answer),
        extensions=_search(chosen.content, installation),
    )


def _find_map(option: str | None) -> MapFound:
    if option and not Path(option).is_file():
        message = (
            f'--map: there is no file "{option}". Name a migration map, or leave the option out '
            "(map-not-found)"
        )
        raise EnforcerError(message)
    named = os.environ.get(MAP_KEY)
    written = option or named or find_map(os.curdir)
    if not written:
        return MapFound()
    by = "--map" if option else MAP_KEY if named else "search"
    return _read_map(str(Path(written).absolute()), by, written)


def _read_map(path: str, by: str, written: str) -> MapFound:
    try:
        content = load_map(path)
        content.settle(place(content))
    except MapError as error:
        return MapFound(path, by, written, _in_force(path), error.mistakes)
    return MapFound(path, by, written, content)


def _in_force(path: str) -> MigrationMap | None:
    """Return what programs use of a map with mistakes; None if nothing."""
    is_safe = safe_mode_at_start(path) is not None
    try:
        content = load_map(path, cached=True, lenient=True, regardless=is_safe)
    except MapError:
        return None
    content.settle(place(content))
    return content


def _find_store(chosen: MapFound) -> StoreFound:
    path = chosen.content.store if chosen.content is not None else os.environ.get(STORE_KEY, "")
    path = "" if is_read_only(path) or not path.strip() else file_of(path)
    return look_at_store(str(Path(path).absolute())) if path else StoreFound()


def _late(
    content: MigrationMap | None, installation: Installation, state: State
) -> tuple[str, ...]:
    """Return the legacy modules that are loaded before the enforcer."""
    if state.enabled:
        return tuple(subject for kind, subject, _ in state.notices if kind == "late")
    if content is None:
        return ()
    return tuple(sorted(name for name in installation.modules if content.match(name)))


def _search(content: MigrationMap | None, installation: Installation) -> ExtensionsFound:
    if content is None:
        return ExtensionsFound()
    files = list(extension_files(Path(content.root), installation.site_folders))
    search = ExtensionSearch(content)
    candidates = []
    left_out = 0
    until = monotonic() + SEARCH_PATIENCE
    console = Console(stderr=True)
    is_quiet = len(files) < _MANY_FILES or not console.is_terminal
    for file in track(files, "Searching", console=console, transient=True, disable=is_quiet):
        try:
            candidate = search.search(file) if monotonic() < until else None
            left_out += monotonic() >= until
        except (OSError, ValueError):
            left_out += 1
            continue
        if candidate is not None:
            candidates.append(candidate)
    return ExtensionsFound(len(files) - left_out, left_out, tuple(candidates))
