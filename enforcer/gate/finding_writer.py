"""Writer of findings: places from the top of the repository, owners, and what to do instead."""

import os
from collections.abc import Iterable
from pathlib import Path

from enforcer.baseline.comparison import Judged
from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.run_record import SeenSite
from enforcer.gate.findings import Finding, Level
from enforcer.owners import Owners, split_owners
from enforcer.rules.model import FACTORY, NAME, TREE_SUFFIX, MigrationMap
from enforcer.rules.repository import is_installed, top_of, with_slashes


class FindingWriter:
    """Writer of the findings of one map and baseline.

    Attributes:
        top: the folder that the findings' files are relative to: the top of the repository.
        today: the date to compare with.
        update: the command that removes stale entries from the baseline.
        update_source: the command that takes the source into the baseline.
        is_stale_error: whether stale entries close the gate.

    """

    def __init__(  # noqa: PLR0913 - what every finding may name
        self,
        migration_map: MigrationMap,
        baseline: Baseline,
        today: str,
        *,
        update: str,
        update_source: str,
        is_stale_error: bool,
    ) -> None:
        self.top = Path(top_of(migration_map.root, migration_map.path))
        self.today = today
        self.update = update
        self.update_source = update_source
        self.is_stale_error = is_stale_error
        self._map = migration_map
        self._root = Path(migration_map.root)
        self._baseline = baseline
        self._owners = Owners(str(self.top))
        self._rules = {rule.legacy.removesuffix(TREE_SUFFIX): rule for rule in migration_map}

    def in_map(self, line: int) -> tuple[str, int]:
        """Return a place in the map."""
        return self._map.path, line

    def in_map_at(self, path: str) -> tuple[str, int]:
        """Return the place of the rule of a legacy path."""
        return self.in_map(self._rules[path].line)

    def write(  # noqa: PLR0913 - one parameter for each part
        self,
        kind: str,
        place: tuple[str, int],
        message: str,
        remedy: str,
        path: str,
        *,
        is_error: bool = True,
    ) -> Finding:
        """Return a finding at a place, whose file is relative to the root or absolute."""
        file, line = place
        file = self._from_top(file)
        level = Level.ERROR if is_error else Level.WARNING
        # No full stop after a command, which people copy.
        is_command = remedy.endswith((self.update, self.update_source))
        remedy = remedy if is_command else f"{remedy}."
        owners = self._owners.of(with_slashes(file))
        return Finding(file, line, kind, level, message, remedy, path, owners, self._owning(path))

    def stale(self, one: Judged, update: str, where: str = "") -> Finding:
        """Return the finding of an entry of the baseline whose call sites are gone."""
        entry = one.entry
        message = f"{entry} is gone{where and f' from{where[3:]}'}"
        if one.lines:
            message = f"{entry}: only {len(one.lines)} of them {_is(len(one.lines))} left{where}"
        return self.write(
            "stale-entry",
            (self._baseline.path, entry.line),
            message,
            f"Run: {update}",
            entry.path,
            is_error=self.is_stale_error,
        )

    def instead(self, path: str) -> str:
        """Return the remedy for a use of a legacy path."""
        module = path.partition(":")[0]
        rule = self._rules.get(path) or self._map.match(module)
        if rule is None:
            return "Use the canonical path"
        is_named = rule.kind in (NAME, FACTORY)
        canonical = rule.canonical if is_named else rule.canonical_of(module)
        return f'Use "{canonical}"'

    def are_exempted(self, sites: Iterable[SeenSite]) -> bool:
        """Return whether exemptions that hold today cover all of some call sites."""
        return all(
            any(one.holds_on(self.today) and one.covers(site) for one in self._map.allow)
            for site in sites
        )

    def _from_top(self, file: str) -> str:
        """Return a file's path relative to the top of the repository, as code hosts show it."""
        if file.startswith("<") or (is_installed(file) and not Path(file).is_absolute()):
            return file
        here = Path(os.path.normpath(self._root / file))
        is_inside = here.is_relative_to(self.top)
        return (here.relative_to(self.top) if is_inside else here).as_posix()

    def _owning(self, path: str) -> tuple[str, ...]:
        """Return the owners of the rule of a path, by the map."""
        rule = self._rules.get(path) or self._map.match(path.partition(":")[0])
        return split_owners(rule.owner) if rule is not None else ()


def within(entry: Entry) -> str:
    """Return in which function an entry is, as the end of a message."""
    return "" if entry.function == "<module>" else f" in {entry.function}()"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
