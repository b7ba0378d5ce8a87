"""The keys of every table of a migration map, each with what reads it.

A reader takes a table and a key, notes what is wrong with the value, and returns a value to go on
with. What takes two keys, or two tables, is checked where the table becomes a rule.
"""

from enforcer.rules.factory_model import ERROR, OWN, STRONG, WEAK
from enforcer.rules.model import (
    DEFAULT_QUIET_DAYS,
    DEFAULT_TOMBSTONE_DAYS,
    KEEP_DAYS,
    LEAST_DAYS,
    LEGACY_FALLBACK,
    LOGS,
    NAME,
    NO_LOG,
    PRODUCTION,
)
from enforcer.rules.paths import check_callable, check_path, is_identifier, kind_of
from enforcer.rules.rollout import WHOLE
from enforcer.rules.stages import ALIAS, OBSERVE, STAGES
from enforcer.rules.store_address import SQLITE, scheme_of
from enforcer.rules.term_keys import accepted, days, environments, jobs
from enforcer.rules.values import Table, checked, choice, flag, optional, required, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard

    from enforcer.rules.values import Keys, Reader

_SOURCE_FILE = "{file}"
_EXEMPTION = (
    'allow = [{ path = "package.old", caller = "package/file.py", until = 2026-12-31, '
    'reason = "…" }]'
)


def _stage(default: str = OBSERVE) -> "Reader":
    """Return a reader of a stage; ``observe``, which changes nothing, for a mistaken one."""
    known = choice(STAGES, OBSERVE, "is not a stage", "unknown-stage")
    return lambda table, key: known(table, key) if key in table.values else default


def _path(example: str) -> "Reader":
    return required(
        "the rule",
        example,
        lambda table, key, path: check_path(path, (*table.where, key), table.mistakes),
    )


def _callable(owner: str, example: str) -> "Reader":
    return required(
        owner,
        example,
        lambda table, key, path: check_callable(path, (*table.where, key), table.mistakes, example),
    )


def _is_number(value: object) -> "TypeGuard[int]":
    # A bool is an int: keep_days = false would pass for 0, which keeps everything.
    return isinstance(value, int) and not isinstance(value, bool)


def _keep_days(table: Table, key: str) -> int:
    """Read for how many days the store keeps its rows; for ever if that is invalid."""
    days = table.values.get(key, KEEP_DAYS)
    if _is_number(days) and (days == 0 or days > LEAST_DAYS):
        return days
    table.note(
        key,
        message=f'"{key}" is {days if isinstance(days, int) else type_of(days)}.',
        remedy=f"Write more than {LEAST_DAYS} days, or 0 to keep everything: {key} = 400.",
        slug="bad-keep-days",
    )
    return 0


def _keep_days_of(table: Table, key: str) -> "tuple[tuple[str, int], ...]":
    """Read for how many days the store keeps the rows of some services."""
    named = table.values.get(key, {})
    if not isinstance(named, dict):
        table.note_type(key, named, f"{key} = {{ batch = 120 }}")
        return ()
    most = table.values.get("keep_days", KEEP_DAYS)
    found = []
    for service, number in named.items():
        if not service.strip():
            # To the store the empty name is all services: the rows of others would go as well.
            table.note(
                key,
                message="a name is empty.",
                remedy=f"Name the service: {key} = {{ batch = 120 }}.",
                slug="empty-name",
            )
        elif (
            _is_number(number)
            and number > LEAST_DAYS
            and not (_is_number(most) and 0 < most < number)
        ):
            found.append((service, number))
        else:
            table.note(
                key,
                message=f'"{service}" is {number if _is_number(number) else type_of(number)}.',
                remedy=f"Write more than {LEAST_DAYS} days, and at most keep_days: "
                f'{key} = {{ "{service}" = 120 }}.',
                slug="bad-keep-days",
            )
    return tuple(found)


def _is_function(path: str) -> bool:
    module, colon, name = path.partition(":")
    return bool(colon) and all(part.isidentifier() for part in (*module.split("."), name))


def _store(table: Table, key: str) -> str:
    """Read the file to write to; a URL may contain a password, so the map has none."""
    named = table.string(key)
    if scheme_of(named) in ("", SQLITE):
        return named
    table.note(
        key,
        message=f'"{scheme_of(named)}://…" is no file.',
        remedy="Write a path here, and name what reports read in ENFORCER_STORE.",
        slug="unknown-store",
    )
    return ""


