"""Threads in servers that embed Python: when they may run, and hooks into uWSGI and mod_wsgi.

A server such as uWSGI initialises Python, loads the application, and then forks its workers by C
code, without Python's fork hooks. If a thread of ours waits for the GIL at that moment, the worker
hangs for ever: it passes the GIL to that thread, which does not exist there (``drop_gil``,
Python/ceval_gil.c, waits until it is taken, in all versions). So in such a program a thread starts
late:

* in uWSGI's master never; in its workers, mules and spoolers after their fork, which its
  ``post_fork_hook`` reports. If its threads are disabled, it never releases the GIL between
  requests: there is no thread, and what is due is written after a request;
* with mod_wsgi at once, because Apache forks before Python is initialised;
* in other programs after some seconds, and in a child that C code forked, at its first use.
"""

import os
import sys
from time import monotonic

from enforcer.recording import unseen_forks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SECONDS = 5.0
"""How long an unknown server may load an application before it forks, in seconds."""

_pid = os.getpid()
_may_fork_until = monotonic() + SECONDS


def may_have_thread() -> bool:
    """Return whether C code will no longer fork this process, as far as can be known."""
    if not unseen_forks.is_embedded():
        return True
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and hasattr(uwsgi, "has_threads"):
        # Without a master process, the process that loaded the application is the first worker.
        return bool(uwsgi.has_threads) and (os.getpid() != _pid or uwsgi.worker_id() > 0)
    return os.getpid() != _pid or "mod_wsgi" in sys.modules or monotonic() >= _may_fork_until


def before_interpreter_ends(call: "Callable[[], object]") -> bool:
    """Make mod_wsgi call a function before it ends the interpreter; return whether it will.

    It ends a subinterpreter by deleting the thread states of all other threads. A thread that still
    runs crashes.
    """
    subscribe = getattr(sys.modules.get("mod_wsgi"), "subscribe_shutdown", None)
    if subscribe is None:
        return False
    subscribe(lambda *_, **__: call())
    return True


class UwsgiHooks:
    """Called by uWSGI after a fork, and after a request if it has no threads.

    The module ``uwsgi`` is created after Python is initialised, so this is a finder on
    ``sys.meta_path`` that checks for it at each import that loads a module. A hook that is set
    already is called too; one that replaces ours later is wrapped at the next such import.
    """

    def __init__(
        self, after_fork: "Callable[[], object]", after_request: "Callable[[], object]"
    ) -> None:
        """Prepare; nothing is called before :meth:`install`.

        Args:
            after_fork: called in a worker at once after its fork.
            after_request: called after each request if there can be no thread.

        """
        self._hooks = {
            "post_fork_hook": Hook(after_fork),
            "after_req_hook": Hook(after_request),
        }

    def install(self) -> None:
        """Start checking for uWSGI."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Stop checking; a hook that is set stays set, and is called."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, *_: object) -> None:
        """Return None for every module, after checking for uWSGI."""
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is None or not hasattr(uwsgi, "has_threads"):
            return
        self._hooks["post_fork_hook"].take_place(uwsgi, "post_fork_hook")
        if not uwsgi.has_threads:
            self._hooks["after_req_hook"].take_place(uwsgi, "after_req_hook")

    def invalidate_caches(self) -> None:
        """Do nothing: there is no cache; ``importlib.invalidate_caches`` calls it."""


class Hook:
    """Calls a function of ours, and then the hook that was set before."""

    __slots__ = ("_before", "_call")

    def __init__(self, call: "Callable[[], object]") -> None:
        self._call = call
        self._before: Callable[[], object] | None = None

    def take_place(self, module: "ModuleType", name: str) -> None:
        """Replace an attribute of a module by this hook, unless it is this hook."""
        before = getattr(module, name, None)
        if before is not self:
            self._before = before
            setattr(module, name, self)

    def __call__(self) -> None:
        """Call our function, then the hook that was set before."""
        # A hook that replaced this one may call it: without this, both would call each other
        # for ever.
        before, self._before = self._before, None
        try:
            self._call()
        except Exception:  # noqa: BLE001 - the watched program comes first
            unseen_forks.notice()
        try:
            if before is not None:
                before()
        finally:
            self._before = before
