"""Change the class of a living object, but never during a fork.

On a free-threaded build, assigning ``__class__`` stops all other threads. A thread that begins to
do so while another one forks waits with a lock of the interpreter that no thread of the child will
release: the child hangs as soon as it stops the world itself (``stop_the_world``,
Python/pystate.c of 3.13 locks ``stw->mutex`` before the runtime's mutex). So a fork waits for a
change that has begun, and changes wait for a fork.

Both wait for a limited time only, because another fork hook may wait for a lock whose owner is
importing a legacy module, and is waiting here.
"""

import os
from _thread import RLock

from enforcer.recording.counter import FREE_THREADED

PATIENCE = 0.5
"""How long to wait for a fork, or a change, in seconds."""

# object's own descriptor: the class of an alias has a property of this name.
_set_class = vars(object)["__class__"].__set__
# Reentrant, because assigning __class__ raises an audit event, and a hook may import.
_changing = RLock()
_forking: list[bool] = []


def change_class(instance: object, kind: type) -> None:
    """Assign an object's class, unless it has that class.

    Raises:
        TypeError: if the object can't have that class.

    """
    if type(instance) is kind:
        return
    if not FREE_THREADED:
        _set_class(instance, kind)
        return
    is_alone = _changing.acquire(timeout=PATIENCE)
    try:
        _set_class(instance, kind)
    finally:
        if is_alone:
            _changing.release()


def _before_fork() -> None:
    _forking.append(_changing.acquire(timeout=PATIENCE))


def _after_fork() -> None:
    if _forking.pop():
        _changing.release()


if FREE_THREADED and hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
