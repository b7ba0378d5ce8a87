"""The facts that a child process reports of a program, and their JSON form.

Objects can't be serialised: each gets a number, and equal numbers mean the same object.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

CLASS = "class"
MODULE = "module"
OTHER = "other"

FIRST = "enforcer-verify-1"
"""The key of the instance that is asked for on every path."""

MAIN = "the main thread"
THREAD = "another thread"
TASK = "another task"
AT_ONCE = "threads that ask at once"
"""The contexts in which instances are asked for."""


@dataclass(frozen=True, slots=True)
class ImportPath:
    """A legacy path and the canonical path that it has to lead to.

    Both paths are ``package.module:name``; the name is empty where the module itself is meant.

    Attributes:
        legacy: the legacy path.
        canonical: the canonical one.
        is_factory: whether calls of it are delegated.
        services: the modules of the program that use it.
        in_legacy: whether the legacy code has what is asked for; None if that is unknown.
        is_served: whether the map allows the legacy code to answer.

    """

    legacy: str
    canonical: str
    is_factory: bool = False
    services: tuple[str, ...] = ()
    in_legacy: bool | None = True
    is_served: bool = False


@dataclass(frozen=True, slots=True)
class Sampled:
    """A rule for instances that will be tested by making some.

    Attributes:
        canonical: the class or factory.
        key: where its key is found.
        sample: the function that returns arguments for a key, or empty.
        is_required: whether a call without a key is an error.

    """

    canonical: str
    key: str
    sample: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """The job of a child process.

    Attributes:
        map_file: path of the migration map.
        is_enforced: whether to enable the enforcer.
        search: the folders to prepend to the module search path.
        paths: the import paths.
        instances: the rules for instances.

    """

    map_file: str
    is_enforced: bool
    search: tuple[str, ...]
    paths: tuple[ImportPath, ...]
    instances: tuple[Sampled, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the job as a JSON document."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Job":
        """Create a job from its JSON document."""
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
    """The object that a path leads to.

    Attributes:
        path: the path.
        number: the object's number; 0 if there is none.
        kind: ``class``, ``module`` or ``other``.
        shown: the object's name.
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
    """The result of a call on a path.

    Attributes:
        rule: the canonical path of the rule for instances that it belongs to.
        path: what was called.
        context: where it was called.
        key: for which key; None for the call without one.
        number: the instance's number; 0 if there is none.
        kind: the number of its class.
        shown: its class's name.
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
    """Whether the calls of a legacy factory are delegated, or why not."""

    path: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Defined:
    """A class that an aliased module's own code defined, though that code should never run."""

    path: str


Fact = Looked | Called | Delegated | Defined

_KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind for kind in (Looked, Called, Delegated, Defined)
}


def as_line(fact: Fact) -> dict[str, Any]:
    """Return a fact as a JSON object."""
    return {"fact": type(fact).__name__, **asdict(fact)}


def from_lines(lines: Iterable[dict[str, Any]]) -> Iterator[Fact]:
    """Create facts from JSON objects."""
    for line in lines:
        kind = _KINDS.get(line.pop("fact", ""))
        if kind is not None:
            yield kind(**line)
