"""Read a factory, or a rule for instances, from its table in the migration map."""

from enforcer.rules.factory_model import Factory, Instances
from enforcer.rules.keys import FACTORY_KEYS, INSTANCES_KEYS
from enforcer.rules.paths import check_legacy
from enforcer.rules.rule_table import check_dates
from enforcer.rules.values import Table


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
    values = table.read(FACTORY_KEYS, {"stage": default_stage, "refuse": refuse})
    legacy, canonical = values.pop("legacy"), values.pop("canonical")
    is_allowed = not legacy or check_legacy(legacy, (*table.where, "legacy"), table.mistakes)
    check_dates(table, values)
    if values["adapter"] and "arguments" in table.values:
        table.note(
            "adapter",
            message="an adapter takes the legacy arguments as they are, so arguments say nothing.",
            remedy="Remove arguments, or remove adapter.",
            slug="adapter-with-arguments",
        )
    factory = Factory(legacy, canonical, **values, line=table.mistakes.line_of(table.where))
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
    values = table.read(INSTANCES_KEYS, {"stage": default_stage})
    canonical, key = values.pop("canonical"), values.pop("key")
    is_allowed = not canonical or check_legacy(
        canonical, (*table.where, "canonical"), table.mistakes
    )
    instances = Instances(canonical, key, **values, line=table.mistakes.line_of(table.where))
    return instances if canonical and is_allowed and key else None


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
