"""Read the tables ``[[stage]]``: stages for a part of the fleet."""

from enforcer.rules.keys import STAGE_KEYS
from enforcer.rules.model import path_of
from enforcer.rules.rollout import Rollout
from enforcer.rules.values import Table, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from enforcer.rules.model import Entry


def read_rollouts(tables: "Iterable[Table]", entries: "Sequence[Entry]") -> "list[Rollout]":
    """Read the tables, noting every mistake.

    Args:
        tables: the tables, in the order of the map.
        entries: the map's entries.

    """
    paths = [path_of(entry) for entry in entries]
    sound: list[Rollout] = []
    for table in tables:
        rollout = _read(table, paths)
        if rollout is not None:
            _note_hidden(table, rollout, sound)
            sound.append(rollout)
    return sound


def _read(table: Table, paths: "Sequence[str]") -> Rollout | None:
    before = len(table.mistakes.found)
    table.check_keys(STAGE_KEYS, "[[stage]]")
    rollout = Rollout(**table.read(STAGE_KEYS), line=table.mistakes.line_of(table.where))
    if "stage" not in table.values and "refuse" not in table.values:
        table.note_missing("stage", 'stage = "alias", or refuse = false', "the table")
    if paths and not any(rollout.covers(path) for path in paths):
        table.note(
            "path",
            message=f'no rule has the path "{rollout.path}".',
            remedy=nearest(rollout.path, paths),
            slug="unknown-path",
        )
    return rollout if len(table.mistakes.found) == before else None


def _note_hidden(table: Table, rollout: Rollout, earlier: "Iterable[Rollout]") -> None:
    """Note tables that have no effect in any process, because this one follows them."""
    for hidden in earlier:
        if rollout.hides(hidden):
            table.mistakes.add(
                table.where,
                message=f"it holds wherever the table at line {hidden.line} does, which has no "
                "effect then: of the tables that hold, the last one decides.",
                remedy="Write the table for more of the fleet first, or remove one.",
                slug="stage-without-effect",
            )
