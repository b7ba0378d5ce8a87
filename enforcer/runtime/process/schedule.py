"""Deliver what was recorded: regularly in a thread of its own, around forks, and at exits.

This module decides when: on an interval with jitter, on request, around a fork, and at exit. What
is delivered, and what happens if that fails, is decided by the deliverer that a :class:`Schedule`
creates in its thread for its first delivery; a :class:`Reporter` uses ``enforcer.store.delivery``.

No thread of the program waits for a delivery unless it asks for one. A fork waits for the current
step of a delivery, so that no lock is copied while it is locked; the delivery aborts as soon as it
can. An exit waits for one second at most, however many schedules there are;
``ENFORCER_EXIT_TIMEOUT`` sets another limit.
"""

import atexit
import os
import sys
from _thread import TIMEOUT_MAX, allocate_lock, get_ident
from time import monotonic, sleep

from enforcer.errors import EnforcerError
from enforcer.recording import unseen_forks
from enforcer.rules.environment import EXIT_TIMEOUT_KEY, number
from enforcer.runtime.process.flush import FORK_PATIENCE, Flushing
from enforcer.runtime.process.thread import (
    COUNTS_THREADS_LATE,
    RACES_FOR_COLLECTIONS,
    Collections,
    Guest,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from enforcer.recording.backlog import Backlog, Collector, Estate
    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.rules.model import Rule
    from enforcer.runtime.process.flush import Deliverer, Quiet
    from enforcer.store.delivery import Ledger, OpenStore
    from enforcer.store.sqlite.busy import Patience

INTERVAL = 5.0
"""How often to deliver, in seconds."""

FLUSH_PATIENCE = 5.0
EXIT_PATIENCE = 1.0

# The shares of the time for delivering and for waiting for that; the rest is for marking what is
# lost on disk, which the thread does itself, or the one that waits for it in vain.
_TO_DELIVER = 0.8
_TO_WAIT = 0.95

_TO_SEND = 0.7
"""The share of the time of an exit that a collector has; then the connection is cut."""

# As in enforcer.store.sqlite.schema, whose import would load SQLite.
EXIT = "exit"
_DISABLED = "disabled"


# A share of the interval.
_SOON = 0.05

_PAUSE = 0.002
_CUT_PATIENCE = 0.05


def _always() -> bool:
    return True


def _never(*_: object) -> None:
    return None


class Schedule:
    """Delivers what was recorded, repeatedly until the process ends.

    Attributes:
        process: the process that it reports as.
        may_have_thread: returns whether a thread is harmless here; called each time before one is
            started.
        on_beat: called without arguments after each delivery that was due, in the thread, and
            before the last.
        on_wound_up: called without arguments when everything was written after :meth:`wind_up`.
        spent: how much of the time limit of an exit is used up already, in seconds.

    """

    def __init__(self, process: "Process", interval: float = INTERVAL) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            process: the process to report as.
            interval: how often to deliver, in seconds.

        """
        self.may_have_thread: Callable[[], bool] = _always
        self.on_beat: Callable[[], object] = int
        self.on_wound_up: Callable[[], object] = int
        self._followers: tuple[Schedule, ...] = ()
        self._interval = min(max(interval, 0.01), TIMEOUT_MAX)
        self._exit_timeout = exit_timeout()
        self._is_stopped = False
        self._is_winding_up = False
        self._is_registered = False
        self._collections = Collections(self._has_come_to_stay)
        self._met_in = 0
        self._reset(process, brief_until=0.0)

    def _make_delivery(self) -> "Deliverer":
        """Create the deliverer; called in the thread, once for each process."""
        raise NotImplementedError

    def _make_quiet(self) -> "Quiet | None":
        """Create what delivers while there is little to report; None if there is no such thing."""
        return None

    @property
    def is_quiet(self) -> bool:
        """Whether its thread loads no modules until there is much to deliver."""
        return False

    @property
    def is_wanted(self) -> bool:
        """Whether there is, or may be, a receiver to deliver to; cheap."""
        return True

    def _make_flushing(self) -> Flushing:
        return Flushing(self._make_delivery, self._make_quiet())

    def cut(self) -> None:
        """Abort calls that may never return, such as network requests; callable from any thread."""

    def _settle(self) -> None:
        """Wait, in the thread and at the end, until the results of the last write are recorded."""

    def _reset(self, process: "Process", brief_until: float) -> None:
        self.process = process
        self._brief_until = brief_until
        self._due = monotonic() + self._interval * jitter(0.2)
        self._thread: Guest | None = None
        self._last: Guest | None = None
        self._starting = allocate_lock()
        self._flushing = self._make_flushing()
        self._forking = 0
        self._is_resuming = False
        self._send_until = 0.0
        self._has_lived = False
        self._has_left = False
        self._is_flushed = False
        self._ending = EXIT
        self.spent = 0.0

    def lead(self, follower: "Schedule") -> None:
        """Make another schedule of this process end with this one, within the same time limit."""
        if follower not in self._followers:
            self._followers += (follower,)
        follower._is_registered = True  # noqa: SLF001 - it leaves exit to its leader

    @property
    def has_begun(self) -> bool:
        """Whether a write was tried so far."""
        return self._flushing.has_begun

    @property
    def last_error(self) -> Exception | None:
        """The error of the last write, or None if it succeeded."""
        return self._flushing.last_error

    def start(self) -> None:
        """Start the thread unless it runs, and register the flush at exit.

        Cheap if there is nothing to do. A forked child has no thread until this is called at its
        first use, or until a garbage collection shows that it has come to stay. While no thread may
        run, garbage collections call this again.
        """
        if self._thread is not None or self._is_stopped or not self.is_wanted:
            return
        if not self._starting.acquire(blocking=False):
            return
        try:
            is_first, self._has_lived = not self._has_lived, True
            if not self.may_have_thread():
                self._collections.begin()
            elif self._thread is None:
                thread = self._launch()
                if thread is not None and is_first:
                    thread.settle()
            if not self._is_registered:
                self._is_registered = True
                # atexit runs callbacks in reverse order of registration. This one is registered
                # when the enforcer is enabled, so it runs after the program's own callbacks and
                # writes their uses too.
                atexit.register(self._exit)
        finally:
            self._starting.release()

    def flush(self, timeout: float = FLUSH_PATIENCE) -> bool:
        """Write everything now; return whether the store has it all.

        Never call it from inside an import.

        Args:
            timeout: how long to wait for a flush in progress, and for the store, in seconds.

        """
        unseen_forks.notice()
        return self._flushing.flush(timeout)

    def stop(self, timeout: float | None = None) -> None:
        """Write everything a last time and end the thread, for good.

        Args:
            timeout: how long to wait for that, in seconds; None for the time limit of an exit.

        """
        threads = [each._thread for each in (self, *self._followers)]  # noqa: SLF001 - one of us
        if self._retire_all():
            self._finish(self._exit_timeout if timeout is None else timeout, _DISABLED)
        for thread in threads:
            if thread is not None:
                thread.wait_until_gone()  # else Python 3.12+ warns when the program forks next

    def wind_up(self) -> None:
        """Start the last write and end the threads, for good, without waiting.

        It may be called in such a thread. An exit waits for what is not written by then.
        """
        if self._is_stopped:
            return
        for each in (self, *self._followers):
            each._is_stopped = each._is_winding_up = True  # noqa: SLF001 - one of us
            if not each.is_wanted:
                continue
            if each._thread is None and not each.may_have_thread():  # noqa: SLF001
                each._flushing.flush_last(each._exit_timeout, _DISABLED)  # noqa: SLF001
                each.on_wound_up()
            else:
                each.ask_to_finish(each._exit_timeout, _DISABLED)  # noqa: SLF001

    def end_with_interpreter(self) -> None:
        """Call :meth:`leave` at the end of a subinterpreter; register it once."""
        self._is_registered = True
        atexit.register(self.leave)

    def leave(self) -> None:
        """Write everything a last time in this thread and end ours, before an interpreter ends."""
        unseen_forks.notice()
        self._is_stopped = True
        thread, self._thread = self._thread or self._last, None
        if thread is not None:
            # A thread that is left when a subinterpreter ends is a fatal error
            # (Py_EndInterpreter), so this waits without a limit.
            thread.end(TIMEOUT_MAX, is_last=thread.is_last)
            thread.wait_until_gone(TIMEOUT_MAX)
        if self._is_winding_up:
            return
        self._flushing.flush_last(self._exit_timeout, EXIT)
        complain(self._flushing.loss())

    # Around an end that bypasses atexit; see enforcer.runtime.process.exits.

    def before_end(self) -> None:
        """Write everything, as at exit; do nothing if no use was recorded yet."""
        is_unseen_child = unseen_forks.notice()
        last = self._last
        if last is not None:
            # The last write is in progress: this is a signal handler, or another thread.
            if not last.ends_for(self._exit_timeout * _TO_WAIT):
                complain(self.loss(self._exit_timeout, is_in_time=False))
        elif (self._has_lived or is_unseen_child) and not (self._has_left or self._is_stopped):
            self._has_left = True
            self._finish_quietly()

    def after_end(self) -> None:
        """Continue if the process did not end."""
        if self._has_left:
            self._has_left = False
            for each in (self, *self._followers):
                each.start()

    # Around a fork.

    def inherit(self) -> None:
        """Adopt what the parent has not delivered, in a child at once after its fork."""

    def before_fork(self) -> None:
        """End the thread and prevent other flushes until the fork is done."""
        if not self._flushing.hold_off():
            return
        self._forking = get_ident()
        thread = self._thread
        if thread is not None and not self._is_stopped:
            self._thread = None
            self._is_resuming = True
            if thread.end(FORK_PATIENCE):
                thread.wait_until_gone()

    def after_fork_in_parent(self) -> None:
        """Continue as before the fork."""
        if self._forking != get_ident():
            return  # before_fork() gave up, or another thread forks
        self._forking = 0
        self._flushing.resume()
        if self._is_resuming:
            self._is_resuming = False
            if COUNTS_THREADS_LATE:
                # Python would count a thread started in this hook, and warn about the fork.
                self._brief_until = 0.0
                self._collections.begin()
            else:
                self.start()

    def after_fork(self, process: "Process") -> None:
        """Reset the schedule in a forked child; its thread starts at its first use.

        A child that has come to stay gets a thread too: a garbage collection starts it.

        Args:
            process: the process to report as.

        """
        self._reset(process, brief_until=monotonic() + self._interval)
        self._collections.begin()

    # The thread.

    def _launch(self) -> Guest | None:
        thread = Guest()
        if RACES_FOR_COLLECTIONS and not self.is_quiet:
            import collections.abc  # noqa: F401 - see RACES_FOR_COLLECTIONS
        try:
            thread.start(self._run)
        except RuntimeError as error:
            self._flushing.last_error = error
        else:
            self._thread = thread
        return self._thread

    def _run(self, thread: Guest) -> None:
        # A thread lives from fork to fork. self._due outlives it, so a program that forks more
        # often than the interval reports too.
        while thread.rests(self._due - monotonic()):
            self._deliver()
        if thread.is_last:
            self._is_flushed = self._flushing.flush_last(self._exit_timeout, self._ending)
            self._settle()
            if self._is_winding_up:
                complain(self._flushing.loss())
                self.on_wound_up()

    def _deliver(self) -> None:
        if self._flushing.flush_unless_busy(FLUSH_PATIENCE):
            self._due = monotonic() + self._interval * jitter(0.8)
            self.on_beat()

    def deliver_if_due(self) -> None:
        """Deliver in the calling thread if it is due and there can be no thread of ours."""
        if self._thread is None and monotonic() >= self._due:
            self._deliver()

    def _has_come_to_stay(self) -> bool:
        if unseen_forks.is_due() and self._met_in != os.getpid():
            # The hook of a server may be called only now, and it knows which uses are the parent's.
            self._met_in = os.getpid()
            self._brief_until = monotonic() + self._interval
        if monotonic() < self._brief_until:
            return False
        unseen_forks.notice()
        self.start()
        return self.may_have_thread()

    # The end.

    def _exit(self) -> None:
        if self._is_winding_up:
            for each in (self, *self._followers):
                last = each._last  # noqa: SLF001 - one of us
                if last is not None and not last.ends_for(self._exit_timeout * _TO_WAIT):
                    complain(each.loss(self._exit_timeout, is_in_time=False))
        elif self._retire_all():
            self._finish_quietly()

    def _retire_all(self) -> bool:
        if self._is_stopped:
            return False
        unseen_forks.notice()
        for each in (self, *self._followers):
            each.retire()
        return True

    def retire(self) -> None:
        """Start no more threads, and unregister from exit; what runs goes on."""
        self._is_stopped = True
        atexit.unregister(self._exit)

    def _finish_quietly(self) -> None:
        try:
            self._finish(self._exit_timeout, EXIT)
        except BaseException:  # noqa: BLE001 - raised by a signal handler of the program, at its end
            self._give_up()

    def _give_up(self) -> None:
        """Mark what is lost, where a second Ctrl-C ends the waiting."""
        try:
            for each in (self, *self._followers):
                each.loss(0.0, is_in_time=False)
        except BaseException:  # noqa: BLE001 - a third one
            return

    def _finish(self, timeout: float, ending: str) -> None:
        self.on_beat()
        everybody = [each for each in (self, *self._followers) if each.is_wanted]
        until = monotonic() + timeout * _TO_WAIT - sum(each.spent for each in everybody)
        for each in reversed(everybody):  # the leader waits for those that follow it
            each.ask_to_finish(timeout, ending)
        for each in everybody:
            is_in_time = each.has_finished(max(until - monotonic(), 0))
            complain(each.loss(timeout, is_in_time=is_in_time))

    def ask_to_finish(self, timeout: float, ending: str) -> None:
        """Begin the last delivery; called by the leader of several schedules.

        Args:
            timeout: how long it may take, in seconds.
            ending: how the process ends.

        """
        self._ending = ending
        self._send_until = monotonic() + timeout * _TO_SEND
        self._flushing.end_by(monotonic() + timeout * _TO_DELIVER)
        # From 3.12 on no thread can be started at exit: interp->finalizing is set before atexit
        # runs its callbacks (Python/pylifecycle.c). Then _launch() returns None, and has_finished()
        # delivers in this thread.
        self._last = self._thread or self._launch()
        self._thread = None
        if self._last is not None:
            self._last.ask_to_end(is_last=True)

    def has_finished(self, seconds: float) -> bool:
        """Wait for the end of the last delivery; return whether it came within some seconds."""
        last = self._last
        if last is None:
            is_in_time = self._flushing.flush_last(seconds, self._ending)
        else:
            # Not whether the thread is gone: it waits for the emitter after that.
            last.end(seconds, is_last=True)
            is_in_time = self._is_flushed
        self._last = None
        self._flushing.end_by()
        return is_in_time

    def loss(self, timeout: float, *, is_in_time: bool) -> str:
        """Return what is lost as the process ends now; empty if nothing is.

        Args:
            timeout: how long an exit waited, in seconds.
            is_in_time: whether that was enough.

        """
        if is_in_time:
            return self._flushing.loss()
        return (
            f"the last uses were not written within {timeout:g} s. Set {EXIT_TIMEOUT_KEY} to more "
            "seconds if exits may take longer (report-timed-out)"
        )


class Reporter(Schedule):
    """Collects the differences of a recorder and writes them to a store.

    Attributes:
        ledger: returns the ledger of telemetry; None where the process emits none.

    """

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        recorder: "Collector",
        process: "Process",
        open_store: "Callable[[Patience], OpenStore]",
        rules: "Iterable[Rule]" = (),
        interval: float = INTERVAL,
        *,
        store: str = "",
        notices: "Callable[[], Sequence[Notice]]" = tuple,
        make_quiet: "Callable[[Process, float], Quiet | None]" = _never,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            recorder: the recorder to collect from.
            process: the process to report as.
            open_store: opens the store for one visit; called in the reporter's thread.
            rules: the rules that are watched; the first write adds them to the store.
            interval: how often to write, in seconds.
            store: the store's file, beside which losses are marked; empty if there is none.
            notices: returns all notices of this process so far; called before each write.
            make_quiet: creates what delivers while a process uses nothing, from the process and
                the time from which on it leaves a trace; returns None if the store is written at
                once.

        """
        self.ledger: Callable[[], Ledger | None] = _never
        self._inherited: tuple[Process, Backlog, Estate] | None = None
        self._recorder = recorder
        self._store = store
        self._open_store = open_store
        self._rules = rules
        self._notices = notices
        self._quiet_by = make_quiet
        self._quiet: Quiet | None = None
        super().__init__(process, interval)
        if self._quiet is None:
            # Written soon, because children can write notes only beside a store that exists.
            self._due = monotonic() + self._interval * _SOON * jitter(0.2)

    def _reset(self, process: "Process", brief_until: float) -> None:
        self._backlogs: dict[str, Backlog] = {}
        super()._reset(process, brief_until)

    @property
    def is_quiet(self) -> bool:
        """Whether it loads no modules, and writes into no store, before there is a use."""
        return self._quiet is not None

    def _make_quiet(self) -> "Quiet | None":
        self._quiet = self._quiet_by(self.process, self._brief_until)
        self._is_announced = False
        return self._quiet if self._inherited is None else None

    def start(self) -> None:
        """Start the thread, and announce the process at its first use."""
        if self.announce() and self._brief_until:
            # A forked child may not live for long, so its first write comes soon.
            self._due = min(self._due, monotonic() + self._interval * _SOON * jitter(0.2))
        super().start()

    def announce(self) -> bool:
        """Write a note at the first use; return whether it was written just now.

        Workers of multiprocessing are killed when their tasks are done, some milliseconds after
        their last use, and embedded interpreters may end without any hook. The note costs a small
        file, on the importing thread, once.
        """
        if self._is_announced or self.has_begun:
            return False
        if self._quiet is None:
            self._make_quiet()  # there may be a store by now
        self._is_announced = self._quiet is not None and self._quiet.announce()
        return self._is_announced

    def inherit(self) -> None:
        """Adopt what the parent has not written, in a child at once after its fork.

        The master of a server may run no Python code until it ends. So its children write its uses,
        in its name and under its batch number; the store counts the batch once, whichever child is
        first.
        """
        from enforcer.recording.backlog import Backlog, Estate

        uses, lost = self._recorder.collect()
        is_first_batch = not self.has_begun  # else the parent has a thread that flushes
        inherited = (self.process, Backlog(), Estate(uses, lost))
        self._inherited = inherited if uses and is_first_batch else None

    def _make_delivery(self) -> "Deliverer":
        from enforcer.store.delivery import Delivery, Succession

        def delivery(
            process: "Process",
            backlog: "Backlog",
            collector: "Collector",
            ledger: "Callable[[], Ledger | None]",
        ) -> Delivery:
            return Delivery(
                process,
                self._rules,
                self._interval,
                backlog=backlog,
                collector=collector,
                notices=self._notices,
                open_store=self._open_store,
                brief_until=self._brief_until,
                ledger=ledger,
            )

        own = delivery(self.process, self._backlog(), self._recorder, self._own_ledger)
        if self._inherited is None:
            return own
        return Succession(delivery(*self._inherited, self._ledger_of_parent), own)

    def _backlog(self) -> "Backlog":
        from enforcer.recording.backlog import Backlog

        # setdefault is atomic: the thread may begin late, while the end stops waiting for it.
        return self._backlogs.setdefault("", Backlog())

    def loss(self, timeout: float, *, is_in_time: bool) -> str:
        """Mark and return what is lost as the process ends now; see :class:`Schedule`."""
        error = self.last_error
        # A file that is no store of ours gets nothing beside it: such an error names no path.
        has_place = not isinstance(error, EnforcerError) or bool(getattr(error, "path", ""))
        if has_place and not (is_in_time and error is None):
            self._mark_losses()
        return super().loss(timeout, is_in_time=is_in_time)

    def _mark_losses(self) -> None:
        try:
            from enforcer.store.sqlite.losses import leave_losses

            if self._inherited is not None:
                leave_losses(self._store, *self._inherited)
            leave_losses(self._store, self.process, self._backlog(), self._recorder)
        except Exception:  # noqa: BLE001 - the watched program comes first: it ends as it would have
            return

    def _own_ledger(self) -> "Ledger | None":
        return self.ledger()  # it may come later

    def _ledger_of_parent(self) -> "Ledger | None":
        ledger = self.ledger()
        return ledger.for_parent() if ledger is not None else None

    def _settle(self) -> None:
        ledger = self.ledger()
        if ledger is None:
            return
        ledger.is_closed = True
        if not ledger.is_ending:
            return
        while not ledger.is_finished and monotonic() < self._send_until:
            sleep(_PAUSE)
        if not ledger.is_finished:
            for each in self._followers:
                each.cut()
            patient_until = monotonic() + _CUT_PATIENCE
            while not ledger.is_finished and monotonic() < patient_until:
                sleep(_PAUSE)
        self._flushing.settle(self._exit_timeout)


def exit_timeout() -> float:
    """Return how long an exit may take, in seconds; a value that is no number is ignored."""
    # Comparisons with NaN are false, so max() in this order returns the least for it.
    return min(max(0.05, number(EXIT_TIMEOUT_KEY, EXIT_PATIENCE)), TIMEOUT_MAX)


def jitter(least: float) -> float:
    """Return a random number from ``least`` to 1, without loading ``random``."""
    return least + (1 - least) * int.from_bytes(os.urandom(2), "big") / 0xFFFF


def complain(message: str) -> None:
    """Write a message to standard error, unless it is empty."""
    if not message:
        return
    try:
        sys.stderr.write(f"enforcer: {message}\n")
    except Exception:  # noqa: BLE001 - standard error is closed or was replaced
        return
