"""Move one rule to its next stage in the map's text."""

from pathlib import Path

from enforcer.errors import EnforcerError
from enforcer.retirement.changes import Changes
from enforcer.retirement.map_text import MapText
from enforcer.retirement.steps import Step
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import top_of
from enforcer.rules.stages import STRICT
from enforcer.rules.values import nearest


def find_step(steps: list[Step], path: str) -> Step:
    """Return the step of the rule with a legacy path.

    Raises:
        EnforcerError: if no rule has it; the message names the nearest one.

    """
    for step in steps:
        if step.rule.legacy == path:
            return step
    for step in steps:
        # Whoever means a tree may leave the star out.
        if step.rule.legacy.removesuffix(".*") == path:
            return step
    paths = [step.rule.legacy for step in steps]
    message = f'no rule has the path "{path}". {nearest(path, paths)} (unknown-path)'
    raise EnforcerError(message)


def advanced(step: Step, migration_map: MigrationMap) -> Changes:
    """Return the change of the map that moves a rule to its next stage."""
    text = MapText(migration_map.path)
    if step.following == STRICT and step.rule.stage == STRICT:
        text.set(step.rule.legacy, "refuse", value=True)
    else:
        text.set(step.rule.legacy, "stage", step.following)
    changes = Changes(Path(top_of(migration_map.root, migration_map.path)))
    changes.change(Path(text.file), text.text.encode("utf-8"))
    return changes
