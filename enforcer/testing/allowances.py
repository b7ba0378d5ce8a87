"""Markers ``allow_legacy`` and ``expect_refusal``, and the tests that a map names."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from time import strftime

import pytest

from enforcer.baseline.run_record import SeenSite
from enforcer.recording.use import CallSite
from enforcer.rules.model import MigrationMap, covers_path
from enforcer.rules.values import nearest
from enforcer.testing.tolerance import EXPECTING, MARKER


@dataclass(frozen=True, slots=True)
class Allowed:
    """A legacy path that a test may use, or expects to be refused.

    Attributes:
        path: a legacy path, with all below it; empty means every path.
        until: the last day, as ``YYYY-MM-DD``; empty if there is no end.

    """

    path: str
    until: str

    def covers(self, site: CallSite | SeenSite) -> bool:
        """Return whether it applies to a call site today."""
        if self.is_over:
            return False
        return not self.path or covers_path(self.path, site.path)

    @property
    def is_over(self) -> bool:
        """Whether its last day has passed."""
        return bool(self.until) and strftime("%Y-%m-%d") > self.until

    def __str__(self) -> str:
        """Format it as in the test's file."""
        return f'@pytest.mark.{MARKER}("{self.path}")'


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of one test.

    Attributes:
        allowed: what it may use.
        expected: what it expects to be refused.

    """

    allowed: tuple[Allowed, ...] = ()
    expected: tuple[Allowed, ...] = ()


EVERYTHING = Allowed("", "")


def marks_of(item: pytest.Item, migration_map: MigrationMap) -> Marks:
    """Return a test's marks, from its markers and from the map.

    Raises:
        pytest.UsageError: if a marker has no path, no reason, or a path that no rule has.

    """
    known = [rule.legacy for rule in migration_map]
    expected = list(_expected(item, known))
    if is_named(item.nodeid, migration_map.expect_refusals):
        expected.append(EVERYTHING)
    return Marks(tuple(_allowed(item, known)), tuple(expected))


def is_named(node_id: str, names: tuple[str, ...]) -> bool:
    """Return whether a test is one of those that the map names: a folder, a file, or a test."""
    return any(
        node_id == name
        or node_id.startswith((f"{name}::", f"{name}["))
        or (name.endswith("/") and node_id.startswith(name))
        for name in names
    )


def _allowed(item: pytest.Item, known: list[str]) -> Iterator[Allowed]:
    for marker in item.iter_markers(MARKER):
        until = str(marker.kwargs.get("until") or "")
        if not marker.args or not marker.kwargs.get("reason"):
            raise _wrong(item, f'write {MARKER}("package.old", reason="…")', MARKER)
        if until and not _is_day(until):
            raise _wrong(item, f'"{until}" is not a day; write until="2026-12-31"', MARKER)
        for path in marker.args:
            yield Allowed(_known(path, item, known, MARKER), until)


def _expected(item: pytest.Item, known: list[str]) -> Iterator[Allowed]:
    for marker in item.iter_markers(EXPECTING):
        if not marker.args:
            yield EVERYTHING
        for path in marker.args:
            yield Allowed(_known(path, item, known, EXPECTING), "")


def _known(path: object, item: pytest.Item, known: list[str], marker: str) -> str:
    if not any(_reaches(path, legacy) for legacy in known):
        raise _wrong(item, f'no rule has the path "{path}". {nearest(str(path), known)}', marker)
    return str(path)


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


def _wrong(item: pytest.Item, message: str, marker: str) -> pytest.UsageError:
    return pytest.UsageError(f"{item.nodeid}: @pytest.mark.{marker}: {message} (bad-marker)")
