"""Enable and disable the enforcer in this process.

Three ways lead here: :func:`enable` in code, the environment variable ``ENFORCER_MAP`` read by
``enforcer_startup.pth`` when the interpreter starts, and ``enforcer run``, which sets that
variable for a command. Child processes inherit the variable.

Enabling loads the standard library's small modules only. The store is opened by the reporter,
on its own thread.
"""

import _thread
import atexit
import os
import sys

from enforcer.enforcement import Enforcement
from enforcer.errors import EnforcerError, LateEnablingError
from enforcer.rules.model import NO_LOG
from enforcer.rules.stages import REMOVED, STRICT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from contextvars import Context

    from enforcer.leaving import Guard
    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.recording.use import CallSite, Use
    from enforcer.reporter import Reporter, Schedule
    from enforcer.rules.model import MigrationMap
    from enforcer.store.delivery import OpenStore
    from enforcer.store.tallies import Known
    from enforcer.store.waiting import Patience
    from enforcer.telemetry.emitter import Emitter

MAP_KEY = "ENFORCER_MAP"
ENDPOINT_KEYS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
INTERVAL_KEY = "ENFORCER_FLUSH_INTERVAL"
DEFAULT_INTERVAL = 5.0

_active: "Enforcement | None" = None
_guard: "Guard | None" = None
_asked_environment = False
_fork_hooks = False


def enable(
    migration_map: "MigrationMap | str",
    *,
    store: bool = True,
    baseline: "Container[CallSite] | None" = None,
) -> None:
    """Begin to alias and to watch, in this process and in children that it forks.

    Enabling twice with the same map is once.

    Args:
        migration_map: a map, or the path of its file.
        store: whether uses are kept in the map's store; if not, :func:`collect` gives them.
        baseline: the call sites that strict rules tolerate; by default those of the map's
            baseline. Exemptions of the map hold in any case.

    Raises:
        BaselineError: if the map's baseline can't be read, and it says ``fail_open = false``.
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
    if baseline is None and not loaded.fail_open and loaded.baseline:
        from pathlib import Path  # who wants to hear of a broken baseline has it read at start

        from enforcer.baseline.reading import read_baseline

        baseline = read_baseline(Path(loaded.baseline))
    enforcement = Enforcement(loaded, baseline)
    is_late = _was_imported_before(loaded)
    if store:
        _start_reporting(enforcement)
    sys.meta_path.insert(0, enforcement.finder)
    _active = enforcement
    _hook_into_fork()
    if is_late:
        enforcement.begin(is_late=True)


def _was_imported_before(migration_map: "MigrationMap") -> bool:
    """Tell whether modules that the map speaks of are loaded already."""
    outline = migration_map.outline
    names = [name for name in sys.modules.copy() if isinstance(name, str)]
    loaded = [name for name in names if outline.speaks_of(name)]
    rules = ((name, migration_map.match(name)) for name in sorted(loaded))
    late = [name for name, rule in rules if rule is not None and rule.stage in (STRICT, REMOVED)]
    if late:
        paths = ", ".join(f'"{name}"' for name in late)
        message = (
            f"{paths} had been imported before the enforcer was enabled, and its stage "
            "refuses imports. Enable the enforcer earlier (late-enabling)"
        )
        raise LateEnablingError(message)
    return bool(loaded)


def disable() -> None:
    """Stop watching, keep what was recorded, and leave nothing behind."""
    global _active, _guard  # noqa: PLW0603 - one enforcement per interpreter
    if _active is None:
        return
    ended, _active = _active, None
    ended.end()
    if ended.reporters:
        ended.reporters[0].stop()
    if _guard is not None:
        _guard.go()
        _guard = None


def active() -> Enforcement | None:
    """Give what is enabled in this process, or None."""
    return _active


def collect() -> "tuple[list[Use], int]":
    """Give the uses since the last call, and how many were lost.

    Where a store keeps the uses, the reporter collects too, and each use goes to one of them.
    """
    return _active.collect() if _active is not None else ([], 0)


def flush() -> None:
    """Write what was recorded so far to the store, and emit it, now."""
    if _active is None:
        return
    emitter_of(_active)
    for reporter in _active.reporters:
        if reporter.is_wanted:
            reporter.flush()


def release(canonical: str, key: object) -> bool:
    """Let go of an instance that ``[[instances]]`` keeps; tell whether there was one.

    The next call with this key makes another one, even if somebody still uses this one.

    Args:
        canonical: the class or factory as the map has it: ``package.module:Name``.
        key: the instance's key.

    """
    watch = _active.watch if _active is not None else None
    if watch is None or watch.delegation is None:
        return False
    return watch.delegation.release(canonical, key)


def notices() -> "list[Notice]":
    """Give what the map's owner should know of this process."""
    return _active.notices() if _active is not None else []


