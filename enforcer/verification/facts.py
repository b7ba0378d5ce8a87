"""Carry what a child process saw of a program to the process that judges it.

Objects can't be carried: each gets a number, and what has the same number is the same object.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from enforcer.verification.import_paths import ImportPath

CLASS = "class"
MODULE = "module"
OTHER = "other"

FIRST = "enforcer-verify-1"
"""The key for which an instance is asked for on every path."""

MAIN = "the main thread"
THREAD = "another thread"
TASK = "another task"
AT_ONCE = "threads that ask at once"
"""The contexts in which instances are asked for."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Name a rule for instances whose instances are to be made.

    Attributes:
        canonical: the class or factory.
        key: where its key is found.
        sample: what gives arguments for a key, or empty.
        is_required: whether a call without a key is an error.

    """

    canonical: str
    key: str
    sample: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """Say what a child process has to look at.

    Attributes:
        map_file: path of the migration map.
        is_enforced: whether to enable the enforcer.
        search: the folders to put in front of the module search path.
        paths: the import paths.
        instances: the rules for instances.

    """

    map_file: str
    is_enforced: bool
    search: tuple[str, ...]
    paths: tuple[ImportPath, ...]
    instances: tuple[Sampled, ...]

    def as_document(self) -> dict[str, Any]:
        """Give it in a form that JSON has."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Job":
        """Take it from the form that JSON has."""
        return cls(
            document["map_file"],
            document["is_enforced"],
            tuple(document["search"]),
            tuple(
                ImportPath(**path | {"services": tuple(path["services"])})
                for path in document["paths"]
            ),
            tuple(Sampled(**rule) for rule in document["instances"]),
        )


@dataclass(frozen=True, slots=True)
class Looked:
    """Say what a path leads to.

    Attributes:
        path: the path.
        number: the object's number; 0 if there is none.
        kind: ``class``, ``module`` or ``other``.
        shown: what to call the object.
        refused: whether its stage refused the import.
        error: why there is no object, or empty.
        absent: whether there is no such module or no such name, and nothing else is wrong.

    """

    path: str
    number: int = 0
    kind: str = OTHER
    shown: str = ""
    refused: bool = False
    error: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """Say what a call on a path gave.

    Attributes:
        rule: the canonical path of the rule for instances that it belongs to.
        path: what was called.
        context: where it was called.
        key: for which key; None for the call without one.
        number: the instance's number; 0 if there is none.
        kind: the number of its class.
        shown: what to call its class.
        refused: whether its stage refused the call.
        error: what the call raised, or empty.
        untried: why it was not called at all, or empty.

    """

    rule: str
    path: str
    context: str
    key: str | None
    number: int = 0
    kind: int = 0
    shown: str = ""
    refused: bool = False
    error: str = ""
    untried: str = ""


@dataclass(frozen=True, slots=True)
class Delegated:
    """Say whether the calls of a legacy factory are delegated; why not, if they are not."""

    path: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Defined:
    """Name a class that the own code of an aliased module defined, though it never should run."""

    path: str


Fact = Looked | Called | Delegated | Defined

_KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind for kind in (Looked, Called, Delegated, Defined)
}


def as_line(fact: Fact) -> dict[str, Any]:
    """Give a fact in a form that JSON has."""
    return {"fact": type(fact).__name__, **asdict(fact)}


def from_lines(lines: Iterable[dict[str, Any]]) -> Iterator[Fact]:
    """Take facts from the form that JSON has."""
    for line in lines:
        kind = _KINDS.get(line.pop("fact", ""))
        if kind is not None:
            yield kind(**line)