def _exemptions(table: Table, key: str) -> "tuple[tuple[str, str, str, str, int], ...]":
    """Read the exemptions as plain values, each with its line."""
    tables = table.values.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        table.note_type(key, tables, _EXEMPTION)
        return ()
    found = []
    for index, values in enumerate(tables):
        one = Table((*table.where, key, index), values, table.mistakes)
        one.check_keys(EXEMPTION_KEYS, "an exemption")
        for needed in EXEMPTION_KEYS:
            if not values.get(needed):
                one.note_missing(needed, _EXEMPTION, "the exemption")
        # Plain values, for the cache of the map: the loader makes objects of them.
        found.append((*one.read(EXEMPTION_KEYS).values(), table.mistakes.line_of(one.where)))
    return tuple(found)


def _names(table: Table, key: str) -> dict[str, str]:
    names = table.values.get(key, {})
    if not isinstance(names, dict):
        table.note_type(key, names, 'names = { old_name = "new_name" }')
        return {}
    legacy = table.values.get("legacy")
    if key in table.values and isinstance(legacy, str) and kind_of(legacy) == NAME:
        table.note(
            key,
            message=f'"{legacy}" is the rule of a single name, which canonical renames.',
            remedy="Remove names, or write legacy and canonical as modules.",
            slug="names-on-name-rule",
        )
        return {}
    inner = Table((*table.where, key), names, table.mistakes)
    return {old: new for old, new in names.items() if _is_renaming(inner, old, new)}


def _is_renaming(names: Table, old: str, new: object) -> bool:
    if not isinstance(new, str):
        names.note_type(old, new, f'{old} = "new_name"')
        return False
    wrong = next((name for name in (old, new) if not is_identifier(name)), None)
    if wrong is not None:
        names.note(
            old,
            message=f'"{wrong}" is not a name that code can import.',
            remedy='Write old_name = "new_name", each a single identifier.',
            slug="bad-name",
        )
        return False
    if old == new:
        names.note(
            old,
            message=f'"{old}" is renamed to itself.',
            remedy="Remove it: names that stay the same need no entry.",
            slug="alias-to-itself",
        )
        return False
    return True


def _arguments(table: Table, key: str) -> dict[str, str]:
    arguments = table.values.get(key, {})
    if not isinstance(arguments, dict):
        table.note_type(key, arguments, 'arguments = { old_parameter = "new_parameter" }')
        return {}
    inner = Table((*table.where, key), arguments, table.mistakes)
    found: dict[str, str] = {}
    for old, new in arguments.items():
        if not isinstance(new, str):
            inner.note_type(old, new, f'{old} = "new_parameter"')
        elif not is_identifier(old) or (new and not is_identifier(new)):
            inner.note(
                old,
                message=f'"{new if is_identifier(old) else old}" is not the name of a parameter.',
                remedy='Write old_parameter = "new_parameter", or "" to leave it out.',
                slug="bad-name",
            )
        elif new and new in found.values():
            inner.note(
                old,
                message=f'two parameters become "{new}".',
                remedy='Write each canonical parameter once; "" leaves a legacy one out.',
                slug="argument-twice",
            )
        else:
            found[old] = new
    return found


def _is_key(table: Table, key: str, text: str) -> bool:
    first, *rest = text.split(".")
    if is_identifier(first) and all(rest):
        return True
    table.note(
        key,
        message=f'"{text}" does not say where a key is found.',
        remedy="Write a parameter, and what to reach from it, with dots between: "
        'key = "context.user_id".',
        slug="bad-key",
    )
    return False


def _maximum(table: Table, key: str) -> int:
    maximum = table.values.get(key)
    if maximum is None:
        return 0
    if isinstance(maximum, bool) or not isinstance(maximum, int):
        table.note_type(key, maximum, "maximum = 1000")
        return 0
    if maximum < 1:
        table.note(
            key,
            message=f"{maximum} instances can't be kept.",
            remedy="Write at least 1, or leave it out for no limit.",
            slug="bad-maximum",
        )
        return 0
    return maximum


def _part(table: Table, key: str) -> str:
    """Read the name of a part of the fleet, which may be missing and may not be empty."""
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


def _percent(table: Table, key: str) -> float:
    percent = table.values.get(key, WHOLE)
    shown = type_of(percent)
    if isinstance(percent, (int, float)) and not isinstance(percent, bool):
        if 0 <= percent <= WHOLE:  # which NaN is not
            return percent
        shown = str(percent)
    table.note(
        key,
        message=f'"{key}" is {shown}.',
        remedy=f"Write a number from 0 to 100: {key} = 10.",
        slug="bad-percent",
    )
    return WHOLE


