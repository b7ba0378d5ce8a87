"""Run a callback before ``os._exit``, ``os.exec*`` and SIGTERM, which bypass ``atexit``.

``os._exit()`` and ``os.exec*()`` end a program at once. Task queues use them regularly: a worker of
RQ lives for one job and ends by ``os._exit()``, so without this no use in any job would be
recorded. A process that recorded nothing is not delayed.

An unhandled SIGTERM ends a program too; uvicorn sends itself the one that stopped it. It is handled
only if the map asks for it, because Python runs signal handlers between bytecodes of the main
thread: a process whose main thread runs C code for long would end later than without a handler. The
handler is installed only if there is none, and yields to any other. The process is still ended by
the signal. A forked child drops the signals that Python noted but did not handle yet, so the
signal is blocked during a fork: a child that is stopped at once would otherwise survive it.

Ends that no Python code causes are not covered.
"""

import _signal  # type: ignore[import-not-found]  # "signal" would load enum
import os
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ENDS = ("_exit", "execv", "execve")


class Guard:
    """Runs a callback before the process ends, however Python code ends it."""

    __slots__ = ("_handler", "_leave", "_masks", "_replaced", "_resume")

    def __init__(self, leave: "Callable[[], object]", resume: "Callable[[], object]") -> None:
        """Prepare; nothing is changed before :meth:`stand`.

        Args:
            leave: called before the end, in any thread; must be bounded in time.
            resume: called if the process did not end after all.

        """
        self._leave = leave
        self._resume = resume
        self._handler = self._on_termination
        self._replaced: dict[str, tuple[object, object]] = {}
        self._masks: dict[int, set[int]] = {}

    def stand(self, *, sigterm: bool) -> None:
        """Replace the functions that end a process.

        Args:
            sigterm: whether to handle that signal if nothing else does.

        """
        for name in _ENDS:
            before = getattr(os, name, None)
            if before is not None:
                self._replaced[name] = (before, self._leaving_by(before))
                setattr(os, name, self._replaced[name][1])
        if sigterm:
            self._handle(_signal.SIG_DFL, self._handler)

    def go(self) -> None:
        """Undo the changes, except where other code replaced them in turn."""
        for name, (before, own) in self._replaced.items():
            if getattr(os, name) is own:
                setattr(os, name, before)
        self._handle(self._handler, _signal.SIG_DFL)

    def before_fork(self) -> None:
        """Block the signal: it is delivered after the fork, in the child or in this process."""
        if _signal.getsignal(_signal.SIGTERM) == self._handler:
            mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, (_signal.SIGTERM,))
            self._masks[get_ident()] = mask

    def after_fork(self, *, is_child: bool) -> None:
        """Unblock the signal."""
        mask = self._masks.pop(get_ident(), None)
        if mask is None:
            return
        if is_child:
            # The child has no handler, so the signal ends it as usual. With a handler, a worker
            # that waits for a lock would not always notice the signal, because Python checks for
            # signals before it waits. And if another thread than the main one forked, 3.13.0
            # delivers signals to a thread that does not exist in the child.
            self._handle(self._handler, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)

    def _leaving_by(self, end: "Callable[..., object]") -> "Callable[..., object]":
        def leaving(*args: object, **keywords: object) -> object:
            self._leave()
            try:
                return end(*args, **keywords)
            finally:
                self._resume()

        for name in ("__doc__", "__name__", "__qualname__"):
            setattr(leaving, name, getattr(end, name, None))
        leaving.__module__ = "os"
        leaving.__wrapped__ = end  # type: ignore[attr-defined]
        return leaving

    def _handle(self, before: object, after: object) -> bool:
        if _signal.getsignal(_signal.SIGTERM) != before:
            return False
        try:
            _signal.signal(_signal.SIGTERM, after)
        except ValueError:  # only the main thread may set a handler
            return False
        return True

    def _on_termination(self, number: int, _: object) -> None:
        self._leave()
        # If another handler replaced this one and called it, that one ends the process.
        if self._handle(self._handler, _signal.SIG_DFL):
            os.kill(os.getpid(), number)
            # Still here: PID 1 of a container ignores signals without a handler.
            self._handle(_signal.SIG_DFL, self._handler)
        self._resume()
