"""Move one rule to its next stage in the map's text."""

from pathlib import Path

from enforcer.retirement.changes import Changes
from enforcer.retirement.map_text import MapText
from enforcer.retirement.steps import Step
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import top_of
from enforcer.rules.stages import STRICT


def advanced(step: Step, migration_map: MigrationMap) -> Changes:
    """Return the change of the map that moves a rule to its next stage."""
    text = MapText(migration_map.path)
    # A dry run has the stage already, and lacks only the refusal.
    if step.following == STRICT and step.rule.stage == STRICT:
        text.set(step.rule.legacy, "refuse", value=True)
    else:
        text.set(step.rule.legacy, "stage", step.following)
    changes = Changes(Path(top_of(migration_map.root, migration_map.path)))
    changes.change(Path(text.file), text.text.encode("utf-8"))
    return changes