# The tables. The order is that of the pages; the names are those of the classes that they become.

OPTION_KEYS: "Keys" = {
    "service": Table.string,
    "default_stage": _stage(ALIAS),
    "refuse": flag(default=True),
    "fail_open": flag(default=True),
    "sigterm": flag(default=False),
    "log": choice(LOGS, NO_LOG, "is not a log", "unknown-log"),
    "telemetry": flag(default=True),
    "scrub": checked(
        _is_function,
        "names no function",
        'Write a module, a colon and a function of it: scrub = "shop.privacy:scrub".',
        "bad-scrub",
    ),
    "root": lambda table, key: table.string(key, "."),
    "expected_services": Table.strings,
    "production": environments(PRODUCTION),
    "quiet_for": days(DEFAULT_QUIET_DAYS),
    "jobs": jobs,
    "accept": accepted,
    "tombstone_for": days(DEFAULT_TOMBSTONE_DAYS),
    "store": _store,
    "keep_days": _keep_days,
    "keep_days_of": _keep_days_of,
    "baseline": Table.string,
    "allow": _exemptions,
    "source_url": checked(
        lambda url: url.startswith(("https://", "http://")) and _SOURCE_FILE in url,
        f"is no address with {_SOURCE_FILE} in it",
        'Write source_url = "https://host/team/project/blob/{revision}/{file}#L{line}".',
        "bad-source-url",
    ),
    "exclude": Table.strings,
    "expect_refusals": Table.strings,
}

EXEMPTION_KEYS: "Keys" = {
    "path": Table.string,
    "caller": Table.string,
    "until": Table.date,
    "reason": Table.string,
}

_FOR_PEOPLE: "Keys" = {
    "reason": Table.string,
    "since": Table.date,
    "remove_after": Table.date,
    "removal": Table.string,
    "owner": Table.string,
    "link": Table.string,
}

_FOR_VERDICTS: "Keys" = {
    "quiet_for": days(0),
    "removed_on": Table.date,
    "forced": Table.string,
}

RULE_KEYS: "Keys" = {
    "legacy": _path('legacy = "package.old"'),
    "canonical": _path('canonical = "package.new"'),
    "names": _names,
    "stage": _stage(),
    **_FOR_PEOPLE,
    "implementation": flag(default=False),
    "fallback": choice(
        ("", LEGACY_FALLBACK),
        "",
        "is not a fallback",
        "unknown-fallback",
        remedy=f'Write fallback = "{LEGACY_FALLBACK}", or remove it.',
    ),
    "refuse": flag(default=True),
    **_FOR_VERDICTS,
}

FACTORY_KEYS: "Keys" = {
    "legacy": _callable("the factory", 'legacy = "package.old:create_thing"'),
    "canonical": _callable("the factory", 'canonical = "package.new:get_thing"'),
    "arguments": _arguments,
    "adapter": optional(_callable("the factory", 'adapter = "package.compat:create_thing"')),
    "stage": _stage(),
    **_FOR_PEOPLE,
    "refuse": flag(default=True),
    **_FOR_VERDICTS,
}

INSTANCES_KEYS: "Keys" = {
    "canonical": _callable("the rule", 'canonical = "package.module:Thing"'),
    "key": required("the rule", 'key = "context.user_id"', _is_key),
    "maximum": _maximum,
    "hold": choice(
        (WEAK, STRONG),
        WEAK,
        "is no way to hold an instance",
        "bad-hold",
        remedy=f'Write hold = "{WEAK}", which lets it go with its last user, or "{STRONG}".',
    ),
    "missing": choice(
        (ERROR, OWN),
        ERROR,
        "is nothing that a call without a key could get",
        "bad-missing",
        remedy=f'Write missing = "{ERROR}", or "{OWN}" for an instance of its own.',
    ),
    "stage": _stage(),
    "reason": Table.string,
    "owner": Table.string,
    "link": Table.string,
    "sample": optional(_callable("the rule", 'sample = "package.samples:arguments"')),
}

STAGE_KEYS: "Keys" = {
    "path": _part,
    "service": _part,
    "environment": _part,
    "percent": _percent,
    "stage": _stage(""),
    "refuse": flag(default=None),
}