def enable_from_environment() -> None:
    """Enable by ``ENFORCER_MAP`` while the interpreter starts; never stop the program.

    The one exception is a map that says ``fail_open = false``.
    """
    global _asked_environment  # noqa: PLW0603 - two site folders ask twice
    path = os.environ.get(MAP_KEY, "").strip()
    if not path or _active is not None or _asked_environment or _is_own_command():
        return
    _asked_environment = True
    try:
        _keep_paths()
        enable(path)
    except Exception as error:  # noqa: BLE001 - the watched program comes first
        fails_open = getattr(error, "fail_open", True)
        _complain(error, path, fails_open=fails_open)
        if not fails_open:
            # The interpreter is still starting: an exception would be printed with a
            # traceback, by site.py or as a fatal error.
            os._exit(2)


def _keep_paths() -> None:
    """Make the paths in the environment hold for children with another working directory."""
    from enforcer.rules.loading import STORE_KEY

    for key in (MAP_KEY, STORE_KEY):
        path = os.environ.get(key, "").strip()
        if path:
            os.environ[key] = os.path.abspath(path)


def _complain(error: Exception, path: str, *, fails_open: bool = True) -> None:
    """Say on one line of standard error why the enforcer is not enabled."""
    happened = "not enabled" if fails_open else "stopped, as the map says fail_open = false"
    mistakes = getattr(error, "mistakes", ())
    if len(mistakes) > 1:
        happened += f'; {len(mistakes)} mistakes, see "enforcer check --map {path}"; the first'
    text = str(mistakes[0] if mistakes else error)
    if not isinstance(error, EnforcerError):
        text = f"{error!r} (not-foreseen)"
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    try:
        sys.stderr.write(f"enforcer: {happened}: {line}\n")
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - standard error is closed, so there is nobody to tell
        return


def _is_own_command() -> bool:
    """Tell whether this process is the enforcer's own command, which uses no legacy path."""
    command = sys.orig_argv[1:3]
    return command == ["-m", "enforcer"] or os.path.basename("".join(command[:1])) == "enforcer"


def _load(migration_map: "MigrationMap | str") -> "MigrationMap | None":
    if not isinstance(migration_map, str):
        return migration_map
    from enforcer.rules.loading import load_map

    try:
        return load_map(migration_map, cached=True)
    except EnforcerError as error:
        from enforcer.rules.mistakes import MapError

        if not isinstance(error, MapError) or not error.fail_open:
            raise
        _complain(error, migration_map)
        return None


def _start_reporting(enforcement: Enforcement) -> None:
    """Have what is recorded written to the store, and emitted where somebody asks for it."""
    if not _is_main_interpreter():
        if enforcement.map.store:
            # A thread that is left when a subinterpreter ends is a fatal error.
            reporter = _reporter(enforcement)
            enforcement.reporters = (reporter,)
            atexit.register(reporter.leave)
        return
    if enforcement.map.store:
        leader: Schedule = _reporter(enforcement)
        # The application may bring OpenTelemetry at any time.
        leader.on_beat = lambda: emitter_of(enforcement)
    else:
        leader = enforcement.take_emitter(_emitter(enforcement))
    enforcement.reporters = (leader,)
    enforcement.context = _context_of_use
    emitter_of(enforcement)

    def start() -> None:
        for reporter in enforcement.reporters:
            reporter.start()

    start()
    # A forked child has no thread before it has something to report.
    enforcement.on_new_site = start
    _guard_ends(enforcement, leader)


