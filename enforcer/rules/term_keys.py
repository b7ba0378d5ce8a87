"""Read the keys of the map that verdicts depend on: days, jobs and accepted breaks."""

from enforcer.rules.values import Table, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from enforcer.rules.values import Keys, Reader

_JOBS = 'jobs = [{ service = "quarterly-report", every = "92d" }]'
_ACCEPT = (
    'accept = [{ service = "worker", from = 2026-03-01, till = 2026-03-04, '
    'reason = "the cluster was moved" }]'
)
_MOST_DAYS = 36_500


def days(default: int) -> "Reader":
    """Return a reader of a number of days such as ``"30d"``, at least one."""

    def reader(table: Table, key: str) -> int:
        value = table.values.get(key)
        if value is None:
            return default
        number = value[:-1] if isinstance(value, str) and value.endswith("d") else ""
        # Digits of other scripts are decimal, too.
        if number.isascii() and number.isdecimal() and 0 < int(number[:6]) <= _MOST_DAYS:
            return int(number)
        shown = f'"{value}"' if isinstance(value, str) else type_of(value)
        table.note(
            key,
            message=f"{shown} is no number of days.",
            remedy=f'Write whole days, at least one: {key} = "{default or 30}d".',
            slug="bad-days",
        )
        return default

    return reader


def environments(default: "tuple[str, ...]") -> "Reader":
    """Return a reader of the names of environments, at least one."""

    def reader(table: Table, key: str) -> "tuple[str, ...]":
        if key not in table.values:
            return default
        names = table.strings(key)
        if table.values[key] == [] or not all(name.strip() for name in names):
            # Without one, no use would ever count.
            table.note(
                key,
                message=f'"{key}" names no environment.' if not names else "a name is empty.",
                remedy=f'Write the environments whose uses count: {key} = ["{default[0]}"].',
                slug="empty-name",
            )
        return tuple(name for name in names if name.strip()) or default

    return reader


def jobs(table: Table, key: str) -> "tuple[tuple[str, int, int], ...]":
    """Read the jobs as plain values, each with its line."""
    return tuple(
        (*one.read(JOB_KEYS).values(), table.mistakes.line_of(one.where))
        for one in _tables(table, key, JOB_KEYS, "a job", _JOBS)
    )


def accepted(table: Table, key: str) -> "tuple[tuple[str, str, str, str, int], ...]":
    """Read the accepted breaks as plain values, each with its line."""
    breaks = []
    for one in _tables(table, key, ACCEPT_KEYS, "an accepted break", _ACCEPT):
        service, since, till, reason = one.read(ACCEPT_KEYS).values()
        if since and till and till < since:
            one.note(
                "till",
                message=f"{till} is before {since}, the day in from.",
                remedy="Write a later day, or mend from.",
                slug="dates-reversed",
            )
        elif since and till:
            breaks.append((service, since, till, reason, table.mistakes.line_of(one.where)))
    return tuple(breaks)


def _tables(table: Table, key: str, keys: "Keys", owner: str, example: str) -> "Iterator[Table]":
    """Yield the tables of an array that have all of their keys."""
    tables = table.values.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        table.note_type(key, tables, example)
        return
    for index, values in enumerate(tables):
        one = Table((*table.where, key, index), values, table.mistakes)
        one.check_keys(keys, owner)
        missing = [needed for needed in keys if not values.get(needed)]
        for needed in missing:
            one.note_missing(needed, example, owner)
        if not missing:
            yield one


JOB_KEYS: "Keys" = {"service": Table.string, "every": days(0)}

ACCEPT_KEYS: "Keys" = {
    "service": Table.string,
    "from": Table.date,
    "till": Table.date,
    "reason": Table.string,
}
