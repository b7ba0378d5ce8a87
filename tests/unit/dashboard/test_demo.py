"""The demonstration is the same each time, and its uses stand where its source says."""

import json
from pathlib import Path
from typing import Any

from enforcer.dashboard.demo.history import Demo, invent
from enforcer.report import build
from enforcer.report.as_json import as_json
from enforcer.rules.loader import load_map


def test_same_moment_gives_the_same_history(
    tmp_path: Path, report: dict[str, Any], demo_moment: int
) -> None:
    again = invent(tmp_path, demo_moment)
    assert json.loads(as_json(build(str(again.store)))) == report


def test_uses_stand_in_the_source(demo: Demo) -> None:
    """Each own call site's line names what it uses."""
    root = demo.map_file.parent
    for rule in build(str(demo.store)).rules:
        for site in rule.call_sites:
            if site.relation == "own":
                line = (root / site.file).read_text().splitlines()[site.line - 1]
                assert site.path.rpartition(".")[2].rpartition(":")[2] in line


def test_map_is_sound(demo: Demo) -> None:
    """The map of the demonstration loads, and has every stage."""
    stages = {rule.stage for rule in load_map(str(demo.map_file), environ={})}
    assert stages == {"observe", "alias", "warn", "strict", "removed"}
