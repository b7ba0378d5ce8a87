"""Exemptions: single callers that may use a strict path until a given day."""

from enforcer.rules.model import covers_path
from enforcer.rules.values import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
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

_KEYS = ("path", "caller", "until", "reason")
_EXAMPLE = (
    'allow = [{ path = "package.old", caller = "package/file.py", until = 2026-12-31, '
    'reason = "…" }]'
)


class Exemption:
    """Permission for a caller to use a strict path.

    Attributes:
        path: a legacy path; paths below it are allowed as well.
        caller: the caller's file, relative to the root; a folder that ends with a slash; or a
            file, ``::`` and a function's qualified name.
        until: the last day on which it is valid, as ``YYYY-MM-DD``.
        reason: why, for people.
        line: its line in the map's file, from 1.

    """

    __slots__ = ("caller", "line", "path", "reason", "until")

    def __init__(self, path: str, caller: str, until: str, reason: str, line: int = 0) -> None:
        self.path = path
        self.caller = caller
        self.until = until
        self.reason = reason
        self.line = line

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


def read_exemptions(table: Table) -> tuple[tuple[str, str, str, str, int], ...]:
    """Read the exemptions of a map as plain values, noting every mistake in them."""
    tables = table.values.get("allow", [])
    if not isinstance(tables, list):
        table.note_type("allow", tables, _EXAMPLE)
        return ()
    return tuple(_read_all(table, tables))


def _read_all(table: Table, tables: "list[object]") -> "Iterator[tuple[str, str, str, str, int]]":
    for index, values in enumerate(tables):
        where = (*table.where, "allow", index)
        if not isinstance(values, dict):
            table.note_type("allow", tables, _EXAMPLE)
            return
        one = Table(where, values, table.mistakes)
        one.check_keys(_KEYS, "an exemption")
        for key in _KEYS:
            if not one.values.get(key):
                one.mistakes.add(
                    where,
                    message=f'the exemption has no "{key}".',
                    remedy=f"Write {_EXAMPLE}.",
                    slug="missing-key",
                )
        until = one.date("until")
        texts = (one.string("path"), one.string("caller"), until, one.string("reason"))
        yield (*texts, table.mistakes.line_of(where))
