"""Tombstones: removed rules, which stay in the map until nobody asks for their paths any more."""

from pathlib import Path

from enforcer.retirement.changes import Changes
from enforcer.retirement.map_text import MapText
from enforcer.retirement.retirement import Retirement
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.repository import top_of


def bury(rule: Rule, migration_map: MigrationMap) -> Retirement:
    """Prepare the change that takes a tombstone out of the map.

    Args:
        rule: a removed rule, whose verdict is that nobody asked for it for ``tombstone_for``.
        migration_map: the map.

    """
    text = MapText(migration_map.path)
    text.drop(rule.legacy)
    changes = Changes(Path(top_of(migration_map.root, migration_map.path)))
    changes.change(Path(text.file), text.text.encode("utf-8"))
    return Retirement(rule, changes, (), 0, 0, (), 0)
