"""A process that names a map and is not enabled leaves a line beside the store."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.gate.seen import blind_in_store
from enforcer.recording.process import Process
from enforcer.report import build
from enforcer.rules.model import MigrationMap, Rule
from enforcer.status.store import look_at_store
from enforcer.store import StoreError, not_enabled
from enforcer.store.not_enabled import leave_trace, traces_beside
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE, environment_without


def texts(path: Path) -> list[str]:
    return [text for _, text in traces_beside(str(path))]


@pytest.mark.process
@pytest.mark.parametrize("option", ["", "[enforcer]\nfail_open = false\n"])
def test_the_report_names_it(tmp_path: Path, option: str) -> None:
    """An alert reads the report where there is no telemetry."""
    store = tmp_path / "uses.db"
    with closing(Store(str(store))) as opened:
        opened.watch(Process(id="a" * 32, pid=1), [])
    (tmp_path / "enforcer.toml").write_text(f'{option}[[rule]]\nlegacy = "old"\n')
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", ""],
            env={
                **environment_without("ENFORCER"),
                "ENFORCER_MAP": str(tmp_path / "enforcer.toml"),
                "ENFORCER_STORE": str(store),
            },
            check=False,
            capture_output=True,
            timeout=PATIENCE,
        )

    (notice,) = [one for one in build(str(store)).notices if one.kind == "not-enabled"]
    happened = "stopped, as the map says fail_open = false: " if option else "not enabled: "
    assert notice.text.startswith(f"a process was {happened}{tmp_path}/enforcer.toml:")
    assert notice.text.endswith("(missing-key), 2 times")
    found = look_at_store(str(store))
    assert [(one.kind, one.processes) for one in found.blind] == [("not-enabled", 2)]
    assert found.blind[0].text.startswith(happened)


def test_it_is_no_evidence(tmp_path: Path) -> None:
    """The gate does not take for gone what such a process may have used."""
    store = tmp_path / "uses.db"
    with closing(Store(str(store))) as opened:
        opened.watch(Process(id="a" * 32, pid=1), [Rule("old", "new")])
    migration_map = MigrationMap([Rule("old", "new")])
    assert blind_in_store(build(str(store)), str(store), migration_map) == {}

    leave_trace(str(store), "not enabled: a reason")
    assert blind_in_store(build(str(store)), str(store), migration_map) == {
        "old": "not watched by 1 process that was not enabled"
    }


def test_who_looks_for_a_store_hears_of_it(tmp_path: Path) -> None:
    """Where no process was enabled, "run your program first" would be the wrong advice."""
    store = str(tmp_path / "uses.db")
    with pytest.raises(StoreError, match="run your program with"):
        build(store)
    leave_trace(store, "not enabled: a reason")
    with pytest.raises(StoreError, match='was not enabled, see "enforcer status"'):
        build(store)
    assert [one.text for one in look_at_store(store).blind] == ["not enabled: a reason"]


def test_no_folder_is_made_for_it(tmp_path: Path) -> None:
    """A map in a folder where nobody recorded anything leaves nothing behind."""
    leave_trace(str(tmp_path / ".enforcer/uses.db"), "not enabled")
    assert list(tmp_path.iterdir()) == []


def test_it_is_one_line_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the text is, and however often a process is started."""
    monkeypatch.setattr(not_enabled, "MOST_BYTES", 5_000)
    store = tmp_path / "uses.db"
    leave_trace(str(store), "a\nb\udce9 c")
    assert texts(store) == ["a b  c"]
    for number in range(20):
        leave_trace(str(store), f"{number} {'x' * 2_000}")
    assert 0 < (tmp_path / "uses.db.not-enabled").stat().st_size <= 5_000
    assert texts(store)[-1].startswith("19 x")


def test_a_pipe_under_its_name_holds_up_nothing(tmp_path: Path) -> None:
    """Nor does a file with anything else in it."""
    store = tmp_path / "uses.db"
    os.mkfifo(f"{store}.not-enabled")
    leave_trace(str(store), "not enabled")
    assert texts(store) == []
    os.unlink(f"{store}.not-enabled")  # noqa: PTH108 - a str
    Path(f"{store}.not-enabled").write_bytes(b"\xff\nx y\n12\n13 so\n")
    assert texts(store) == ["so"]


def test_another_name_of_a_file_is_not_written(tmp_path: Path) -> None:
    """A stranger who guesses the name may have made it a name of a file of ours."""
    ours = tmp_path / "ours"
    ours.write_text("ours\n")
    (tmp_path / "uses.db.not-enabled").hardlink_to(ours)
    leave_trace(str(tmp_path / "uses.db"), "why")
    assert ours.read_text() == "ours\n"
