"""Record of the call sites of a test run, and of whether it was complete; its JSON form."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from enforcer.baseline.model import Key, Names, key_of, names_of
from enforcer.recording.use import BLOCKED, PROBE, Use

ALLOWED = "allowed"
"""Excuse of a use that a marker or the map allows for some time."""

EXPECTED = "expected"
"""Excuse of a refusal that a test expects."""


class SeenSite(NamedTuple):
    """One call site that was seen.

    A named tuple: each test run loads it, and a dataclass takes ten times as long to create.

    Attributes:
        path: the legacy path.
        file: the caller's file, as in a baseline.
        function: the caller's function.
        kind: how it imported.
        line: the caller's line.
        outcome: ``blocked`` if it was ever refused, or else its first outcome.
        owner: who owns the rule, or empty.
        where: the test, fixture or other part of the run that executed it first.
        excuse: why it does not belong in a baseline: :data:`ALLOWED`, :data:`EXPECTED`, or empty.
        names: the names that it asks for, as ``asked_names`` returns them; None where an earlier
            version did not record them.

    """

    path: str
    file: str
    function: str
    kind: str
    line: int
    outcome: str
    owner: str
    where: str
    excuse: str = ""
    names: Names = None

    @property
    def key(self) -> Key:
        """The key of its entry in a baseline."""
        return self.path, self.file, self.function, self.kind

    @property
    def place(self) -> str:
        """File, line and function for people."""
        function = "" if self.function == "<module>" else f" in {self.function}()"
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}{function}"


class Record:
    """Set of call sites, each once.

    Attributes:
        missing: why the run could not see all there is, or empty.
        has_tests: whether any test ran.
        blind: legacy paths that not all processes watched, with the reason.
        lost: what is known to be missing for every rule, a sentence each.
        safe_mode: why the run, or a part of it, was in safe mode and saw nothing; or empty.

    """

    def __init__(self) -> None:
        self.missing = ""
        self.blind: dict[str, str] = {}
        self.lost: tuple[str, ...] = ()
        self.safe_mode = ""
        self.has_tests = False
        self._sites: dict[Key, dict[int, SeenSite]] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the run could see all there is."""
        return not self.missing

    @property
    def shows_what_is_gone(self) -> bool:
        """Whether a missing call site is evidence that it is gone, unless its rule is blind."""
        return self.is_complete and not self.lost

    def miss(self, why: str) -> None:
        """Record why the run could not see all there is; the first reason is kept."""
        self.missing = self.missing or why

    def add(self, use: Use, where: str, excuse: str = "") -> None:
        """Add a use by one part of the run."""
        if use.site.mechanism != PROBE:
            key, line, owner = key_of(use.site), use.site.line, use.rule.owner
            names = names_of(use.site)
            self.add_site(SeenSite(*key, line, use.outcome, owner, where, excuse, names))

    def merge(self, document: dict[str, Any]) -> None:
        """Merge the record of another process of the same run."""
        if not document["is_complete"]:
            self.miss(str(document.get("missing") or "not all tests ran"))
        # Records of earlier versions lack these fields.
        self.safe_mode = self.safe_mode or str(document.get("safe_mode") or "")
        self.has_tests = self.has_tests or bool(document.get("has_tests", True))
        for fields in document["sites"]:
            # JSON has no tuples.
            names = fields.get("names")
            named = {"names": None if names is None else tuple(map(str, names))}
            self.add_site(SeenSite(**{**fields, **named}))

    def as_document(self) -> dict[str, Any]:
        """Return the record as a JSON document."""
        sites = [site._asdict() for site in self]
        return {
            "is_complete": self.is_complete,
            "missing": self.missing,
            "safe_mode": self.safe_mode,
            "has_tests": self.has_tests,
            "sites": sites,
        }

    def add_site(self, site: SeenSite) -> None:
        """Add a call site; an earlier record of it is replaced only by a graver one.

        A use without an excuse is graver than one with, and then a refusal graver than a use.
        """
        known = self._sites.setdefault(site.key, {}).setdefault(site.line, site)
        heavier = site if _weight(site) > _weight(known) else known
        self._sites[site.key][site.line] = heavier._replace(names=_both(known.names, site.names))

    def __len__(self) -> int:
        """Return the number of keys that a baseline would have."""
        return len(self._sites)

    def __iter__(self) -> Iterator[SeenSite]:
        """Iterate over the call sites, sorted."""
        for key in sorted(self._sites):
            yield from self.sites_of(key)

    def sites_of(self, key: Key) -> list[SeenSite]:
        """Return the call sites of one entry of a baseline, sorted by line."""
        return [site for _, site in sorted(self._sites.get(key, {}).items())]

    def lines(self) -> dict[Key, dict[int, Names]]:
        """Return the lines without an excuse, with their names, by key."""
        lines: dict[Key, dict[int, Names]] = {}
        for key, sites in self._sites.items():
            without_excuse = {line: site.names for line, site in sites.items() if not site.excuse}
            if without_excuse:
                lines[key] = without_excuse
        return lines


def _both(names: Names, others: Names) -> Names:
    """Merge the names of two statements on one line; the module itself covers all names."""
    if names is None or others is None:
        return None
    return tuple(sorted({*names, *others})) if names and others else ()


def _weight(site: SeenSite) -> tuple[bool, bool]:
    return not site.excuse, site.outcome == BLOCKED
