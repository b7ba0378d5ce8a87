"""What a run's processes have left in a store."""

import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.baseline.run_record import Record, SeenSite
from enforcer.errors import EnforcerError
from enforcer.gate.seen import (
    BLIND_TO_SOME,
    blind_in_store,
    lost_in_store,
    read_records,
    sites_of_run,
    write_record,
)
from enforcer.report import build
from enforcer.rules.loader import load_map
from enforcer.store.sqlite.reader import Reader

PROGRAM = """
import importlib.util
import enforcer
enforcer.enable("enforcer.toml")
importlib.util.find_spec("old")
from old import X
"""


@pytest.mark.process
def test_the_call_sites_of_one_run(tmp_path: Path) -> None:
    """With the owner of the rule; a probe is no use."""
    rule = '[[rule]]\nlegacy = "old"\ncanonical = "new"\nowner = "@shop"\n'
    (tmp_path / "enforcer.toml").write_text(f'[enforcer]\nstore = "uses.db"\n{rule}')
    (tmp_path / "new.py").write_text("X = 1\n")
    (tmp_path / "app.py").write_text(PROGRAM)
    for run in ("one", "other"):
        subprocess.run(
            [sys.executable, "app.py"], cwd=tmp_path, env={"ENFORCER_RUN": run}, check=True
        )
    migration_map = load_map(str(tmp_path / "enforcer.toml"), environ={})

    with Reader(migration_map.store) as reader:
        sites = list(sites_of_run(reader, migration_map, "one"))
        nothing = list(sites_of_run(reader, migration_map, "none"))
    expected = SeenSite(
        "old", "app.py", "<module>", "import_statement", 6, "aliased", "@shop", "one", names=("X",)
    )
    assert sites == [expected]
    assert nothing == []


BLIND = """
import enforcer
from enforcer.recording.notice import Notice
from enforcer.startup import active
enforcer.enable("enforcer.toml")
for subject in ("old", "another hook"):
    active().note(Notice("blind", subject, f"{subject} hides imports."))
import old, older
"""


@pytest.mark.process
def test_what_a_process_could_not_see(tmp_path: Path) -> None:
    """Of a path it concerns that path's rule; anything else concerns all of them."""
    rule = '[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
    text = f'[enforcer]\nstore = "uses.db"\n{rule}{rule.replace("old", "older")}'
    (tmp_path / "enforcer.toml").write_text(text)
    (tmp_path / "new.py").write_text("")
    (tmp_path / "app.py").write_text(BLIND)
    subprocess.run([sys.executable, "app.py"], cwd=tmp_path, env={}, check=True)
    migration_map = load_map(str(tmp_path / "enforcer.toml"), environ={})

    report = build(migration_map.store)

    blind = blind_in_store(report, migration_map.store, migration_map)
    assert blind == {"old": BLIND_TO_SOME}
    assert lost_in_store(report, migration_map) == ("another hook hides imports.",)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The folder is made; where it can't be, that is a line."""
    record = Record()
    site = SeenSite("old", "app.py", "f", "call", 3, "aliased", "", "a test", names=("X",))
    record.add_site(site)
    write_record(record, tmp_path / "records" / "run.json")

    assert list(read_records((tmp_path / "records" / "run.json",))) == [site]
    (tmp_path / "file").touch()
    with pytest.raises(EnforcerError, match=r"can't be written: .* \(record-unwritable\)"):
        write_record(record, tmp_path / "file" / "run.json")
