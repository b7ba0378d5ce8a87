"""Let a function of the application's see what is told of a use, before it goes out.

It may change attributes, take some away, or hold all of it back. What it fails on is held back
too: who scrubs has a reason to. It is loaded in the thread that emits, when it is first needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from enforcer.runtime.process.schedule import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from enforcer.runtime.telemetry.records import Attributes


class Scrub:
    """Call the function that a map names.

    Attributes:
        held_back: how many records it held back, or failed on.

    """

    def __init__(self, path: str) -> None:
        """Take the function's path, ``module:function``; empty changes nothing."""
        self.held_back = 0
        self._path = path
        self._call: Callable[[Attributes], Mapping[str, str | int] | None] | None = None

    def __call__(self, attributes: "Attributes") -> "Attributes | None":
        """Give the attributes that may go out; None if nothing may."""
        if not self._path:
            return attributes
        try:
            if self._call is None:
                module, _, name = self._path.partition(":")
                self._call = getattr(import_module(module), name)
            scrubbed = self._call(attributes.copy())
            if scrubbed is not None:
                return dict(scrubbed)
        except Exception as error:  # noqa: BLE001 - whatever it does, nothing goes out unseen
            if not self.held_back:
                complain(f'"{self._path}" failed, nothing is told: {error!r} (scrub-failed)')
        self.held_back += 1
        return None
