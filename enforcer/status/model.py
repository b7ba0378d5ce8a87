"""Result of ``enforcer status``: the interpreter, its map, its store, compiled files."""

from dataclasses import dataclass

from enforcer.rules.mistakes import Mistake
from enforcer.rules.model import MigrationMap
from enforcer.source.extensions import Candidate
from enforcer.status.interpreter import Installation, State
from enforcer.store.queries import NoticeOf


@dataclass(frozen=True, slots=True)
class MapFound:
    """The map that is in force, and its mistakes.

    Attributes:
        path: the map, absolute; empty if there is none.
        chosen_by: ``--map``, ``ENFORCER_MAP``, ``search`` (found upwards from here) or ``code``
            (named by code that runs at start-up); empty if there is none.
        written: the value of the variable or the option, as written.
        content: the map, without what programs ignore of it; None if they can use nothing.
        mistakes: its mistakes.
        compiled: whether its compiled form is cached; None if unknown.

    """

    path: str = ""
    chosen_by: str = ""
    written: str = ""
    content: MigrationMap | None = None
    mistakes: tuple[Mistake, ...] = ()
    compiled: bool | None = None


@dataclass(frozen=True, slots=True)
class StoreFound:
    """The store, and whether it works.

    Attributes:
        path: the store, absolute; empty if unknown.
        exists: whether there is one.
        error: why it can't be read or written; empty if it can.
        processes: how many processes have written to it.
        last_written: the time of the last write, in nanoseconds since the epoch; 0 for never.
        blind: the blind spots of processes that wrote lately.

    """

    path: str = ""
    exists: bool = False
    error: str = ""
    processes: int = 0
    last_written: int = 0
    blind: tuple[NoticeOf, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtensionsFound:
    """Compiled files that may be incompatible with aliases.

    Attributes:
        searched: how many were searched.
        left_out: how many were not: too large, not readable, or the time was up.
        candidates: those that may be incompatible.

    """

    searched: int = 0
    left_out: int = 0
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Whether and how the enforcer is enabled here, and its blind spots.

    Attributes:
        installation: the interpreter, and the enforcer that is installed for it.
        state: the state of a new process in this environment.
        with_map: the same with the map that was found, if the environment names none.
        modes: whether the enforcer is enabled under each option of Python.
        map: the migration map.
        stage: the value of ``ENFORCER_STAGE``, or empty.
        store: the store.
        late: legacy modules that are loaded before the enforcer.
        extensions: compiled files that may be incompatible with aliases.

    """

    installation: Installation
    state: State
    with_map: State | None
    modes: dict[str, bool]
    map: MapFound
    stage: str
    store: StoreFound
    late: tuple[str, ...]
    extensions: ExtensionsFound
