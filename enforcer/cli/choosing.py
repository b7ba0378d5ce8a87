"""Choose the migration map and the store that a command works on."""

import os
from pathlib import Path

from enforcer.errors import EnforcerError
from enforcer.rules.finding import find_map
from enforcer.rules.loading import STORE_KEY, load_map
from enforcer.rules.model import MigrationMap
from enforcer.startup import MAP_KEY


def choose_map(option: str | None) -> str:
    """Give the absolute path of the map: the option, the environment, or one up from here.

    Raises:
        EnforcerError: if there is none.

    """
    chosen = option or os.environ.get(MAP_KEY) or find_map(os.curdir)
    if not chosen:
        message = (
            f'no migration map: there is no enforcer.toml in "{Path.cwd()}" or above it, '
            f"and neither --map nor {MAP_KEY} names one. Write one, or name it (no-map)"
        )
        raise EnforcerError(message)
    return str(Path(chosen).absolute())


def choose_store(store: str | None, migration_map: str | None) -> str:
    """Give the absolute path of the store: the option, the environment, or what the map says.

    Raises:
        EnforcerError: if none of them names one, or the map has mistakes.

    """
    chosen = store or (None if migration_map else os.environ.get(STORE_KEY))
    if chosen:
        return str(Path(chosen).absolute())
    return load_map(choose_map(migration_map)).store


def require_root(migration_map: MigrationMap) -> None:
    """See to it that the folder with the program's own code is there.

    Raises:
        EnforcerError: if it is not.

    """
    if not Path(migration_map.root).is_dir():
        message = (
            f'{migration_map.path}: root: there is no folder "{migration_map.root}". '
            "Write the folder that holds your code, relative to the map (root-not-found)"
        )
        raise EnforcerError(message)
