"""What is read of one file, and its form as plain tuples, for other processes and the cache."""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

from enforcer.findings import PYTHON
from enforcer.source.calls import Call
from enforcer.source.computed import Computed
from enforcer.source.file_references import FileReferences, Reference

NOTHING: Final = FileReferences()
"""What most files refer to."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """References of one file.

    Attributes:
        file: the file, relative to the root where it lies below it.
        modules: the dotted paths under which it may be imported, the likeliest first.
        found: its references.
        error: why it could not be parsed; empty if it could.
        kind: what kind of file it is, as in a finding.

    """

    file: str
    modules: tuple[str, ...]
    found: FileReferences = NOTHING
    error: str = ""
    kind: str = PYTHON

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to say of it."""
        return self.found is NOTHING and not self.error


Packed = tuple[Any, ...]
"""A scanned file as tuples, texts and numbers, without its name."""

_references: Final = attrgetter(*(field.name for field in fields(Reference)))
_call: Final = attrgetter(*(field.name for field in fields(Call)))
_computed: Final = attrgetter(*(field.name for field in fields(Computed)))


def pack(scanned: ScannedFile) -> Packed:
    """Return a scanned file as tuples."""
    found = scanned.found
    return (
        scanned.modules,
        scanned.error,
        scanned.kind,
        tuple(map(_references, found.references)),
        tuple(found.loads),
        tuple(map(_call, found.calls)),
        found.marks,
        tuple(map(_computed, found.computed)),
    )


def unpack(file: str, packed: Packed) -> ScannedFile:
    """Return the scanned file that was packed."""
    modules, error, kind, references, loads, calls, marks, computed = packed
    found = FileReferences(
        tuple(Reference(*each) for each in references),
        frozenset(loads),
        tuple(Call(*each) for each in calls),
        marks,
        tuple(Computed(*each) for each in computed),
    )
    return ScannedFile(file, modules, found, error, kind)
