"""A fleet for tests of verdicts."""

from pathlib import Path

import pytest

from tests.fleets import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Return a fleet without a process."""
    return Fleet(str(tmp_path / "uses.db"))