def _reporter(enforcement: Enforcement) -> "Reporter":
    from enforcer.recording.process import current
    from enforcer.reporter import Reporter

    migration_map = enforcement.map

    known: Known | None = None

    def open_store(patience: "Patience") -> "OpenStore":
        nonlocal known
        from enforcer.store.sqlite import Store
        from enforcer.store.tallies import Known

        known = known or Known()
        return Store(migration_map.store, patience, known)

    return Reporter(
        enforcement,
        current(migration_map),
        open_store,
        rules=migration_map,
        notices=enforcement.look_for_notices,
        interval=_interval(),
    )


def emitter_of(enforcement: Enforcement) -> "Emitter | None":
    """Give what emits, if anybody may ask for it by now; it is made then, and started.

    Never call it from inside an import. A process without OpenTelemetry loads nothing for it.
    """
    emitter = enforcement.emitter
    if emitter is None and enforcement.reporters and _may_be_emitted(enforcement.map):
        # The reporter's thread may meet another one here: all of it may be done twice.
        leader = enforcement.reporters[0]
        emitter = enforcement.take_emitter(_emitter(enforcement, leader.process))
        leader.lead(emitter)
        enforcement.reporters = (leader, emitter)
    if emitter is not None:
        emitter.start()
    return emitter


def _may_be_emitted(migration_map: "MigrationMap") -> bool:
    if migration_map.log != NO_LOG:
        return True
    return migration_map.telemetry and (
        "opentelemetry" in sys.modules or any(os.environ.get(key) for key in ENDPOINT_KEYS)
    )


def _emitter(enforcement: Enforcement, process: "Process | None" = None) -> "Emitter":
    from enforcer.recording.process import current
    from enforcer.telemetry.emitter import Emitter

    migration_map = enforcement.map
    if _may_be_emitted(migration_map) and _is_main_thread():
        # OpenTelemetry and structlog need both, and the emitter's thread may not be the first
        # to load them: threading takes that one for the main thread, and logging's hooks
        # around a fork fail if they come in the middle of one.
        import logging  # noqa: F401
        import threading  # noqa: F401 - see enforcer.background
    return Emitter(
        process or current(migration_map),
        migration_map,
        enforcement.totals,
        _interval(),
        note=enforcement.note,
    )


def _context_of_use() -> "Context | None":
    """Give the context that runs, if a span could be in it; cheap, and imports nothing."""
    if "opentelemetry.trace" in sys.modules and "_contextvars" in sys.modules:
        context: Context = sys.modules["_contextvars"].copy_context()
        return context
    return None


def _guard_ends(enforcement: Enforcement, leader: "Schedule") -> None:
    global _guard  # noqa: PLW0603 - one enforcement per interpreter
    from enforcer.leaving import Guard

    def before_end() -> None:
        # A program that is stopped while it starts has nothing to tell, and its main
        # thread may hold a lock of the import system that writing would need.
        if leader.has_begun or not enforcement.is_unused:
            leader.before_end()

    _guard = Guard(before_end, leader.after_end)
    _guard.stand(sigterm=enforcement.map.sigterm)


def _is_main_thread() -> bool:
    get_main = getattr(_thread, "_get_main_thread_ident", None)  # since 3.13
    if get_main is not None:
        return bool(get_main() == _thread.get_ident())
    return _thread.get_native_id() == os.getpid()


def _is_main_interpreter() -> bool:
    is_main = getattr(_thread, "_is_main_interpreter", None)  # since 3.13
    if is_main is not None:
        return bool(is_main())
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
    if _guard is not None:
        _guard.before_fork()
    for reporter in _active.reporters if _active is not None else ():
        reporter.before_fork()


def _after_fork_in_parent() -> None:
    for reporter in _active.reporters if _active is not None else ():
        reporter.after_fork_in_parent()
    if _guard is not None:
        _guard.after_fork(is_child=False)


def _after_fork_in_child() -> None:
    if _active is not None:
        _active.forget()
        if _active.reporters:
            from enforcer.recording.process import current

            process = current(_active.map, parent=_active.reporters[0].process.id)
            for reporter in _active.reporters:
                reporter.after_fork(process)
    if _guard is not None:
        _guard.after_fork(is_child=True)
