"""Entries of a baseline, and the key that each call site has in one: path, file, function, kind.

Imported by the watched program where a rule is strict, so it is light. It has no line numbers, so
it survives edits, moved lines and merges.
"""

from enforcer.record import Record
from enforcer.recording.use import IMPORT_STATEMENT
from enforcer.rules.repository import SITE_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from enforcer.recording.use import CallSite

    Key: TypeAlias = tuple[str, str, str, str]
    Names: TypeAlias = tuple[str, ...] | None
else:
    Key = tuple
    Names = tuple


class Entry(Record):
    """Tolerated uses of one legacy path by one function.

    Attributes:
        path: the legacy path that is reached.
        file: the caller's file as :func:`file_of` returns it.
        function: the qualified name of the caller's function, ``<module>`` at top level.
        kind: how it imports: a mechanism of ``enforcer.recording.use``.
        count: how many call sites there are: distinct lines, at least 1.
        names: the names that their from-imports may ask for, sorted; None for any, and for the
            module itself.
        is_flaky: whether it means nothing if the entry is not seen.
        line: its line in the file, from 1; 0 if it came from elsewhere.

    """

    path: str
    file: str
    function: str
    kind: str
    count: int = 1
    names: "Names" = None
    is_flaky: bool = False
    line: int = 0

    @property
    def key(self) -> "Key":
        """The identity of this entry: path, file, function and kind."""
        return self.path, self.file, self.function, self.kind

    def changed(
        self,
        *,
        file: str | None = None,
        count: int | None = None,
        names: "Names" = None,
        is_flaky: bool | None = None,
    ) -> "Entry":
        """Return a copy with the given changes."""
        return Entry(
            self.path,
            self.file if file is None else file,
            self.function,
            self.kind,
            count=self.count if count is None else count,
            names=self.names if names is None else names,
            is_flaky=self.is_flaky if is_flaky is None else is_flaky,
            line=self.line,
        )

    def joined(self, other: "Entry", *, count: int) -> "Entry":
        """Return an entry with a count that tolerates the names of both."""
        return Entry(
            self.path,
            self.file,
            self.function,
            self.kind,
            count=count,
            names=joined_names((self.names, other.names)),
            is_flaky=self.is_flaky or other.is_flaky,
            line=self.line,
        )

    def covers(self, names: "Names") -> bool:
        """Return whether it tolerates a call site that asks for these names.

        Args:
            names: as :func:`asked_names` returns them; if unknown, they are tolerated.

        """
        if self.names is None or names is None:
            return True
        return bool(names) and set(names).issubset(self.names)

    def __eq__(self, other: object) -> bool:
        """Return whether two entries tolerate the same."""
        return isinstance(other, Entry) and (
            (self.key, self.count, self.names, self.is_flaky)
            == (other.key, other.count, other.names, other.is_flaky)
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        """Format it for people: who uses what."""
        where = self.file if self.function == "<module>" else f"{self.file} in {self.function}()"
        kind = "" if self.kind == IMPORT_STATEMENT else f", {self.kind}"
        times = f" ({self.count} call sites)" if self.count > 1 else ""
        return f"{self.path} by {where}{kind}{times}"


SOURCE_KINDS = ("string", "annotation", "text")
"""How source names a path where no import does; beside the mechanisms of uses."""


class Baseline:
    """The entries of a baseline: what was seen running, and apart from it what is in the source.

    A call site is in it if its legacy path, file, function, kind and names were seen running; the
    count is judged for a whole run only. What is only in the source tolerates no use.

    Attributes:
        path: the file that was read, or empty.
        source: the references in the source; None if they were never taken in.

    """

    __slots__ = ("_entries", "path", "source")

    def __init__(
        self,
        entries: "Iterable[Entry]" = (),
        path: str = "",
        source: "Baseline | None" = None,
    ) -> None:
        """Index entries, which have different keys."""
        self.path = path
        self.source = source
        self._entries = {entry.key: entry for entry in entries}

    def changed(self, entries: "Iterable[Entry]") -> "Baseline":
        """Return a baseline with other entries, and the same references in the source."""
        return Baseline(entries, self.path, self.source)

    def __contains__(self, site: object) -> bool:
        """Return whether a call site is tolerated."""
        entry = self._entries.get(key_of(site))  # type: ignore[arg-type]
        if entry is None:
            return False
        return entry.names is None or entry.covers(names_of(site))  # type: ignore[arg-type]

    def __iter__(self) -> "Iterator[Entry]":
        """Iterate over what was seen running, in the order of the file."""
        return iter(sorted(self._entries.values(), key=lambda entry: entry.key))

    def __len__(self) -> int:
        """Return the number of keys, of both parts together."""
        if self.source is None:
            return len(self._entries)
        return len({*self._entries, *(entry.key for entry in self.source)})

    def __eq__(self, other: object) -> bool:
        """Return whether two baselines tolerate the same."""
        return (
            isinstance(other, Baseline)
            and list(self) == list(other)
            and self.source == other.source
        )

    __hash__ = None  # type: ignore[assignment]

    def find(self, key: "Key") -> Entry | None:
        """Return the entry with this key, if there is one."""
        return self._entries.get(key)


def key_of(site: "CallSite") -> "Key":
    """Return the key that a baseline has for a call site."""
    return site.path, file_of(site.file), site.function, site.mechanism


def names_of(site: "CallSite") -> "Names":
    """Return the names that a call site asks for, as :func:`asked_names` does."""
    return asked_names(site.path, site.mechanism, site.names)


def asked_names(path: str, kind: str, names: "Iterable[str]") -> "Names":
    """Return the names that tell from-imports of one module by one function apart.

    Empty for an import of the module itself, ``("*",)`` for a star; None where names tell nothing:
    the path is a single name, or it is not an import statement.
    """
    return tuple(names) if kind == IMPORT_STATEMENT and ":" not in path else None


def joined_names(parts: "Iterable[Names]") -> "Names":
    """Return the names of an entry that tolerates several call sites or entries together."""
    joined: set[str] = set()
    for names in parts:
        # An import of the module itself, or of a star, reaches every name.
        if not names or "*" in names:
            return None
        joined.update(names)
    return tuple(sorted(joined)) or None


def file_of(file: str) -> str:
    """Return a caller's file in a form that is the same on every machine.

    Own files are relative to the root already; of installed ones the part from the
    ``site-packages`` folder on is kept.
    """
    for folder in SITE_FOLDERS:
        _, found, rest = file.rpartition(f"/{folder}/")
        if found:
            return f"{folder}/{rest}"
    return file
