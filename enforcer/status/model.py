"""Hold what ``enforcer status`` found out."""

from dataclasses import dataclass

from enforcer.rules.mistakes import Mistake
from enforcer.rules.model import MigrationMap
from enforcer.source.extensions import Candidate
from enforcer.status.interpreter import Installation, State
from enforcer.store.queries import NoticeOf


@dataclass(frozen=True, slots=True)
class MapFound:
    """Say which map holds, and what is wrong with it.

    Attributes:
        path: the map, absolute; empty if there is none.
        chosen_by: ``--map``, ``ENFORCER_MAP``, ``search`` (found from here) or ``code`` (what
            enables it at start-up names it); empty if there is none.
        written: what the variable or the option says, as written.
        content: the map, without what programs ignore of it; None if they can take nothing.
        mistakes: what is wrong with it.
        compiled: whether its compiled form is kept; None if that is not known.

    """

    path: str = ""
    chosen_by: str = ""
    written: str = ""
    content: MigrationMap | None = None
    mistakes: tuple[Mistake, ...] = ()
    compiled: bool | None = None


@dataclass(frozen=True, slots=True)
class StoreFound:
    """Say where uses are kept, and whether that works.

    Attributes:
        path: the store, absolute; empty if it is not known.
        exists: whether there is one.
        error: why it can't be read or written; empty if it can.
        processes: how many processes have written to it.
        last_written: when one did last, in nanoseconds since the epoch; 0 for never.
        blind: what processes that wrote lately could not see.

    """

    path: str = ""
    exists: bool = False
    error: str = ""
    processes: int = 0
    last_written: int = 0
    blind: tuple[NoticeOf, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtensionsFound:
    """Say which compiled files may not get along with aliases.

    Attributes:
        searched: how many were searched.
        left_out: how many were not: too large, not readable, or the time was up.
        candidates: those that may not.

    """

    searched: int = 0
    left_out: int = 0
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Say whether and how the enforcer is enabled here, and what it can't see.

    Attributes:
        installation: the interpreter, and where it has the enforcer from.
        state: what is enabled in a fresh process of this environment.
        with_map: the same with the map that was found, where the environment names none.
        modes: whether the enforcer is enabled under each option of Python.
        map: the migration map.
        stage: what ``ENFORCER_STAGE`` says; empty if nothing.
        store: where uses are kept.
        late: legacy modules that are loaded before the enforcer is.
        extensions: compiled files that may not get along with aliases.

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
