"""Exemptions: single callers that may use a strict path until a given day."""

from enforcer.record import Record
from enforcer.rules.model import covers_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Site(Protocol):
        """A call site, of a running program or of the record of a test run."""

        @property
        def path(self) -> str:
            """The legacy path that was used."""

        @property
        def file(self) -> str:
            """The caller's file."""

        @property
        def function(self) -> str:
            """The caller's qualified name."""


FUNCTION = "::"
"""The separator between a caller's file and its function."""


class Exemption(Record):
    """Permission for a caller to use a strict path.

    Attributes:
        path: a legacy path; paths below it are allowed as well.
        caller: the caller's file, relative to the root; a folder that ends with a slash; or a
            file, ``::`` and a function's qualified name.
        until: the last day on which it is valid, as ``YYYY-MM-DD``.
        reason: why, for people.
        line: its line in the map's file, from 1.

    """

    path: str
    caller: str
    until: str
    reason: str
    line: int = 0

    def __repr__(self) -> str:
        return f"<Exemption of {self.caller} for {self.path} until {self.until}>"

    def holds_on(self, day: str) -> bool:
        """Return whether it is valid on a day, written as ``YYYY-MM-DD``."""
        return day <= self.until

    def covers(self, site: "Site") -> bool:
        """Return whether it applies to a call site, on any day."""
        if not covers_path(self.path, site.path):
            return False
        file, _, function = self.caller.partition(FUNCTION)
        if file.endswith("/"):
            return site.file.startswith(file)
        return site.file == file and function in ("", site.function)
