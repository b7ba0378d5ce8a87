"""What a process tolerates, and what it reports where it can't know."""

from pathlib import Path
from typing import Any

import pytest

from enforcer.baseline.reading import BaselineError
from enforcer.baseline.tolerance import Tolerance
from enforcer.recording.use import CallSite
from enforcer.rules.model import MigrationMap

SITE = CallSite("old", file="a.py", line=1, function="f", module="a", mechanism="import_statement")


def test_a_baseline_that_is_broken_is_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status and report show it; a process that has it already keeps the first one."""
    file = tmp_path / "baseline.toml"
    file.write_text("version = 2")
    notices: dict[Any, Any] = {}
    for _ in range(2):
        assert SITE in Tolerance(MigrationMap(baseline=str(file)), notices)

    (notice,) = notices.values()
    assert (notice.kind, notice.subject) == ("baseline", str(file))
    assert notice.text.startswith(f"strict paths refuse nobody: {file}:1: the version is 2")
    assert notice.text in capsys.readouterr().err


def test_a_program_may_want_to_stop_instead(tmp_path: Path) -> None:
    notices: dict[Any, Any] = {}
    map_ = MigrationMap(baseline=str(tmp_path / "none.toml"), fail_open=False)

    with pytest.raises(BaselineError, match="no-baseline"):
        assert SITE in Tolerance(map_, notices)
    assert not notices


def test_a_map_without_a_baseline_tolerates_nobody() -> None:
    assert SITE not in Tolerance(MigrationMap(), {})
