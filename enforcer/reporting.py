"""Have what is recorded reported: written to the store, and emitted where somebody asks for it.

Two threads see to that, and neither waits for the other: ``enforcer.reporter`` has the one for the
store, which leads, ``enforcer.telemetry.emitter`` the other one. Nothing of telemetry is loaded
in a process where nobody asks for it.
"""

import _signal  # type: ignore[import-not-found]  # "signal" would load enum
import _thread
import os
import sys

from enforcer.recording import unseen_forks
from enforcer.recording.safe_mode import switched_off
from enforcer.rules.model import NO_LOG
from enforcer.rules.variables import INTERVAL_KEY, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from enforcer.enforcement import Enforcement
    from enforcer.flushing import Quiet
    from enforcer.leaving import Guard
    from enforcer.recording.process import Process
    from enforcer.reporter import Reporter, Schedule
    from enforcer.rules.model import MigrationMap
    from enforcer.store.delivery import OpenStore
    from enforcer.store.tallies import Known
    from enforcer.store.waiting import Patience
    from enforcer.telemetry.emitter import Emitter

DEFAULT_INTERVAL = 5.0

_MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)
"""What a delivery raises by a mistake in it."""

_WRITER = (
    "enforcer.imports.interference",
    "enforcer.store.delivery",
    "enforcer.store.sqlite",
    "enforcer.store.tallies",
)

ENDPOINT_KEYS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)


def start_reporting(enforcement: "Enforcement", *, emits: bool = True) -> "Guard | None":
    """Report what is recorded from now on; give what stands before the ends of the process.

    Args:
        enforcement: what is enabled.
        emits: whether telemetry is emitted too, where somebody asks for it.

    """
    if not _is_main_interpreter():
        if enforcement.map.store:
            _report_from_subinterpreter(enforcement)
        return None
    leader = _leader(enforcement, emits=emits)
    if leader is None:
        return None
    enforcement.reporters = (leader,)
    leader.on_beat = lambda: _look(enforcement, leader, emits=emits)
    if emits:
        _keep_contexts(enforcement)
        emitter_of(enforcement)

    def start() -> None:
        for reporter in enforcement.reporters:
            reporter.start()

    start()
    # A forked child has no thread before it has something to report.
    enforcement.tell(start)
    return _stand_guard(enforcement, leader)


def _report_from_subinterpreter(enforcement: "Enforcement") -> None:
    """Report at the end of a subinterpreter, and before if mod_wsgi tells when that is.

    A thread that is left when a subinterpreter ends is a fatal error.
    """
    reporter = _reporter(enforcement)
    enforcement.reporters = (reporter,)
    reporter.on_beat = lambda: _look(enforcement, reporter, emits=False)
    reporter.end_with_interpreter()
    is_told = False

    def start() -> None:
        nonlocal is_told
        from enforcer.embedding import before_interpreter_ends

        # The module mod_wsgi comes after Python is initialised.
        is_told = is_told or before_interpreter_ends(reporter.leave)
        if is_told:
            reporter.start()
        else:
            reporter.announce()

    enforcement.tell(start)


def _leader(enforcement: "Enforcement", *, emits: bool) -> "Schedule | None":
    if not enforcement.map.store:
        return enforcement.take_emitter(_emitter(enforcement)) if emits else None
    leader = _reporter(enforcement)
    if leader.is_quiet:
        enforcement.load_reporting = _load_writer
    else:
        _load_writer()
    return leader


def _look(enforcement: "Enforcement", leader: "Schedule", *, emits: bool) -> None:
    """Look, after each delivery, whether the process is to go on as it does."""
    error = leader.last_error
    if isinstance(error, _MISTAKES):  # not what a locked store, a full disk or a network raises
        enforcement.failed(error)
    if enforcement.safe_mode is None:
        mode = switched_off(enforcement.map.path)
        if mode is not None:
            enforcement.calm(mode)
    if enforcement.safe_mode is not None:
        leader.wind_up()
    elif emits:
        emitter_of(enforcement)  # the application may bring OpenTelemetry at any time


def _load_writer() -> None:
    """Load what the reporter's thread needs, before the program runs or while it imports.

    Code that walks ``sys.modules`` in another thread fails if a module comes in just then. It
    has to expect that while the program imports, and at no other time.
    """
    try:
        for name in _WRITER:
            __import__(name)
    except Exception:  # noqa: BLE001 - the thread will meet the same, and say it
        return


