"""Record which call sites a test run has seen, in a form that processes can hand on."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from enforcer.baseline.model import Key, key_of
from enforcer.recording.use import PROBE, Use


@dataclass(frozen=True, slots=True)
class SeenSite:
    """Describe one call site that was seen.

    Attributes:
        path: the legacy path.
        file: the caller's file, as in a baseline.
        function: the caller's function.
        kind: how it asked.
        line: the caller's line.
        outcome: what it got; the first one.
        owner: who owns the rule, or empty.
        where: the test, fixture or other part of the run that ran it first.

    """

    path: str
    file: str
    function: str
    kind: str
    line: int
    outcome: str
    owner: str
    where: str

    @property
    def key(self) -> Key:
        """What a baseline knows of it."""
        return self.path, self.file, self.function, self.kind

    def __str__(self) -> str:
        """Write where it is."""
        function = "" if self.function == "<module>" else f" in {self.function}()"
        return f"{self.file}:{self.line}{function}"


class Record:
    """Keep each call site once.

    Attributes:
        is_complete: whether the run could see all there is.

    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.is_complete = True
        self._sites: dict[Key, dict[int, SeenSite]] = {}

    def add(self, uses: Iterable[Use], where: str) -> None:
        """Note uses of one part of the run."""
        for use in uses:
            if use.site.mechanism != PROBE:
                fields = (use.site.line, use.outcome, use.rule.owner, where)
                self.add_site(SeenSite(*key_of(use.site), *fields))

    def merge(self, document: dict[str, Any]) -> None:
        """Take over what another process of the same run has seen."""
        self.is_complete = self.is_complete and bool(document["is_complete"])
        for fields in document["sites"]:
            self.add_site(SeenSite(**fields))

    def as_document(self) -> dict[str, Any]:
        """Give it in a form that other processes can read."""
        return {"is_complete": self.is_complete, "sites": [asdict(site) for site in self]}

    def add_site(self, site: SeenSite) -> None:
        """Note a call site; what was noted of it before stays."""
        self._sites.setdefault(site.key, {}).setdefault(site.line, site)

    def __iter__(self) -> Iterator[SeenSite]:
        """Go through the call sites, sorted."""
        for key in sorted(self._sites):
            yield from self.sites_of(key)

    def sites_of(self, key: Key) -> list[SeenSite]:
        """Give the call sites of one entry of a baseline, sorted by line."""
        return [site for _, site in sorted(self._sites.get(key, {}).items())]

    def lines(self) -> dict[Key, frozenset[int]]:
        """Give the lines by what a baseline knows of them."""
        return {key: frozenset(sites) for key, sites in self._sites.items()}
