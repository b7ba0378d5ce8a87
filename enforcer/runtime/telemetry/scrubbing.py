"""Call the application's function that filters telemetry before it is sent.

It may change attributes, remove some, or hold a record back. A record on which it fails is held
back too, because it may be confidential. The function is imported in the thread that emits, when it
is first needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from enforcer.runtime.process.schedule import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from enforcer.runtime.telemetry.records import Attributes


class Scrub:
    """The function that a map names.

    Attributes:
        held_back: how many records it held back, or failed on.

    """

    def __init__(self, path: str) -> None:
        """Prepare to call ``module:function``; an empty path changes nothing."""
        self.held_back = 0
        self._path = path
        self._call: Callable[[Attributes], Mapping[str, str | int] | None] | None = None

    def __call__(self, attributes: "Attributes") -> "Attributes | None":
        """Return the attributes that may be sent; None if the record is held back."""
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
