"""Uses by processes that tests start, whether forked or executed.

Executed ones are enabled by the environment. All write to a store of the run.
"""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from enforcer import startup
from enforcer.baseline.run_record import Record, SeenSite
from enforcer.recording.items import ALLOWED_KEY, FOLDER_KEY
from enforcer.recording.process import RUN_FILE_KEY, RUN_KEY
from enforcer.rules.environment import INTERVAL_KEY
from enforcer.rules.loader import BASELINE_KEY, REFUSE_KEY, STORE_KEY
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import ENVIRONMENT_KEY
from enforcer.startup import MAP_KEY

_INTERVAL = "0.2"
"""How often children write, in seconds; short, because tests soon stop them by signals."""

_TEST = "PYTEST_CURRENT_TEST"
"""The variable in which pytest keeps the running test's name."""

_UNFINISHED = ("running", "vanished")

_FORK_SERVER = "multiprocessing.forkserver"

_HELPERS = (_FORK_SERVER, "multiprocessing.resource_tracker")
"""Processes that live as long as the run, and run none of the program's code after their start."""

_MOST_PROCESSES = 100_000

_watched: "Children | None" = None
_fork_hooks = False


class Children:
    """The child processes of a run.

    Attributes:
        store: the store that they write to.

    """

    def __init__(self) -> None:
        """Create a temporary folder for their store."""
        self._folder = TemporaryDirectory(prefix="enforcer-tests-")
        self.store = str(Path(self._folder.name, "uses.db"))
        self._run_file = Path(self._folder.name, "running")
        self._map: MigrationMap | None = None
        self._before: dict[str, str | None] = {}

    def begin(self, migration_map: MigrationMap, baseline: Path, stage: str, folder: Path) -> None:
        """Set the environment, which child processes inherit.

        Args:
            migration_map: the run's map.
            baseline: the baseline's file, which may not exist.
            stage: the stage of every rule.
            folder: the folder that names of tests are relative to.

        """
        global _watched  # noqa: PLW0603 - fork hooks can't be taken back
        # The value of RUN_KEY names a variable, which a child expands when it starts: so each child
        # belongs to the test that started it.
        settings = {
            MAP_KEY: migration_map.path,
            ENVIRONMENT_KEY: stage,
            REFUSE_KEY: "true",
            STORE_KEY: self.store,
            INTERVAL_KEY: _INTERVAL,
            RUN_KEY: f"${_TEST}",
            FOLDER_KEY: str(folder),
            ALLOWED_KEY: "",
            RUN_FILE_KEY: str(self._run_file),
        }
        if baseline.is_file():
            settings[BASELINE_KEY] = str(baseline)
        self._map = migration_map
        self._before = {key: os.environ.get(key) for key in settings}
        os.environ.update(settings)
        _watched = self
        _hook_into_fork()

    def allow(self, paths: Iterable[str]) -> None:
        """Allow the processes that the next test starts to use legacy paths."""
        os.environ[ALLOWED_KEY] = " ".join(paths)

    def note(self, node_id: str) -> None:
        """Write which test runs, for children that a fork server forks; nothing without one."""
        if _FORK_SERVER not in sys.modules:
            return
        running = f"{_TEST}={node_id} (call)\0{ALLOWED_KEY}={os.environ[ALLOWED_KEY]}"
        written = self._run_file.with_suffix(".new")
        written.write_text(running, encoding="utf-8", errors="surrogateescape")
        # A rename, so that a child that starts meanwhile reads a whole file.
        written.replace(self._run_file)

    def report_to(self, record: Record, excuse: Callable[[str, SeenSite], str]) -> None:
        """Add what they have written to a record, and whether one did not write everything.

        Args:
            record: the record.
            excuse: returns the excuse of a use, of a process that a test started.

        """
        if self._map is None or not Path(self.store).exists():
            return
        from enforcer.gate.seen import sites_of_run  # noqa: PLC0415 - loads SQLite
        from enforcer.store import StoreError  # noqa: PLC0415 - as above
        from enforcer.store.queries import Span  # noqa: PLC0415 - as above
        from enforcer.store.sqlite.reader import Reader  # noqa: PLC0415 - as above

        with suppress(StoreError), Reader(self.store) as reader:
            for run in reader.runs():
                for site in sites_of_run(reader, self._map, run):
                    test = run.rpartition(" (")[0]
                    own = site._replace(where=_where(run), excuse=excuse(test, site))
                    record.add_site(own)
            processes = reader.process_watches(Span(), limit=_MOST_PROCESSES)
            if any(one.ending in _UNFINISHED and not _is_helper(one.command) for one in processes):
                record.miss("a process that a test started was killed, or still runs")

    def end(self) -> None:
        """Restore the environment, and delete the store."""
        global _watched  # noqa: PLW0603 - as above
        _watched = None
        for key, value in self._before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._folder.cleanup()


def _is_helper(command: str) -> bool:
    return any(helper in command for helper in _HELPERS)


def _where(run: str) -> str:
    # pytest appends the phase, such as " (call)".
    test, separator, _ = run.rpartition(" (")
    if not separator:
        return "a process that the run started"
    return f"{test}, in a process that it started"


def _hook_into_fork() -> None:
    global _fork_hooks  # noqa: PLW0603 - as above
    # Hooks can't be unregistered: they are registered once, and do nothing while no run is active.
    if not _fork_hooks and hasattr(os, "register_at_fork"):
        _fork_hooks = True
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


def _before_fork() -> None:
    if _watched is not None:
        # The child must not import them itself: a thread of the parent may have been in the middle
        # of that import, and its module lock is never released in the child.
        import enforcer.runtime.process.exits  # noqa: PLC0415 - most runs don't fork
        import enforcer.runtime.process.schedule  # noqa: PLC0415 - as above
        import enforcer.runtime.wiring  # noqa: F401, PLC0415 - as above


def _after_fork_in_child() -> None:
    if _watched is not None:
        startup.keep()
