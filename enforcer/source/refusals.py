"""Places that the current stages of a map would refuse.

Judged as at run time (``enforcer.runtime.imports.uses``): stage removed refuses everybody, stage
strict
whatever is neither in the baseline nor exempted; except for tests with a marker that allows it or
expects a refusal. The key of a place in a baseline (legacy path, file, function and mechanism) is
derived from its source.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Final

from enforcer.baseline.model import Baseline
from enforcer.baseline.reader import read_baseline
from enforcer.baseline.tolerance import Tolerance
from enforcer.findings import MODULE_LEVEL
from enforcer.recording.use import (
    ATTRIBUTE,
    CALL,
    IMPORT_MODULE,
    IMPORT_STATEMENT,
    CallSite,
)
from enforcer.rules.model import NAME, TREE, MigrationMap, Rule
from enforcer.rules.stages import REMOVED, STRICT
from enforcer.source.markers import ALLOWING, EXPECTING
from enforcer.source.module_files import Locator
from enforcer.source.resolution import Ask, Site

_MECHANISMS: Final = {
    "attribute": ATTRIBUTE,
    "call": IMPORT_MODULE,
    "from": IMPORT_STATEMENT,
    "import": IMPORT_STATEMENT,
}


class Refusals:
    """Judge of places by the stages of their rules."""

    def __init__(
        self, migration_map: MigrationMap, locator: Locator, baseline: Baseline | None = None
    ) -> None:
        """Prepare; the map's baseline is read when a strict rule is met.

        Args:
            migration_map: the map.
            locator: finds modules.
            baseline: replaces the map's baseline.

        """
        self._map = migration_map
        self._locator = locator
        self._baseline = baseline
        self._tolerance: Tolerance | None = None

    def refused(self, rule: Rule, asks: Iterable[Ask]) -> tuple[Site, ...]:
        """Return the places whose imports and look-ups the stage of a rule refuses.

        Raises:
            BaselineError: if the map's baseline can't be read.

        """
        if not rule.refuses:
            return ()
        found = {
            site
            for site, path, names in self._uses(rule, asks)
            if self._is_refused(rule, site, path, _MECHANISMS[site.form], names)
        }
        return tuple(sorted(found))

    def refused_calls(self, rule: Rule, sites: Iterable[Site]) -> tuple[Site, ...]:
        """Return the places whose calls of a legacy factory its stage refuses.

        Raises:
            BaselineError: if the map's baseline can't be read.

        """
        if not rule.refuses:
            return ()
        found = {site for site in sites if self._is_refused(rule, site, rule.legacy, CALL)}
        return tuple(sorted(found))

    def _uses(self, rule: Rule, asks: Iterable[Ask]) -> Iterator[tuple[Site, str, tuple[str, ...]]]:
        """Yield each place with the legacy path and the names that would be recorded there."""
        names: dict[tuple[Site, str], set[str]] = defaultdict(set)
        for ask in asks:
            if ask.site.typing_only or ask.site.is_text or ask.site.through:
                continue
            is_use = ask.is_use or (ask.by_star and rule.stage == REMOVED and rule.kind == NAME)
            if is_use and not self._is_own(rule, ask):
                names[ask.site, ask.module].add(ask.name)
        for (site, module), asked in names.items():
            if rule.kind == NAME:
                yield site, rule.legacy, ()
                continue
            # If the only name is a submodule, the use is recorded as one of that submodule.
            (name, *more) = asked
            inside = f"{module}.{name}"
            is_submodule = bool(name) and not more and self._locator.locate(inside) is not None
            # An import of the module itself on the same line reaches every name.
            is_whole = is_submodule or "" in asked
            yield site, inside if is_submodule else module, () if is_whole else tuple(asked)

    def _is_own(self, rule: Rule, ask: Ask) -> bool:
        """Return whether a place belongs to the canonical code itself, which strict exempts."""
        if rule.stage != STRICT or rule.kind == NAME:
            return False
        if rule.kind == TREE and not rule.implementation:
            return rule.canonical_of(ask.module) in ask.callers
        return any(f"{caller}.".startswith(f"{rule.target}.") for caller in ask.callers)

    def _is_refused(
        self, rule: Rule, site: Site, path: str, mechanism: str, names: tuple[str, ...] = ()
    ) -> bool:
        if site.excuse == EXPECTING or self._expects(site):
            return False
        if rule.stage == REMOVED:
            return True
        if site.excuse == ALLOWING:
            return False
        used = CallSite(
            path,
            file=site.file,
            line=site.line,
            function=site.function,
            module="",
            mechanism=mechanism,
            names=names,
        )
        return used not in self._tolerated()

    def _expects(self, site: Site) -> bool:
        """Return whether the map lists the test around a place in ``expect_refusals``."""
        node = f"{site.file}::{site.function.replace('.', '::')}"
        for named in self._map.expect_refusals:
            test = named.partition("[")[0]
            if f"{node}::".startswith(f"{test}::") or (
                test.endswith("/") and node.startswith(test)
            ):
                return site.function != MODULE_LEVEL
        return False

    def _tolerated(self) -> Container[object]:
        if self._tolerance is None:
            baseline = self._baseline
            if baseline is None:
                file = self._map.baseline
                baseline = read_baseline(Path(file)) if file else Baseline()
            self._tolerance = Tolerance(self._map, {}, baseline)
        return self._tolerance
