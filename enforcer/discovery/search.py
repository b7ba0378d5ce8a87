"""The search for rules: choice of the map's file, pairs ``OLD=NEW``, all sources, the draft."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from enforcer.discovery.draft import Draft, Place
from enforcer.discovery.fragments import propose
from enforcer.discovery.history import read_history
from enforcer.discovery.layout import Layout, choose_root
from enforcer.discovery.moves import find_moves
from enforcer.discovery.paths import find_paths
from enforcer.discovery.proposal import GIVEN, Evidence, Proposal
from enforcer.discovery.selection import Selection
from enforcer.discovery.shims import find_shims
from enforcer.errors import EnforcerError
from enforcer.rules.loader import load_map
from enforcer.rules.location import MAP_FILE, PROJECT_FILE, find_map, has_table
from enforcer.rules.mistakes import MistakeList
from enforcer.rules.paths import check_path
from enforcer.rules.regular_files import read_regular
from enforcer.startup import MAP_KEY

_PAIR: Final = re.compile(r"(?P<legacy>[^=]+)=(?P<canonical>[^=]+)")


def choose_file(option: str | None) -> Path:
    """Return the map that is named, the nearest one upwards, or a new one in this folder."""
    chosen = option or os.environ.get(MAP_KEY) or find_map(os.curdir) or MAP_FILE
    return Path(chosen).absolute()


def place_of(file: Path) -> Place:
    """Return the place of a map that is there, or of one to write.

    Raises:
        MapError: if the map has mistakes.
        EnforcerError: if it can't be read.

    """
    if not file.exists():
        if not file.parent.is_dir():
            message = f'there is no folder "{file.parent}" for a map. Create it (map-unwritable)'
            raise EnforcerError(message)
        return Place(file, choose_root(file.parent))
    migration_map = None
    if file.name != PROJECT_FILE or _has_enforcer(file):
        migration_map = load_map(str(file), environ={})
    try:
        data = read_regular(str(file))
    except OSError as error:
        message = f'"{file}" can\'t be read: {error.strerror or error} (unreadable-map)'
        raise EnforcerError(message) from error
    root = Path(migration_map.root) if migration_map is not None else choose_root(file.parent)
    return Place(file, root, data, migration_map)


def _has_enforcer(file: Path) -> bool:
    import tomllib  # noqa: PLC0415 - only for a project file

    try:
        return has_table(tomllib.loads(read_regular(str(file)).decode("utf-8")))
    except (OSError, ValueError):
        return True  # loading it says what is wrong


def pairs(words: Sequence[str]) -> Evidence:
    """Parse pairs ``OLD=NEW``.

    Raises:
        EnforcerError: if one is no pair of paths.

    """
    found: list[Proposal] = []
    for word in words:
        pair = _PAIR.fullmatch(word)
        if pair is None:
            message = f'"{word}" is no pair of paths. Write package.old=package.new (bad-pair)'
            raise EnforcerError(message)
        legacy, canonical = pair["legacy"].strip(), pair["canonical"].strip()
        for path in (legacy, canonical):
            mistakes = MistakeList(word, {})
            check_path(path, (), mistakes)
            if mistakes.found:
                raise EnforcerError(str(mistakes.found[0]))
        found.append(Proposal(legacy, canonical, GIVEN, ("as it was asked for",)))
    return Evidence(tuple(found))


def search(
    place: Place, *, since: str = "", has_git: bool = True, has_shims: bool = True
) -> Evidence:
    """Search a program and its history for rules.

    Raises:
        EnforcerError: if ``since`` is neither a revision nor a day.

    """
    layout = Layout(place.root)
    found: list[Evidence] = []
    # Shims first: what is in the tree is more certain than what the history suggests.
    if has_shims:
        found.append(find_shims(layout))
    if has_git:
        found.append(find_moves(read_history(place.root, since), layout))
    return joined(found)


def search_paths(place: Place, names: Sequence[str]) -> Evidence:
    """Return the rules that lead the import paths of each name together."""
    layout = Layout(place.root)
    return joined([propose(find_paths(name, layout), layout) for name in names])


def joined(found: Sequence[Evidence]) -> Evidence:
    """Return the evidence of several sources, in their order."""
    return Evidence(
        tuple(proposal for one in found for proposal in one.proposals),
        tuple(dict.fromkeys(note for one in found for note in one.notes)),
    )


def draft_of(place: Place, evidence: Evidence) -> tuple[Draft, int]:
    """Return a checked draft of a map, and how many proposals the map had already.

    Raises:
        MapError: if the map would have mistakes that no proposal causes.

    """
    selection = Selection(place.migration_map)
    draft = Draft(place, selection.choose(evidence.proposals))
    draft.settle()
    return draft, selection.skipped
