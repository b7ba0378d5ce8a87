"""See the processes that tests start: they are enabled by the environment, and write to a store."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from enforcer.baseline.record import SeenSite
from enforcer.recording.process import RUN_KEY
from enforcer.rules.loading import BASELINE_KEY, STORE_KEY
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import ENVIRONMENT_KEY
from enforcer.startup import MAP_KEY


class Children:
    """Enable the enforcer in child processes of a run."""

    def __init__(self, migration_map: MigrationMap, baseline: Path, stage: str) -> None:
        """Set the environment, which child processes inherit."""
        self._folder = TemporaryDirectory(prefix="enforcer-tests-")
        self._store = str(Path(self._folder.name, "uses.db"))
        self._map = migration_map
        self._parts: list[str] = []
        settings = {
            MAP_KEY: migration_map.path,
            ENVIRONMENT_KEY: stage,
            STORE_KEY: self._store,
            RUN_KEY: "",
        }
        if baseline.is_file():
            settings[BASELINE_KEY] = str(baseline)
        self._before = {key: os.environ.get(key) for key in settings}
        os.environ.update(settings)

    def belong_to(self, where: str) -> None:
        """Say which part of the run the processes belong to that are started from now on."""
        os.environ[RUN_KEY] = str(len(self._parts))
        self._parts.append(where)

    def seen(self) -> Iterator[SeenSite]:
        """Give what they have written; not what one writes that still runs."""
        if not Path(self._store).exists():
            return
        from enforcer.gate.seen import sites_in_store  # noqa: PLC0415 - loads SQLite
        from enforcer.store import StoreError  # noqa: PLC0415 - as above
        from enforcer.store.reading import Reader  # noqa: PLC0415 - as above

        with suppress(StoreError):
            with Reader(self._store) as reader:
                runs = reader.runs()
            for run in runs:
                yield from sites_in_store(self._store, self._map, self._where(run), run=run)

    def _where(self, run: str) -> str:
        if run.isdecimal() and int(run) < len(self._parts):
            return f"{self._parts[int(run)]}, in a process that it started"
        return "a process that the run started"

    def end(self) -> None:
        """Put the environment back, and forget what was written."""
        for key, value in self._before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._folder.cleanup()
