"""Tell which uses of strict paths are tolerated, in the watched program.

The baseline is read when a strict path is first used: most processes never need it.
"""

import sys
from time import strftime

from enforcer.recording.items import allowed_paths
from enforcer.recording.notice import Notice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from enforcer.recording.use import CallSite
    from enforcer.rules.model import MigrationMap


class Tolerance:
    """Hold what a map tolerates: a baseline, and exemptions with an end."""

    __slots__ = ("_baseline", "_map", "_notices")

    def __init__(
        self,
        migration_map: "MigrationMap",
        notices: "dict[tuple[str, str], Notice]",
        baseline: "Container[CallSite] | None" = None,
    ) -> None:
        """Prepare; nothing is read.

        Args:
            migration_map: the map, which may name a baseline and has the exemptions.
            notices: where to say that the baseline can't be read.
            baseline: what is tolerated instead of what the map's baseline names.

        """
        self._map = migration_map
        self._notices = notices
        self._baseline = baseline

    def __contains__(self, site: object) -> bool:
        """Tell whether a call site is tolerated today."""
        baseline = self._baseline
        if baseline is None:
            baseline = self._baseline = self.read()
        if site in baseline:
            return True
        if _is_allowed(site):  # type: ignore[arg-type]
            return True
        today = strftime("%Y-%m-%d")
        return any(
            exemption.holds_on(today) and exemption.covers(site)  # type: ignore[arg-type]
            for exemption in self._map.allow
        )

    def read(self) -> "Container[CallSite]":
        """Read the map's baseline.

        Raises:
            BaselineError: if it can't be read, and the map says ``fail_open = false``.

        """
        if not self._map.baseline:
            return ()
        from pathlib import Path  # here, where a baseline is read at last

        from enforcer.baseline.reading import BaselineError, read_baseline

        try:
            return read_baseline(Path(self._map.baseline))
        except BaselineError as error:
            if not self._map.fail_open:
                raise
            text = f"strict paths refuse nobody: {error}"
            key = ("baseline", self._map.baseline)
            self._notices.setdefault(key, Notice(*key, text))
            sys.stderr.write(f"enforcer: {text}\n")
            return Everything()


def _is_allowed(site: "CallSite") -> bool:
    """Return whether the test that started this process may use a path, and so its children."""
    allowed = allowed_paths()
    if not allowed:
        return False
    from enforcer.rules.model import covers_path  # only some processes of test runs

    return any(covers_path(path, site.path) for path in allowed)


class Everything:
    """Tolerate every call site."""

    def __contains__(self, _site: object) -> bool:
        """Tell that it is tolerated."""
        return True
