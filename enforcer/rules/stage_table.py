"""Read the tables ``[[stage]]``: stages for a part of the fleet."""

from enforcer.rules.model import path_of
from enforcer.rules.rollout import WHOLE, Rollout
from enforcer.rules.stages import STAGES
from enforcer.rules.values import Table, nearest, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from enforcer.rules.model import Entry

_KEYS = ("path", "service", "environment", "percent", "stage", "refuse")


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
    table.check_keys(_KEYS, "[[stage]]")
    rollout = Rollout(
        path=_read_name(table, "path"),
        service=_read_name(table, "service"),
        environment=_read_name(table, "environment"),
        percent=_read_percent(table),
        stage=_read_stage(table),
        refuse=table.flag("refuse", default=True) if "refuse" in table.values else None,
        line=table.mistakes.line_of(table.where),
    )
    if "stage" not in table.values and "refuse" not in table.values:
        table.mistakes.add(
            table.where,
            message='the table has no "stage".',
            remedy='Write stage = "alias", or refuse = false.',
            slug="missing-key",
        )
    if paths and not any(rollout.covers(path) for path in paths):
        table.note(
            "path",
            message=f'no rule has the path "{rollout.path}".',
            remedy=nearest(rollout.path, paths),
            slug="unknown-path",
        )
    return rollout if len(table.mistakes.found) == before else None


def _read_name(table: Table, key: str) -> str:
    name = table.string(key)
    if isinstance(table.values.get(key), str) and not name.strip():
        # Such as a template's variable that was not set: the table would apply everywhere.
        table.note(
            key,
            message=f'"{key}" is empty.',
            remedy=f"Write a name, or remove {key} for all of them.",
            slug="empty-name",
        )
    return name


def _read_stage(table: Table) -> str:
    stage = table.string("stage")
    if "stage" in table.values and stage not in STAGES:
        table.note(
            "stage",
            message=f'"{stage}" is not a stage.',
            remedy=f"Write one of {', '.join(STAGES)}.",
            slug="unknown-stage",
        )
    return stage


def _read_percent(table: Table) -> float:
    percent = table.values.get("percent", WHOLE)
    shown = type_of(percent)
    if isinstance(percent, (int, float)) and not isinstance(percent, bool):
        if 0 <= percent <= WHOLE:  # which NaN is not
            return percent
        shown = str(percent)
    table.note(
        "percent",
        message=f'"percent" is {shown}.',
        remedy="Write a number from 0 to 100: percent = 10.",
        slug="bad-percent",
    )
    return WHOLE


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
