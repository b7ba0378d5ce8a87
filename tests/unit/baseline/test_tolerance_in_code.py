"""What a process tolerates, and what it reports where it can't know."""

from collections.abc import Container
from pathlib import Path
from typing import Any

import pytest

from enforcer.baseline.reader import BaselineError
from enforcer.baseline.tolerance import Tolerance
from enforcer.recording.use import CallSite
from enforcer.rules.exemptions import Exemption
from enforcer.rules.model import MigrationMap

SITE = CallSite("old", file="a.py", line=1, function="f", module="a", mechanism="import_statement")


def test_a_baseline_that_is_broken_is_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status and report show it; a process that has it already keeps the first one."""
    file = tmp_path / "baseline.toml"
    file.write_text("version = 3")
    notices: dict[Any, Any] = {}
    for _ in range(2):
        assert SITE in Tolerance(MigrationMap(baseline=str(file)), notices)

    (notice,) = notices.values()
    assert (notice.kind, notice.subject) == ("baseline", str(file))
    assert notice.text.startswith(f"strict paths refuse nobody: {file}:1: the version is 3")
    assert notice.text in capsys.readouterr().err


def test_a_program_may_want_to_stop_instead(tmp_path: Path) -> None:
    notices: dict[Any, Any] = {}
    map_ = MigrationMap(baseline=str(tmp_path / "none.toml"), fail_open=False)

    with pytest.raises(BaselineError, match="no-baseline"):
        assert SITE in Tolerance(map_, notices)
    assert not notices


def test_a_map_without_a_baseline_tolerates_nobody() -> None:
    assert SITE not in Tolerance(MigrationMap(), {})


def test_what_is_tolerated_is_a_site_of_the_baseline_or_an_exemption_that_holds() -> None:
    """An exemption has to speak of the site, and its day must not have passed."""

    def is_tolerated(*allow: Exemption, baseline: Container[CallSite] = ()) -> bool:
        return SITE in Tolerance(MigrationMap(allow=allow), {}, baseline)

    assert is_tolerated(baseline=[SITE])
    assert is_tolerated(Exemption("old", "a.py", "9999-12-31", ""))
    assert not is_tolerated(Exemption("old", "a.py", "2020-12-31", ""))
    assert not is_tolerated(Exemption("old", "b.py", "9999-12-31", ""))


@pytest.mark.parametrize(
    ("allowed", "is_tolerated"),
    [("", False), ("old", True), ("other old.*", True), ("older", False), ("old.sub", False)],
)
def test_the_running_test_may_use_what_its_marker_allows(
    monkeypatch: pytest.MonkeyPatch,
    allowed: str,
    is_tolerated: bool,  # noqa: FBT001 - a parameter
) -> None:
    """And so may the processes that it starts."""
    monkeypatch.setenv("ENFORCER_ALLOWED", allowed)

    assert (SITE in Tolerance(MigrationMap(), {})) is is_tolerated
