"""Settings of a test run (map, stage, baseline) from options, ini file and environment."""

import os
from pathlib import Path

import pytest

from enforcer.baseline import Baseline
from enforcer.errors import EnforcerError
from enforcer.rules.loader import DEFAULT_BASELINE, REFUSE_KEY, STORE_KEY, load_map
from enforcer.rules.location import find_map
from enforcer.rules.mistakes import require_rules
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import ENVIRONMENT_KEY, StageOverride
from enforcer.startup import MAP_KEY

STALE = ("fail", "warn")
"""What stale entries of the baseline lead to."""

STAGE = "at-least:strict"
"""Default stage of every rule."""


def load_map_for(config: pytest.Config, store: str) -> MigrationMap:
    """Load the map that is named, or the nearest one.

    Args:
        config: the run's configuration.
        store: the store for child processes.

    Raises:
        EnforcerError: if there is none, or it is broken.

    """
    named = config.known_args_namespace.enforcer_map
    in_ini = config.getini("enforcer_map")
    # pytest's root lies above the tests and above each file that an option names; the folder that
    # pytest was started in is more specific.
    folder = config.invocation_params.dir
    path = str(folder / named) if named else ""
    path = path or (str(config.rootpath / in_ini) if in_ini else os.environ.get(MAP_KEY, ""))
    path = path or find_map(str(folder)) or find_map(str(config.rootpath)) or ""
    if not path:
        message = (
            f'no migration map: there is no enforcer.toml in "{folder}" or above it. '
            "Write one with enforcer init, or name it with --enforcer-map (no-map)"
        )
        raise EnforcerError(message)
    _check_stage(config)
    settings = {ENVIRONMENT_KEY: stage_of(config), REFUSE_KEY: "true", STORE_KEY: store}
    migration_map = load_map(path, environ={**os.environ, **settings}, cached=True)
    # Without a host, so that a test run refuses the same on every machine.
    migration_map.settle(None)
    # An editor may have emptied the map for a moment: nothing would be refused, and the baseline
    # emptied.
    require_rules(migration_map)
    return migration_map


def _check_stage(config: pytest.Config) -> None:
    """Raise an error that names the option, or the ini key, with an unknown stage."""
    sources = (
        ("--enforcer-stage", config.known_args_namespace.enforcer_stage),
        ("enforcer_stage in the ini file", config.getini("enforcer_stage")),
    )
    for source, text in sources:
        if not text:
            continue
        try:
            StageOverride(text)
        except ValueError as error:
            message = f"{source}: {error} (unknown-stage)"
            raise EnforcerError(message) from None
        return


def stage_of(config: pytest.Config) -> str:
    """Return the stage of every rule in this run."""
    named = config.known_args_namespace.enforcer_stage or config.getini("enforcer_stage")
    return str(named or os.environ.get(ENVIRONMENT_KEY) or STAGE)


def fails_for_stale(config: pytest.Config) -> bool:
    """Return whether a run fails for stale entries of the baseline.

    Raises:
        EnforcerError: if the ini file has another word than ``fail`` and ``warn``.

    """
    in_ini = config.getini("enforcer_stale")
    if in_ini not in ("", *STALE):
        message = f'enforcer_stale is "{in_ini}" in the ini file. Write fail or warn (bad-option)'
        raise EnforcerError(message)
    return str(config.known_args_namespace.enforcer_stale or in_ini) != "warn"


def baseline_file(config: pytest.Config, migration_map: MigrationMap) -> Path:
    """Return the path of the baseline, which may not exist."""
    named = config.known_args_namespace.enforcer_baseline or migration_map.baseline
    return Path(named or Path(migration_map.path).with_name(DEFAULT_BASELINE)).absolute()


def baseline_of(file: Path, migration_map: MigrationMap) -> Baseline:
    """Read a baseline, with the current names of files; a missing one is empty.

    Raises:
        BaselineError: if it can't be read.

    """
    if not file.is_file():
        return Baseline()
    from enforcer.baseline.reader import read_baseline  # noqa: PLC0415 - with TOML's parser
    from enforcer.baseline.renamed_files import follow_renames  # noqa: PLC0415 - as above

    return follow_renames(read_baseline(file), migration_map)
