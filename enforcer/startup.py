"""Enable and disable the enforcer in this process.

Three ways lead here: :func:`enable` in code, the environment variable ``ENFORCER_MAP`` read by
``enforcer_startup.pth`` when the interpreter starts, and ``enforcer run``, which sets that
variable for a command. Child processes inherit the variable.

Enabling loads the standard library's small modules only. The store is opened by the reporter,
on its own thread.
"""

import atexit
import os
import sys

from enforcer.errors import EnforcerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from enforcer.imports.watch import Watch
    from enforcer.recording.notice import Notice
    from enforcer.recording.recorder import Recorder
    from enforcer.recording.use import Use
    from enforcer.reporter import OpenStore, Reporter
    from enforcer.rules.model import MigrationMap

MAP_KEY = "ENFORCER_MAP"
INTERVAL_KEY = "ENFORCER_FLUSH_INTERVAL"
DEFAULT_INTERVAL = 5.0

_active: "Enforcement | None" = None
_asked_environment = False
_fork_hooks = False


class Enforcement:
    """Hold what is enabled in this process.

    Attributes:
        map: the migration map in force.
        watch: what watches imports.
        recorder: what counts.
        reporter: what keeps the counts; None where nothing keeps them.

    """

    __slots__ = ("map", "recorder", "reporter", "watch")

    def __init__(
        self,
        migration_map: "MigrationMap",
        watch: "Watch",
        recorder: "Recorder",
        reporter: "Reporter | None",
    ) -> None:
        """Take the parts, which are running."""
        self.map = migration_map
        self.watch = watch
        self.recorder = recorder
        self.reporter = reporter


def enable(
    migration_map: "MigrationMap | str",
    *,
    store: bool = True,
    baseline: "Container[tuple[str, str, str]]" = frozenset(),
) -> None:
    """Begin to alias and to watch, in this process and in children that it forks.

    Enabling twice with the same map is once.

    Args:
        migration_map: a map, or the path of its file.
        store: whether uses are kept in the map's store; if not, :func:`collect` gives them.
        baseline: what strict rules tolerate: rule's legacy path, file and function.

    Raises:
        MapError: if the map has mistakes and says ``fail_open = false``; otherwise they are
            written to standard error and the program goes on without the enforcer.
        LateEnablingError: if a strict path has been imported already.
        EnforcerError: if another map is in force.

    """
    global _active  # noqa: PLW0603 - one enforcement per interpreter
    loaded = _load(migration_map)
    if loaded is None:
        return
    if _active is not None:
        if (_active.map.path, _active.map.digest) != (loaded.path, loaded.digest):
            message = (
                f'the enforcer is enabled with "{_active.map.path}" already. '
                "Call enforcer.disable() first (already-enabled)"
            )
            raise EnforcerError(message)
        return
    from enforcer.imports.watch import Watch
    from enforcer.recording.recorder import Recorder

    recorder = Recorder()
    watch = Watch(loaded, recorder, baseline)
    watch.install()
    reporter = _start_reporter(loaded, watch) if store and loaded.store else None
    _active = Enforcement(loaded, watch, recorder, reporter)
    _hook_into_fork()


def disable() -> None:
    """Stop watching, keep what was recorded, and leave nothing behind."""
    global _active
    if _active is None:
        return
    ended, _active = _active, None
    ended.watch.remove()
    if ended.reporter is not None:
        ended.reporter.stop()


def active() -> Enforcement | None:
    """Give what is enabled in this process, or None."""
    return _active


def collect() -> "tuple[list[Use], int]":
    """Give the uses since the last call, and how many were lost.

    Where a store keeps the uses, the reporter collects too, and each use goes to one of them.
    """
    return _active.recorder.collect() if _active is not None else ([], 0)


def flush() -> None:
    """Write what was recorded so far to the store, now."""
    if _active is not None and _active.reporter is not None:
        _active.reporter.flush()


def notices() -> "list[Notice]":
    """Give what the map's owner should know of this process."""
    return list(_active.watch.notices.values()) if _active is not None else []


def enable_from_environment() -> None:
    """Enable by ``ENFORCER_MAP`` while the interpreter starts; never stop the program.

    The one exception is a map that says ``fail_open = false``.
    """
    global _asked_environment  # noqa: PLW0603 - two site folders ask twice
    path = os.environ.get(MAP_KEY)
    if not path or _active is not None or _asked_environment or _is_own_command():
        return
    _asked_environment = True
    try:
        enable(path)
    except Exception as error:  # noqa: BLE001 - the watched program comes first
        sys.stderr.write(f"enforcer: {error}\n")
        if isinstance(error, EnforcerError) and not getattr(error, "fail_open", True):
            sys.stderr.flush()
            # The interpreter is still starting: an exception would be printed with a
            # traceback, by site.py or as a fatal error.
            os._exit(2)


def _is_own_command() -> bool:
    """Tell whether this process is the enforcer's own command, which uses no legacy path."""
    command = sys.orig_argv[1:3]
    return command == ["-m", "enforcer"] or os.path.basename("".join(command[:1])) == "enforcer"


def _load(migration_map: "MigrationMap | str") -> "MigrationMap | None":
    if not isinstance(migration_map, str):
        return migration_map
    from enforcer.rules.loading import load_map
    from enforcer.rules.mistakes import MapError

    try:
        return load_map(migration_map)
    except MapError as error:
        if not error.fail_open:
            raise
        sys.stderr.write(f"enforcer: not enabled, {len(error.mistakes)} mistakes:\n{error}\n")
        return None


def _start_reporter(migration_map: "MigrationMap", watch: "Watch") -> "Reporter":
    from enforcer.recording.process import current
    from enforcer.reporter import Reporter

    path = migration_map.store
    recorder = watch.uses.recorder

    def open_store() -> "OpenStore":
        from enforcer.store.sqlite import Store

        return Store(path)

    reporter = Reporter(
        recorder,
        current(migration_map),
        open_store,
        rules=migration_map.rules,
        notices=lambda: list(watch.notices.values()),
        interval=_interval(),
    )
    if _is_main_interpreter():
        reporter.start()
        # A forked child has no thread before it has something to report.
        recorder.on_new_site = reporter.start
    else:
        # A thread that is left when a subinterpreter ends is a fatal error.
        atexit.register(reporter.flush)
    return reporter


def _is_main_interpreter() -> bool:
    try:
        import _interpreters as interpreters
    except ImportError:  # before 3.13
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:  # a build without them
            return True
    return bool(interpreters.get_current() == interpreters.get_main())


def _interval() -> float:
    try:
        return max(0.05, float(os.environ.get(INTERVAL_KEY, DEFAULT_INTERVAL)))
    except ValueError:
        return DEFAULT_INTERVAL


def _hook_into_fork() -> None:
    global _fork_hooks  # noqa: PLW0603 - a fork hook can't be taken back
    if not _fork_hooks and hasattr(os, "register_at_fork"):
        _fork_hooks = True
        os.register_at_fork(
            before=_before_fork,
            after_in_parent=_after_fork_in_parent,
            after_in_child=_after_fork_in_child,
        )


def _before_fork() -> None:
    if _active is not None and _active.reporter is not None:
        _active.reporter.before_fork()


def _after_fork_in_parent() -> None:
    if _active is not None and _active.reporter is not None:
        _active.reporter.after_fork_in_parent()


def _after_fork_in_child() -> None:
    if _active is None:
        return
    _active.watch.forget_sites()
    _active.recorder.reset()
    if _active.reporter is not None:
        from enforcer.recording.process import current

        parent = _active.reporter.process.id
        _active.reporter.after_fork(current(_active.map, parent=parent))
