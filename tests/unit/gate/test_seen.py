"""What a run's processes have left in a store."""

import subprocess
import sys
from pathlib import Path

from enforcer.baseline.record import SeenSite
from enforcer.gate.seen import sites_of_run
from enforcer.rules.loading import load_map
from enforcer.store.reading import Reader

PROGRAM = """
import importlib.util
import enforcer
enforcer.enable("enforcer.toml")
importlib.util.find_spec("old")
from old import X
"""


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
