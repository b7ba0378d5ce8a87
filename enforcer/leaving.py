"""Stand before the ways out of a process that pass by what ``atexit`` holds.

``os._exit()`` and ``os.exec*()`` end a program at once. Task queues leave like that as a matter
of course: a worker of RQ lives for one job and ends by ``os._exit()``, so that without this no
use in any job would ever be seen. A process that recorded nothing passes at once.

A SIGTERM that nobody handles ends a program too; uvicorn sends itself the one that it was
stopped by. It is handled only where the map asks for it, because a process whose main thread
runs C code for long would end later than it did. The signal gets a handler only where it had
none, and only until somebody else wants it. The process ends by the signal all the same. A
forked child forgets the signals that it has noticed, so one that is stopped before it ran at all
would miss it because of the handler; the signal is therefore blocked during a fork.

Not covered are ends that no Python code sees.
"""

import _signal  # type: ignore[import-not-found]  # "signal" would load enum
import os
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ENDS = ("_exit", "execv", "execve")


class Guard:
    """Have something done before the process ends, in whatever way Python code ends it."""

    __slots__ = ("_handler", "_leave", "_masks", "_replaced", "_resume")

    def __init__(self, leave: "Callable[[], object]", resume: "Callable[[], object]") -> None:
        """Prepare; nothing is changed before :meth:`stand`.

        Args:
            leave: what to do before the end; called in any thread, bounded in time.
            resume: what to do if the process did not end after all.

        """
        self._leave = leave
        self._resume = resume
        self._handler = self._on_termination
        self._replaced: dict[str, tuple[object, object]] = {}
        self._masks: dict[int, set[int]] = {}

    def stand(self, *, sigterm: bool) -> None:
        """Take place before the ways out.

        Args:
            sigterm: whether to handle that signal if nobody does.

        """
        for name in _ENDS:
            before = getattr(os, name, None)
            if before is not None:
                self._replaced[name] = (before, self._leaving_by(before))
                setattr(os, name, self._replaced[name][1])
        if sigterm:
            self._handle(_signal.SIG_DFL, self._handler)

    def go(self) -> None:
        """Undo what can be undone: what somebody else has put on top stays."""
        for name, (before, own) in self._replaced.items():
            if getattr(os, name) is own:
                setattr(os, name, before)
        self._handle(self._handler, _signal.SIG_DFL)

    def before_fork(self) -> None:
        """Let the child, or this process, notice the signal when the fork is over."""
        if _signal.getsignal(_signal.SIGTERM) == self._handler:
            mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, (_signal.SIGTERM,))
            self._masks[get_ident()] = mask

    def after_fork(self, *, is_child: bool) -> None:
        """Notice the signal again."""
        mask = self._masks.pop(get_ident(), None)
        if mask is None:
            return
        if is_child:
            # A worker that waits for a lock would not always notice the signal: Python looks
            # for it before it waits, not while it begins to. And where another thread forked,
            # 3.13.0 tells the signal to the thread that was the main one.
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
        except ValueError:  # only the main thread may
            return False
        return True

    def _on_termination(self, number: int, _: object) -> None:
        self._leave()
        # A handler that was put on top may call this one; then it knows what to do next.
        if self._handle(self._handler, _signal.SIG_DFL):
            os.kill(os.getpid(), number)
            # Still here: the first process of a container does not end by it.
            self._handle(_signal.SIG_DFL, self._handler)
        self._resume()
