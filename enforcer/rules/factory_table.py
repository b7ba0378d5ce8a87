"""Read a factory, or a rule for instances, from its table in the migration map."""

from enforcer.rules.factory_model import ERROR, OWN, STRONG, WEAK, Factory, Instances
from enforcer.rules.paths import check_callable, check_legacy, is_identifier
from enforcer.rules.rule_table import read_dates, read_stage
from enforcer.rules.values import Table

FACTORY_KEYS = (
    "legacy",
    "canonical",
    "arguments",
    "adapter",
    "stage",
    "reason",
    "since",
    "remove_after",
    "removal",
    "owner",
    "link",
    "refuse",
)
INSTANCES_KEYS = (
    "canonical",
    "key",
    "maximum",
    "hold",
    "missing",
    "stage",
    "reason",
    "owner",
    "link",
    "sample",
)

_LEGACY = 'legacy = "package.old:create_thing"'
_CANONICAL = 'canonical = "package.new:get_thing"'
_ADAPTER = 'adapter = "package.compat:create_thing"'
_CLASS = 'canonical = "package.module:Thing"'
_KEY = 'key = "context.user_id"'
_SAMPLE = 'sample = "package.samples:arguments"'


def read_factory(table: Table, default_stage: str, *, refuse: bool = True) -> Factory | None:
    """Read one factory, noting every mistake in it.

    Args:
        table: the factory's table.
        default_stage: the stage if it names none.
        refuse: whether it refuses if it is strict, unless it has the key.

    Returns:
        The factory, or None if its paths are missing or invalid.

    """
    table.check_keys(FACTORY_KEYS, "a factory")
    legacy = _read_callable(table, "legacy", _LEGACY, "the factory")
    canonical = _read_callable(table, "canonical", _CANONICAL, "the factory")
    is_allowed = not legacy or check_legacy(legacy, (*table.where, "legacy"), table.mistakes)
    since, remove_after = read_dates(table)
    factory = Factory(
        legacy,
        canonical,
        arguments=_read_arguments(table),
        adapter=_read_adapter(table),
        stage=read_stage(table, "stage", default_stage),
        reason=table.string("reason"),
        since=since,
        remove_after=remove_after,
        removal=table.string("removal"),
        owner=table.string("owner"),
        link=table.string("link"),
        refuse=table.flag("refuse", default=refuse),
        line=table.mistakes.line_of(table.where),
    )
    if not (legacy and canonical and is_allowed):
        return None
    return factory if _leads_elsewhere(table, factory) else None


def read_instances(table: Table, default_stage: str) -> Instances | None:
    """Read one rule for instances, noting every mistake in it.

    Args:
        table: its table.
        default_stage: the stage if it names none.

    Returns:
        The rule, or None if its path or its key is missing or invalid.

    """
    table.check_keys(INSTANCES_KEYS, "a rule for instances")
    canonical = _read_callable(table, "canonical", _CLASS, "the rule")
    is_allowed = not canonical or check_legacy(
        canonical, (*table.where, "canonical"), table.mistakes
    )
    key = _read_key(table)
    instances = Instances(
        canonical,
        key,
        maximum=_read_maximum(table),
        hold=_read_hold(table),
        missing=_read_missing(table),
        stage=read_stage(table, "stage", default_stage),
        reason=table.string("reason"),
        owner=table.string("owner"),
        link=table.string("link"),
        sample=_read_sample(table),
        line=table.mistakes.line_of(table.where),
    )
    return instances if canonical and is_allowed and key else None


def _read_callable(table: Table, key: str, example: str, owner: str) -> str:
    """Read the path of a callable; empty if it is missing or invalid."""
    if key not in table.values:
        _note_missing(table, key, example, owner)
        return ""
    path = table.values[key]
    if not isinstance(path, str):
        table.note_type(key, path, example)
        return ""
    return path if check_callable(path, (*table.where, key), table.mistakes, example) else ""


def _note_missing(table: Table, key: str, example: str, owner: str) -> None:
    table.mistakes.add(
        table.where,
        message=f'{owner} has no "{key}".',
        remedy=f"Write {example}.",
        slug="missing-key",
    )


def _read_adapter(table: Table) -> str:
    if "adapter" not in table.values:
        return ""
    adapter = _read_callable(table, "adapter", _ADAPTER, "the factory")
    if "arguments" in table.values:
        table.note(
            "adapter",
            message="an adapter takes the legacy arguments as they are, so arguments say nothing.",
            remedy="Remove arguments, or remove adapter.",
            slug="adapter-with-arguments",
        )
    return adapter


def _read_sample(table: Table) -> str:
    return _read_callable(table, "sample", _SAMPLE, "the rule") if "sample" in table.values else ""


def _read_arguments(table: Table) -> dict[str, str]:
    arguments = table.values.get("arguments", {})
    if not isinstance(arguments, dict):
        table.note_type("arguments", arguments, 'arguments = { old_parameter = "new_parameter" }')
        return {}
    inner = Table((*table.where, "arguments"), arguments, table.mistakes)
    read: dict[str, str] = {}
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
        elif new and new in read.values():
            inner.note(
                old,
                message=f'two parameters become "{new}".',
                remedy='Write each canonical parameter once; "" leaves a legacy one out.',
                slug="argument-twice",
            )
        else:
            read[old] = new
    return read


def _leads_elsewhere(table: Table, factory: Factory) -> bool:
    if factory.legacy not in (factory.canonical, factory.adapter):
        return True
    key = "canonical" if factory.legacy == factory.canonical else "adapter"
    table.note(
        key,
        message=f'"{factory.legacy}" is the legacy factory as well.',
        remedy="Write the factory that replaces it, or remove this one.",
        slug="alias-to-itself",
    )
    return False


def _read_key(table: Table) -> str:
    if "key" not in table.values:
        _note_missing(table, "key", _KEY, "the rule")
        return ""
    key = table.values["key"]
    if not isinstance(key, str):
        table.note_type("key", key, _KEY)
        return ""
    first, *rest = key.split(".")
    if is_identifier(first) and all(rest):
        return key
    table.note(
        "key",
        message=f'"{key}" does not say where a key is found.',
        remedy=f"Write a parameter, and what to reach from it, with dots between: {_KEY}.",
        slug="bad-key",
    )
    return ""


def _read_maximum(table: Table) -> int:
    maximum = table.values.get("maximum", 1)
    if isinstance(maximum, bool) or not isinstance(maximum, int):
        table.note_type("maximum", maximum, "maximum = 1000")
        return 0
    if maximum < 1:
        table.note(
            "maximum",
            message=f"{maximum} instances can't be kept.",
            remedy="Write at least 1, or leave it out for no limit.",
            slug="bad-maximum",
        )
        return 0
    return maximum if "maximum" in table.values else 0


def _read_hold(table: Table) -> str:
    hold = table.string("hold", WEAK)
    if hold in (WEAK, STRONG):
        return hold
    table.note(
        "hold",
        message=f'"{hold}" is no way to hold an instance.',
        remedy=f'Write hold = "{WEAK}", which lets it go with its last user, or "{STRONG}".',
        slug="bad-hold",
    )
    return WEAK


def _read_missing(table: Table) -> str:
    missing = table.string("missing", ERROR)
    if missing in (ERROR, OWN):
        return missing
    table.note(
        "missing",
        message=f'"{missing}" is nothing that a call without a key could get.',
        remedy=f'Write missing = "{ERROR}", or "{OWN}" for an instance of its own.',
        slug="bad-missing",
    )
    return ERROR
