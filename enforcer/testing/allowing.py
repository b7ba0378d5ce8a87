"""Read the marker ``allow_legacy``, and allow what it says."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from time import strftime

import pytest

from enforcer.recording.use import CallSite
from enforcer.rules.exemptions import Exemption
from enforcer.rules.model import MigrationMap
from enforcer.rules.values import nearest
from enforcer.testing.tolerated import MARKER


@dataclass(frozen=True, slots=True)
class Allowed:
    """Say what a marker allows.

    Attributes:
        path: a legacy path, with all below it.
        until: the last day, as ``YYYY-MM-DD``; empty if there is no end.

    """

    path: str
    until: str

    def covers(self, site: CallSite) -> bool:
        """Tell whether it allows a call site today."""
        return not self.is_over and Exemption(self.path, site.file, "", "").covers(site)

    @property
    def is_over(self) -> bool:
        """Whether its last day has passed."""
        return bool(self.until) and strftime("%Y-%m-%d") > self.until

    def __str__(self) -> str:
        """Write it as in the test's file."""
        return f'@pytest.mark.{MARKER}("{self.path}")'


def allowed_by(item: pytest.Item, migration_map: MigrationMap) -> tuple[Allowed, ...]:
    """Give what a test's markers allow.

    Raises:
        pytest.UsageError: if a marker has no path, no reason, or a path that no rule has.

    """
    return tuple(_read(item, migration_map))


def _read(item: pytest.Item, migration_map: MigrationMap) -> Iterator[Allowed]:
    markers = list(item.iter_markers(MARKER))
    known = [rule.legacy for rule in migration_map] if markers else []
    for marker in markers:
        until = str(marker.kwargs.get("until") or "")
        if not marker.args or not marker.kwargs.get("reason"):
            raise _wrong(item, f'write {MARKER}("package.old", reason="…")')
        if until and not _is_day(until):
            raise _wrong(item, f'"{until}" is not a day; write until="2026-12-31"')
        for path in marker.args:
            if not any(_reaches(path, legacy) for legacy in known):
                raise _wrong(item, f'no rule has the path "{path}". {nearest(str(path), known)}')
            yield Allowed(path, until)


def _reaches(path: object, legacy: str) -> bool:
    if not isinstance(path, str):
        return False
    own = legacy.removesuffix(".*")
    return path in (legacy, own) or (legacy.endswith(".*") and path.startswith(f"{own}."))


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _wrong(item: pytest.Item, message: str) -> pytest.UsageError:
    return pytest.UsageError(f"{item.nodeid}: @pytest.mark.{MARKER}: {message} (bad-marker)")
