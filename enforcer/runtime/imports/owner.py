"""The interface between the parts of the import side: what each part asks of the watch, its owner.

Types only: no module imports this one when it runs. A link, an alias, a lock's gate or a package's
descriptor knows its owner by these protocols, so each can be read without the others.
``Watch`` creates the parts and implements :class:`Owner`; it is the only module that knows all.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from types import FrameType, ModuleType
from typing import Any, Protocol, TypeVar

from enforcer.recording.recorder import Tally
from enforcer.rules.model import MigrationMap, Rule
from enforcer.runtime.imports.callers import Caller
from enforcer.runtime.imports.cpython import ModuleSpec
from enforcer.runtime.imports.fetches import Stars
from enforcer.runtime.imports.leaves import Leaves
from enforcer.runtime.imports.module_files import Locator
from enforcer.runtime.imports.sites import Sites
from enforcer.runtime.imports.uses import Uses

T = TypeVar("T")


class LegacyLink(Protocol):
    """What locks, packages and the owner know of a legacy path's link."""

    legacy: str
    rule: Rule
    sites: Sites
    fetches: Sites
    in_place: bool
    canonical: str
    settled: object
    spec: ModuleSpec | None

    @property
    def watch(self) -> "Owner":
        """The owner of the link."""

    @property
    def module(self) -> object:
        """The object in ``sys.modules`` for the legacy path, or None."""

    def settle(self) -> bool:
        """Bring the module up to date; return whether it will stay as it is."""

    def record(self, caller: Caller) -> Tally | None:
        """Count a use."""

    def confirm_at_lock(self, frame: FrameType) -> bool:
        """Count an import at the module's lock; return whether it has to wait."""

    def counts_later(self, frame: FrameType | None) -> bool:
        """Return whether an import is counted by what follows it."""

    def waits_unseen(self) -> bool:
        """Return whether a waiting thread may not have read a watched ``__spec__``."""

    def record_load(self, loading: FrameType) -> None:
        """Count an import that passed the module's lock."""

    def record_waiting(self, frame: FrameType | None) -> None:
        """Count an import by C code that waited for the module."""

    def forget(self) -> None:
        """Clear the caches of instructions."""


class Gates(Protocol):
    """The locks of legacy modules; see :mod:`enforcer.runtime.imports.locks`."""

    def install(self, link: LegacyLink) -> None:
        """Put a gate on a legacy module's lock."""

    def refuse(self, link: LegacyLink, error: BaseException) -> None:
        """Store an error that is raised when this thread acquires the module's lock."""

    def fail_once(self, name: str, error: BaseException) -> None:
        """Raise an error when this thread imports a module."""

    def passes(self, loading: FrameType, *, waits: bool) -> bool:
        """Remember an import that will release the lock; return whether it is new."""

    def fails(self, loading: FrameType) -> None:
        """Forget an import that was refused before it acquired the lock."""

    def is_repeated(self, link: LegacyLink, loading: FrameType) -> bool:
        """Return whether an import is the retry of one that was counted."""

    def note_seen(self, link: LegacyLink, frame: FrameType) -> None:
        """Remember that an import which is about to wait was seen."""

    def expect(self, frame: FrameType) -> None:
        """Remember an instruction that acquires a lock next if it imports."""


class Packages(Protocol):
    """The packages of legacy modules; see :mod:`enforcer.runtime.imports.parents`."""

    def attach(self, link: LegacyLink) -> None:
        """Watch a legacy module's attribute on its package."""

    def attach_children(self, package: str) -> None:
        """Watch the legacy modules of a package whose body was just executed."""

    def counts(self, link: LegacyLink) -> bool:
        """Return whether a from-import of a legacy module is recorded at its package."""

    def watches(self, link: LegacyLink) -> bool:
        """Return whether a legacy module's attribute on its package is watched."""


class Forgetful(Protocol):
    """What caches instructions."""

    def forget(self) -> None:
        """Clear the cache."""


class Observed(Protocol):
    """Determines which observed path is imported; see :mod:`enforcer.runtime.imports.observed`."""

    def asked(self, sites: Sites, frame: FrameType, watched: object, spec: object) -> bool:
        """Count an import of an observed module."""


class StandsIn(Protocol):
    """Returns the specs of legacy modules; see :mod:`enforcer.runtime.imports.answers`."""

    def stand_in(self, name: str) -> None:
        """Put the alias of a loaded submodule into ``sys.modules``."""


class Names(Protocol):
    """Factories and instances, as far as an alias shows them."""

    def names_of(self, legacy: str) -> Mapping[str, Callable[[], object]]:
        """Return the names that an alias shows beside the canonical module's: name → maker."""


class Owner(Protocol):
    """What the parts ask of the watch; ``Watch`` describes the attributes."""

    map: MigrationMap
    uses: Uses
    enabled: bool
    unmoved: dict[str, Rule]
    locator: Locator
    leaves: Leaves
    stars: Stars
    branches: AbstractSet[str]
    forgetful: list[Forgetful]

    @property
    def links(self) -> Mapping[str, LegacyLink]:
        """Legacy path → its link."""

    @property
    def locks(self) -> Gates:
        """The gates on locks."""

    @property
    def parents(self) -> Packages:
        """The watched packages."""

    @property
    def observing(self) -> Observed:
        """What decides about observed paths."""

    @property
    def answers(self) -> StandsIn:
        """The specs of legacy modules."""

    @property
    def delegation(self) -> Names | None:
        """Factories and instances; None if the map has neither."""

    def was_loaded(self, name: str) -> None:
        """Install factories and instances of a module that was executed."""

    def own_code_loaded(self, name: str, code: ModuleType) -> None:
        """Install those of a legacy module's own code."""

    def match(self, path: str) -> Rule | None:
        """Return the rule that covers a module path, as it holds in this process."""

    def leave_unmoved(self, rule: Rule, legacy: str, canonical: str) -> Rule:
        """Return the rule in stage observe for a path whose canonical one is missing."""

    def replace_gone(self, rule: Rule, legacy: str, canonical: str) -> Rule | None:
        """Return the rule in stage alias for an observed path that has no code of its own."""

    def is_linked(self, path: str, module: object) -> bool:
        """Return whether a loaded module is a watched legacy module."""

    def apart(self, package: str) -> AbstractSet[str]:
        """Return the children of a legacy package that are not those of its canonical one."""

    def is_canonical_code(self, rule: Rule, frame: FrameType) -> bool:
        """Return whether a frame runs code of a rule's canonical module, or below it."""

    def locate(self, name: str) -> ModuleSpec | None:
        """Return a module's spec without importing anything."""

    def locate_legacy(self, name: str) -> ModuleSpec | None:
        """Return the spec of a legacy module's own code."""

    def is_probed(self, name: str, frame: FrameType) -> bool:
        """Return whether a module is imported because a caller probes for one below it."""

    def note_leaf(self, legacy: str, frame: FrameType) -> None:
        """Remember that C code imported a path for a frame."""

    def guarded(self, subject: str, call: Callable[..., T], *arguments: Any) -> T | None:  # noqa: ANN401 - any call's
        """Call a part whose errors must not break the program."""

    def notice(self, kind: str, subject: str, text: str) -> None:
        """Keep a notice for the map's owner."""