def _reporter(enforcement: "Enforcement") -> "Reporter":
    from enforcer.recording.process import current
    from enforcer.reporter import Reporter

    migration_map = enforcement.map
    interval = _interval()
    known: Known | None = None

    def open_store(patience: "Patience") -> "OpenStore":
        nonlocal known
        from enforcer.store.sqlite import Store
        from enforcer.store.tallies import Known

        known = known or Known()
        return Store(migration_map.store, patience, known)

    reporter = Reporter(
        enforcement,
        current(migration_map),
        open_store,
        rules=migration_map,
        notices=enforcement.look_for_notices,
        interval=interval,
        make_quiet=_quiet(enforcement, interval),
    )
    _start_late_where_embedded(reporter)
    return reporter


def _start_late_where_embedded(schedule: "Schedule") -> None:
    if unseen_forks.is_embedded():
        from enforcer.embedding import may_have_thread

        schedule.may_have_thread = may_have_thread


def _quiet(
    enforcement: "Enforcement", interval: float
) -> "Callable[[Process, float], Quiet | None]":
    """Return what makes a note do for a process that uses nothing; it gives None if none would."""
    from enforcer.recording.notes import may_leave_notes

    migration_map = enforcement.map
    may_leave = False

    def make(process: "Process", brief_until: float) -> "Quiet | None":
        nonlocal may_leave
        may_leave = may_leave or may_leave_notes(migration_map.store, migration_map.identity)
        if not may_leave:
            return None
        # They are in the thread's way where they are not loaded yet: it loads nothing.
        import enforcer.imports.interference  # noqa: F401
        from enforcer.recording.quiet import QuietDelivery

        return QuietDelivery(
            process,
            migration_map,
            interval,
            is_quiet=lambda: enforcement.is_unused,
            notices=enforcement.look_for_notices,
            brief_until=brief_until,
        )

    return make


def emitter_of(enforcement: "Enforcement") -> "Emitter | None":
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


def _emitter(enforcement: "Enforcement", process: "Process | None" = None) -> "Emitter":
    from enforcer.recording.process import current
    from enforcer.telemetry.emitter import Emitter

    migration_map = enforcement.map
    if _may_be_emitted(migration_map) and _is_main_thread():
        # OpenTelemetry and structlog need both, and the emitter's thread may not be the first
        # to load them: threading takes that one for the main thread, and logging's hooks
        # around a fork fail if they come in the middle of one.
        import logging  # noqa: F401
        import threading  # noqa: F401 - see enforcer.background
    emitter = Emitter(
        process or current(migration_map),
        migration_map,
        enforcement.totals,
        _interval(),
        note=enforcement.note,
        notices=enforcement.look_for_notices,
        is_unwritten=lambda: _is_unwritten(enforcement),
    )
    _start_late_where_embedded(emitter)
    return emitter


def _is_unwritten(enforcement: "Enforcement") -> bool:
    """Return whether the store could not be written the last time."""
    leader = next(iter(enforcement.reporters), None)
    if leader is None or not enforcement.map.store:
        return False
    return leader.last_error is not None


def _keep_contexts(enforcement: "Enforcement") -> None:
    if enforcement.map.log != NO_LOG:
        # A line shows what the application bound to the context of the use.
        enforcement.keep_contexts(_context)
    elif enforcement.map.telemetry:
        enforcement.keep_contexts(_context_in_trace)


def _context_in_trace() -> "Context | None":
    """Give the context that runs, if a span could be in it; cheap, and imports nothing."""
    trace = sys.modules.get("opentelemetry.trace")
    has_provider = getattr(trace, "_TRACER_PROVIDER", None) is not None
    return _context() if has_provider else None


def _context() -> "Context | None":
    """Give the context that runs, if the program has anything to do with contexts."""
    contexts = sys.modules.get("_contextvars")
    return contexts.copy_context() if contexts is not None else None


def _stand_guard(enforcement: "Enforcement", leader: "Schedule") -> "Guard":
    from enforcer.leaving import Guard

    def before_end() -> None:
        # A program that is stopped while it starts has nothing to tell, and its main
        # thread may hold a lock of the import system that writing would need.
        if leader.has_begun or not enforcement.is_unused:
            leader.before_end()

    guard = Guard(before_end, leader.after_end)
    guard.stand(sigterm=enforcement.map.sigterm)
    return guard


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
        # There is no signal 0, but the interpreter is looked at first (signal_signal_impl,
        # Modules/signalmodule.c of 3.11 and 3.12). What knows interpreters is much to load.
        _signal.signal(0, _signal.SIG_DFL)
    except ValueError as error:
        if "out of range" in str(error):
            return True
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:  # a build without them
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


def _interval() -> float:
    return max(0.05, number(INTERVAL_KEY, DEFAULT_INTERVAL))
