"""Print each decision of the import part and its reason, for ``ENFORCER_DEBUG=1``.

It is loaded in processes with that variable only. Without it, decisions are passed to a function
that does nothing, and only where an instruction or a module is met for the first time: cached
imports are counted as ever.
"""

import os
import sys
from _thread import _local

from enforcer.recording.use import CallSite
from enforcer.runtime.imports.cpython import is_import_system
from enforcer.runtime.imports.places import place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from enforcer.runtime.imports.bytecode import LazyStatement
    from enforcer.runtime.imports.callers import Ownership

    At = CallSite | FrameType | LazyStatement | None


class Debug(_local):
    """Writes decisions to standard error, a line for each; the state belongs to one thread."""

    def __init__(self, ownership: "Ownership") -> None:
        self._ownership = ownership
        self._is_printing = False

    def explain(self, subject: str, decision: str, at: "At" = None) -> None:
        """Print one decision.

        Args:
            subject: the path that it is about.
            decision: the decision, and its reason after a colon.
            at: the call site, or the frame that asks; None if it concerns no single one.

        """
        # The program may have replaced sys.stderr by an object that imports a legacy module when
        # it is written to: that import would be explained in turn, without an end.
        if self._is_printing:
            return
        self._is_printing = True
        try:
            line = f"enforcer debug {os.getpid()}: {subject}: {decision}{self._position(at)}\n"
            sys.stderr.write(line)
        except Exception:  # noqa: BLE001 - standard error is closed or was replaced
            return
        finally:
            self._is_printing = False

    def _position(self, at: "At") -> str:
        if at is None:
            return ""
        if isinstance(at, CallSite):
            return f" [{at.mechanism} at {at}]"
        frame: Any = at
        while is_import_system(frame) and frame.f_back is not None:
            frame = frame.f_back
        filename, line, function = place_of(frame)
        return f" [{self._ownership.of(filename)[1]}:{line} in {function}]"
