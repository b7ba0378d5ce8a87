"""Inspection of an interpreter, its migration map, its store, and compiled files."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final

from enforcer.errors import EnforcerError
from enforcer.output.console import tracked
from enforcer.recording.process import place
from enforcer.recording.safe_mode import safe_mode_at_start
from enforcer.rules import cache
from enforcer.rules.loader import STORE_KEY, load_map
from enforcer.rules.location import find_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import ENVIRONMENT_KEY
from enforcer.rules.store_address import file_of, is_read_only
from enforcer.source.extensions import ExtensionSearch, extension_files
from enforcer.startup import MAP_KEY
from enforcer.status.interpreter import (
    Installation,
    State,
    ask_installation,
    ask_modes,
    ask_state,
    choose_python,
)
from enforcer.status.model import ExtensionsFound, MapFound, Status, StoreFound
from enforcer.status.store import look_at_store

SEARCH_PATIENCE: Final = 30.0
"""Time limit for the search of compiled files, in seconds."""

_MANY_FILES: Final = 500
"""Number of compiled files from which on a progress bar is shown."""


def inspect(python_option: str | None, map_option: str | None) -> Status:
    """Inspect whether the enforcer is enabled, by what, and its blind spots.

    Args:
        python_option: the interpreter to ask; None for this one.
        map_option: the migration map to ask with; None for the one that processes get.

    Raises:
        EnforcerError: if there is no such interpreter or map, or it does not answer.

    """
    python, chosen = choose_python(python_option), _find_map(map_option)
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
    for file in tracked(files, "Searching", many=_MANY_FILES):
        try:
            candidate = search.search(file) if monotonic() < until else None
            left_out += monotonic() >= until
        except (OSError, ValueError):
            left_out += 1
            continue
        if candidate is not None:
            candidates.append(candidate)
    return ExtensionsFound(len(files) - left_out, left_out, tuple(candidates))
