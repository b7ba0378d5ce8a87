"""Set up reporting: to the store, and by telemetry if it is asked for.

Two threads report, and neither waits for the other: ``enforcer.runtime.process.schedule`` writes
to the store and leads, ``enforcer.runtime.telemetry.emitter`` emits. A process in which nothing
asks for telemetry loads no part of it.
"""

import _signal  # type: ignore[import-not-found]  # "signal" would load enum
import _thread
import os
import sys

from enforcer.recording import unseen_forks
from enforcer.recording.safe_mode import switched_off
from enforcer.rules.environment import INTERVAL_KEY, number
from enforcer.rules.model import NO_LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from enforcer.recording.process import Process
    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.process.enforcement import Enforcement
    from enforcer.runtime.process.exits import Guard
    from enforcer.runtime.process.flush import Quiet
    from enforcer.runtime.process.schedule import Reporter, Schedule
    from enforcer.runtime.telemetry.emitter import Emitter
    from enforcer.store.delivery import OpenStore
    from enforcer.store.sqlite.busy import Patience
    from enforcer.store.sqlite.tallies import Known

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
"""The exceptions that a delivery raises because of a bug in it."""

_WRITER = (
    "enforcer.recording.backlog",
    "enforcer.runtime.imports.interference",
    "enforcer.store.delivery",
    "enforcer.store.sqlite.writer",
    "enforcer.store.sqlite.tallies",
)

ENDPOINT_KEYS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)


def start_reporting(enforcement: "Enforcement", *, emits: bool = True) -> "Guard | None":
    """Report what is recorded from now on; return the guard before the ends of the process.

    Args:
        enforcement: the enforcement in force.
        emits: whether telemetry is emitted too, if it is asked for.

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
    # A forked child has no thread until it has something to report.
    enforcement.tell(start)
    return _stand_guard(enforcement, leader)


def _report_from_subinterpreter(enforcement: "Enforcement") -> None:
    """Report at the end of a subinterpreter, and before if mod_wsgi announces that end.

    A thread that is left when a subinterpreter ends is a fatal error.
    """
    reporter = _reporter(enforcement)
    enforcement.reporters = (reporter,)
    reporter.on_beat = lambda: _look(enforcement, reporter, emits=False)
    reporter.end_with_interpreter()
    is_told = False

    def start() -> None:
        nonlocal is_told
        from enforcer.runtime.process.embedding import before_interpreter_ends

        # The module mod_wsgi is created after Python is initialised.
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
    """Check after each delivery whether the process has to go into safe mode."""
    error = leader.last_error
    if isinstance(error, _MISTAKES):  # a locked store, a full disk or a network raises others
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
    """Load the modules of the reporter's thread, before the program runs or while it imports.

    Code that iterates over ``sys.modules`` raises RuntimeError if another thread adds a module
    meanwhile. A program has to expect that while it imports, and at no other time.
    """
    try:
        for name in _WRITER:
            __import__(name)
    except Exception:  # noqa: BLE001 - the thread will get the same error, and report it
        return


def _reporter(enforcement: "Enforcement") -> "Reporter":
    from enforcer.recording.process import current
    from enforcer.runtime.process.schedule import Reporter

    migration_map = enforcement.map
    interval = _interval()
    known: Known | None = None

    def open_store(patience: "Patience") -> "OpenStore":
        nonlocal known
        from enforcer.store.sqlite.tallies import Known
        from enforcer.store.sqlite.writer import Store

        known = known or Known()
        return Store(migration_map.store, patience, known)

    reporter = Reporter(
        enforcement,
        current(migration_map),
        open_store,
        rules=migration_map,
        store=migration_map.store,
        notices=enforcement.look_for_notices,
        interval=interval,
        make_quiet=_quiet(enforcement, interval),
    )
    _start_late_where_embedded(reporter)
    return reporter


def _start_late_where_embedded(schedule: "Schedule") -> None:
    if unseen_forks.is_embedded():
        from enforcer.runtime.process.embedding import may_have_thread

        schedule.may_have_thread = may_have_thread


def _quiet(
    enforcement: "Enforcement", interval: float
) -> "Callable[[Process, float], Quiet | None]":
    """Return a function that creates the delivery by notes; it returns None if none can be left."""
    from enforcer.recording.notes import may_leave_notes

    migration_map = enforcement.map
    may_leave = False

    def make(process: "Process", brief_until: float) -> "Quiet | None":
        nonlocal may_leave
        may_leave = may_leave or may_leave_notes(migration_map.store, migration_map.identity)
        if not may_leave:
            return None
        # Imported here because the thread of a quiet process must load nothing.
        import enforcer.runtime.imports.interference  # noqa: F401
        from enforcer.recording.quiet_delivery import QuietDelivery

        return QuietDelivery(
            process,
            migration_map,
            interval,
            is_quiet=lambda: enforcement.is_unused and not _may_send_for_others(enforcement),
            notices=enforcement.look_for_notices,
            brief_until=brief_until,
        )

    return make


def emitter_of(enforcement: "Enforcement") -> "Emitter | None":
    """Return the emitter, if telemetry may be asked for by now; create and start it first.

    Never call it from inside an import. A process without OpenTelemetry loads nothing for it.
    """
    emitter = enforcement.emitter
    if emitter is None and enforcement.reporters and _may_be_emitted(enforcement.map):
        # The reporter's thread and another one may both get here; each step may be repeated.
        leader = enforcement.reporters[0]
        emitter = enforcement.take_emitter(_emitter(enforcement, leader.process))
        leader.lead(emitter)
        enforcement.reporters = (leader, emitter)
        _share_ledger(leader, emitter)
    if emitter is not None:
        emitter.start()
    return emitter


def _may_send_for_others(enforcement: "Enforcement") -> bool:
    """Return whether this process can send what others left, which its reporter has to look for."""
    emitter = enforcement.emitter
    return emitter is not None and emitter.ledger.wants_remainder


def _share_ledger(leader: "Schedule", emitter: "Emitter") -> None:
    """Make the reporter record the emitter's ledger in the store."""
    from enforcer.runtime.process.schedule import Reporter

    if isinstance(leader, Reporter):
        leader.ledger = lambda: emitter.ledger
        emitter.flush_store = leader.flush


