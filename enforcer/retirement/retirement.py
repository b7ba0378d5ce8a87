"""The change that deletes a legacy path: files, map, baseline, docs and comments."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from enforcer.baseline import Baseline
from enforcer.baseline.reader import read_baseline
from enforcer.baseline.writer import baseline_text
from enforcer.retirement.changes import Changes
from enforcer.retirement.legacy_code import (
    ByHand,
    files_of,
    module_file,
    require_childless,
    require_own,
    without_name,
)
from enforcer.retirement.map_text import MapText
from enforcer.retirement.mentions import Mentions
from enforcer.retirement.steps import rollouts_of
from enforcer.rules.model import FACTORY, NAME, TREE_SUFFIX, MigrationMap, Rule, covers_path
from enforcer.rules.repository import top_of
from enforcer.rules.stages import REMOVED
from enforcer.source.source_scan import scan_source


@dataclass(frozen=True, slots=True)
class Retirement:
    """A prepared retirement; nothing is written yet.

    Attributes:
        rule: the rule, as it is in the map.
        changes: all changes of files.
        by_hand: the places that a person has to look at.
        entries: how many entries of the baseline leave.
        exemptions: how many exemptions leave.
        factories: the legacy factories that leave the map with their module.
        mentions: how many mentions in docs and comments were rewritten.
        definition: the file that no longer defines the name; None for a module or tree.

    """

    rule: Rule
    changes: Changes
    by_hand: tuple[ByHand, ...]
    entries: int
    exemptions: int
    factories: tuple[str, ...]
    mentions: int
    definition: Path | None = None


def prepare(
    rule: Rule, migration_map: MigrationMap, *, today: dt.date, forced: str = ""
) -> Retirement:
    """Prepare the change that deletes a legacy path.

    Args:
        rule: the rule, which is not removed yet.
        migration_map: the map, with the stages that are written in it.
        today: the day that the map will have for it.
        forced: why it is deleted without a yes of the verdict; it stays in the map.

    Raises:
        EnforcerError: if the code belongs to a distribution, or other rules need the path.

    """
    require_own(rule, migration_map)
    require_childless(rule, migration_map)
    changes = Changes(Path(top_of(migration_map.root, migration_map.path)))
    by_hand: list[ByHand] = []
    definition = _delete_code(rule, migration_map, changes, by_hand)
    factories = _factories_in(rule, migration_map)
    exemptions = _change_map(rule, migration_map, changes, factories, (today, forced))
    by_hand += _stages_elsewhere(rule, migration_map)
    if forced:
        by_hand += _still_named(rule, migration_map, changes)
    entries = _prune_baseline(rule, migration_map, changes)
    # After the code, since files that are deleted are not searched.
    mentions = Mentions(rule, migration_map, changes)
    mentions.rewrite()
    places = sorted({*by_hand, *mentions.by_hand}, key=lambda one: (one.file, one.line))
    return Retirement(
        rule,
        changes,
        tuple(places),
        entries,
        exemptions,
        factories,
        mentions.rewritten,
        definition,
    )


def _delete_code(
    rule: Rule, migration_map: MigrationMap, changes: Changes, by_hand: list[ByHand]
) -> Path | None:
    """Delete files or a definition; return the file that no longer has the definition."""
    if rule.kind not in (NAME, FACTORY):
        for file in files_of(rule, migration_map):
            changes.delete(file)
        return None
    source = module_file(rule.module, migration_map)
    if source is None:
        return None
    name = rule.legacy.partition(":")[2]
    data = changes.read(source)
    try:
        text, reason = without_name(data.decode("utf-8"), name)
    except (SyntaxError, ValueError) as error:
        text, reason = "", f"it can't be parsed ({error})"
    if reason:
        by_hand.append(ByHand(source, 0, f'remove "{name}" by hand: {reason}'))
        return None
    changes.change(source, text.encode("utf-8"))
    return source


def _factories_in(rule: Rule, migration_map: MigrationMap) -> tuple[str, ...]:
    """Return the legacy factories of a module: nobody can call them without importing it."""
    if rule.kind in (NAME, FACTORY):
        return ()
    paths = (factory.legacy for factory in migration_map.factories)
    return tuple(path for path in paths if covers_path(rule.legacy, path))


def _change_map(
    rule: Rule,
    migration_map: MigrationMap,
    changes: Changes,
    factories: tuple[str, ...],
    removal: tuple[dt.date, str],
) -> int:
    """Set the rule to removed, and drop what concerns it; return how many exemptions leave."""
    text = MapText(migration_map.path)
    today, forced = removal
    text.set(rule.legacy, "stage", REMOVED)
    text.set(rule.legacy, "removed_on", today)
    if forced:
        text.set(rule.legacy, "forced", forced)
    for key in ("implementation", "fallback", "refuse"):
        text.unset(rule.legacy, key)
    # A removed rule that does not refuse would be strict: there is nothing left to import.
    if not migration_map.refuse:
        text.set(rule.legacy, "refuse", value=True)
    for path in factories:
        text.drop(path)
    covered = [
        index
        for index, exemption in enumerate(migration_map.allow)
        if covered_by(rule, exemption.path, migration_map)
    ]
    # From the last one: each removal moves the positions after it.
    for index in reversed(covered):
        text.drop_exemption(index)
    for index in reversed(text.stages_of(rule.legacy)):
        text.drop_stage(index)
    changes.change(Path(text.file), text.text.encode("utf-8"))
    return len(covered)


def _still_named(rule: Rule, migration_map: MigrationMap, changes: Changes) -> Iterator[ByHand]:
    """Yield the places in code that name the path: with a yes of the verdict there are none."""
    for one in scan_source(migration_map).references:
        file = Path(migration_map.root, one.file)
        if one.rule == rule.legacy and file not in changes.deleted:
            instead = f': write "{one.canonical}"' if one.canonical else ""
            yield ByHand(file, one.line, f"it uses the path, and fails from now on{instead}")


def _stages_elsewhere(rule: Rule, migration_map: MigrationMap) -> Iterator[ByHand]:
    """Yield the tables ``[[stage]]`` of several rules, which give this one another stage."""
    own = rule.legacy.removesuffix(TREE_SUFFIX)
    for rollout in rollouts_of(migration_map.path):
        is_shared = rollout.path.removesuffix(TREE_SUFFIX) != own
        if is_shared and rollout.covers(rule.legacy) and rollout.stage not in ("", REMOVED):
            reason = f"it sets {rollout.stage} for this path, too, in a part of the fleet"
            yield ByHand(Path(migration_map.path), rollout.line, reason)


def _prune_baseline(rule: Rule, migration_map: MigrationMap, changes: Changes) -> int:
    if not migration_map.baseline:
        return 0
    file = Path(migration_map.baseline).resolve()
    baseline = read_baseline(file)
    kept = [one for one in baseline if not covered_by(rule, one.path, migration_map)]
    gone = len(baseline) - len(kept)
    if gone:
        changes.change(file, baseline_text(Baseline(kept)).encode("utf-8"))
    return gone


def covered_by(rule: Rule, path: str, migration_map: MigrationMap) -> bool:
    """Return whether a rule, and no longer one, covers a path of a baseline or an exemption."""
    above = [one for one in migration_map if covers_path(one.legacy, path)]
    longest = max(above, key=lambda one: len(one.legacy.removesuffix(TREE_SUFFIX)), default=None)
    return longest is not None and longest.legacy == rule.legacy
