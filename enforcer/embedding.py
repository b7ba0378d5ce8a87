"""Decide when a thread may run in a program that embeds Python.

A server such as uWSGI initialises Python, loads the application, and then forks its workers by C
code, without Python's hooks. If a thread of ours waits for the GIL at that moment, the worker
hangs for ever: it hands the GIL over to that thread, which is not there (``drop_gil`` in
Python/ceval_gil.h waits for it, in all versions). So in such a program a thread starts late:

* in uWSGI's master never; in its workers, mules and spoolers after their fork, of which its
  ``post_fork_hook`` tells. Where its threads are disabled it never gives the GIL back between
  requests: there is no thread, and what is due is written after a request;
* with mod_wsgi at once, because Apache forks before Python is initialised;
* elsewhere after some seconds, and in a child that C code forked, with its first use.
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
"""How long a server that nobody knows may load an application before it forks, in seconds."""

_pid = os.getpid()
_may_fork_until = monotonic() + SECONDS


def may_have_thread() -> bool:
    """Return whether no C code will fork this process any more, as far as can be known."""
    if not unseen_forks.is_embedded():
        return True
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and hasattr(uwsgi, "has_threads"):
        # Without a master, the process that loaded the application is the first worker.
        return bool(uwsgi.has_threads) and (os.getpid() != _pid or uwsgi.worker_id() > 0)
    return os.getpid() != _pid or "mod_wsgi" in sys.modules or monotonic() >= _may_fork_until


def before_interpreter_ends(call: "Callable[[], object]") -> bool:
    """Have mod_wsgi call a function before it ends the interpreter; return whether it will.

    It ends a subinterpreter by taking the state of all other threads away. One that runs on is a
    crash.
    """
    subscribe = getattr(sys.modules.get("mod_wsgi"), "subscribe_shutdown", None)
    if subscribe is None:
        return False
    subscribe(lambda *_, **__: call())
    return True


class UwsgiHooks:
    """Be called by uWSGI after a fork, and after a request where it has no threads.

    The module ``uwsgi`` comes after Python is initialised, so this stands on ``sys.meta_path``
    and looks for it with each import that loads a module. What is in a hook already is called
    too; what comes later in place of it is found with the next such import.
    """

    def __init__(
        self, after_fork: "Callable[[], object]", after_request: "Callable[[], object]"
    ) -> None:
        """Prepare; nothing is called before :meth:`install`.

        Args:
            after_fork: called in a worker at once after its fork.
            after_request: called after each request where there can be no thread.

        """
        self._hooks = {
            "post_fork_hook": Hook(after_fork),
            "after_req_hook": Hook(after_request),
        }

    def install(self) -> None:
        """Look for uWSGI from now on."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Look no more; what is in a hook stays there, and calls on."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, *_: object) -> None:
        """Find nothing, and look for uWSGI."""
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is None or not hasattr(uwsgi, "has_threads"):
            return
        self._hooks["post_fork_hook"].take_place(uwsgi, "post_fork_hook")
        if not uwsgi.has_threads:
            self._hooks["after_req_hook"].take_place(uwsgi, "after_req_hook")

    def invalidate_caches(self) -> None:
        """Keep no caches."""


class Hook:
    """Call a function of ours, and then what was in the hook before."""

    __slots__ = ("_before", "_call")

    def __init__(self, call: "Callable[[], object]") -> None:
        """Prepare; nothing is called before :meth:`take_place`."""
        self._call = call
        self._before: Callable[[], object] | None = None

    def take_place(self, module: "ModuleType", name: str) -> None:
        """Be called in place of an attribute of a module, if it is not so already."""
        before = getattr(module, name, None)
        if before is not self:
            self._before = before
            setattr(module, name, self)

    def __call__(self) -> None:
        """Call ours first."""
        # What was put in place later may call this one in turn.
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