def _may_be_emitted(migration_map: "MigrationMap") -> bool:
    if migration_map.log != NO_LOG:
        return True
    return migration_map.telemetry and (
        "opentelemetry" in sys.modules or any(os.environ.get(key) for key in ENDPOINT_KEYS)
    )


def _emitter(enforcement: "Enforcement", process: "Process | None" = None) -> "Emitter":
    from enforcer.recording.process import current
    from enforcer.runtime.telemetry.emitter import Emitter

    migration_map = enforcement.map
    if _may_be_emitted(migration_map) and _is_main_thread():
        # OpenTelemetry and structlog import these, and the emitter's thread must not be the first
        # to do so: up to 3.12 threading takes the importing thread for the main thread, and the
        # others register fork hooks, of which the second half fails if they are registered in
        # the middle of a fork.
        import concurrent.futures.thread  # noqa: F401
        import logging  # noqa: F401
        import threading  # noqa: F401 - see enforcer.runtime.process.thread
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
    """Return whether the last write to the store failed."""
    leader = next(iter(enforcement.reporters), None)
    if leader is None or not enforcement.map.store:
        return False
    return leader.last_error is not None


def _keep_contexts(enforcement: "Enforcement") -> None:
    if enforcement.map.log != NO_LOG:
        # A log line has the variables that the application bound to the use's context.
        enforcement.keep_contexts(_context)
    elif enforcement.map.telemetry:
        enforcement.keep_contexts(_context_in_trace)


def _context_in_trace() -> "Context | None":
    """Return the current context if it may have a span; cheap, and imports nothing."""
    trace = sys.modules.get("opentelemetry.trace")
    has_provider = getattr(trace, "_TRACER_PROVIDER", None) is not None
    return _context() if has_provider else None


def _context() -> "Context | None":
    """Return a copy of the current context, if the program uses contexts at all."""
    contexts = sys.modules.get("_contextvars")
    return contexts.copy_context() if contexts is not None else None


def _stand_guard(enforcement: "Enforcement", leader: "Schedule") -> "Guard":
    from enforcer.runtime.process.exits import Guard

    def before_end() -> None:
        # A program that is stopped while it starts has nothing to report, and its main thread
        # may own a lock of the import system that writing would need.
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
        # There is no signal 0, but signal() checks for the main interpreter before it checks the
        # number (signal_signal_impl, Modules/signalmodule.c of 3.11 and 3.12). The modules about
        # interpreters would be much to load.
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
