"""Call sites that strict mode tolerates in a process: by baseline, exemption or running test.

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
    """The call sites that a map tolerates: its baseline, and exemptions that expire."""

    __slots__ = ("_baseline", "_map", "_notices")

    def __init__(
        self,
        migration_map: "MigrationMap",
        notices: "dict[tuple[str, str], Notice]",
        baseline: "Container[CallSite] | None" = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            migration_map: the map, which may name a baseline and has the exemptions.
            notices: collects the notice that the baseline can't be read.
            baseline: replaces the map's baseline.

        """
        self._map = migration_map
        self._notices = notices
        self._baseline = baseline

    def __contains__(self, site: object) -> bool:
        """Return whether a call site is tolerated today."""
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
        # Imported here to keep the watched program light: most processes never read a baseline.
        from pathlib import Path

        from enforcer.baseline.reader import BaselineError, read_baseline

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
    """Return whether the test that started this process allows the path; children inherit it."""
    allowed = allowed_paths()
    if not allowed:
        return False
    from enforcer.rules.model import covers_path  # only some processes of test runs

    return any(covers_path(path, site.path) for path in allowed)


class Everything:
    """Container of every call site, for which nothing is refused."""

    def __contains__(self, _site: object) -> bool:
        return True
