"""Read one rule from its table in the migration map."""

from enforcer.rules.keys import RULE_KEYS
from enforcer.rules.model import NAME, TREE_SUFFIX, Rule
from enforcer.rules.paths import check_legacy, kind_of
from enforcer.rules.values import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_rule(table: Table, default_stage: str, *, refuse: bool = True) -> Rule | None:
    """Read one rule, noting every mistake in it.

    Args:
        table: the rule's table.
        default_stage: the stage if the rule names none.
        refuse: whether it refuses if it is strict, unless it has the key.

    Returns:
        The rule, or None if its paths are missing or invalid: such a rule can't be compared
        with others.

    """
    table.check_keys(RULE_KEYS, "a rule")
    values = table.read(RULE_KEYS, {"stage": default_stage, "refuse": refuse})
    legacy, canonical = values.pop("legacy"), values.pop("canonical")
    is_allowed = not legacy or check_legacy(legacy, (*table.where, "legacy"), table.mistakes)
    check_dates(table, values)
    if values["fallback"] and values["implementation"]:
        table.note(
            "fallback",
            message="with implementation = true the legacy module serves every name already.",
            remedy="Remove fallback, or remove implementation.",
            slug="implementation-with-fallback",
        )
    rule = Rule(legacy, canonical, **values, line=table.mistakes.line_of(table.where))
    if rule.kind == NAME:
        _check_options_of_name(table, legacy)
    is_sound = legacy and canonical and is_allowed and _check_pair(table, rule)
    return rule if is_sound else None


def check_dates(table: Table, values: "dict[str, Any]") -> None:
    """Note a day in ``remove_after`` that is before the day in ``since``."""
    since, remove_after = values["since"], values["remove_after"]
    if since and remove_after and remove_after < since:
        table.note(
            "remove_after",
            message=f"{remove_after} is before {since}, the day in since.",
            remedy="Write a later day, or mend since.",
            slug="dates-reversed",
        )


def _check_options_of_name(table: Table, legacy: str) -> None:
    for key in ("fallback", "implementation"):
        if table.values.get(key):
            table.note(
                key,
                message=f'"{legacy}" is the rule of a single name, and {key} speaks of a module.',
                remedy=f"Remove {key}, or write legacy and canonical as modules.",
                slug="option-on-name-rule",
            )


def _check_pair(table: Table, rule: Rule) -> bool:
    """Note what is wrong between the legacy and the canonical path of one rule."""
    if rule.kind != kind_of(rule.canonical):
        table.note(
            "canonical",
            message=f'"{rule.legacy}" is a {rule.kind}, '
            f'"{rule.canonical}" is a {kind_of(rule.canonical)}.',
            remedy=f"Write both in the same form: {_same_form(rule)}.",
            slug="kinds-differ",
        )
        return False
    if rule.legacy == rule.canonical:
        table.note(
            "canonical",
            message=f'"{rule.canonical}" is the legacy path as well.',
            remedy="Write the path that replaces it, or remove the rule.",
            slug="alias-to-itself",
        )
        return False
    return _check_own_tree(table, rule)


def _check_own_tree(table: Table, rule: Rule) -> bool:
    """Note a canonical path below the legacy path that it replaces.

    Importing ``old.new`` imports ``old`` first, so ``old`` can't be an alias of it. It can if
    ``old`` keeps its own code (``implementation = true``).
    """
    is_below = rule.target.startswith(f"{rule.module}.")
    if not is_below or rule.kind == NAME or (rule.implementation and rule.legacy == rule.module):
        return True
    table.note(
        "canonical",
        message=f'"{rule.canonical}" lies inside "{rule.legacy}", the path that it replaces.',
        remedy=f'Write a canonical path outside of "{rule.module}", '
        "or rules for the single modules in it.",
        slug="target-in-own-tree",
    )
    return False


def _same_form(rule: Rule) -> str:
    """Return an example for ``canonical`` in the form that ``legacy`` has."""
    end = {TREE_SUFFIX: TREE_SUFFIX, ":": f":{rule.name}"}
    form = TREE_SUFFIX if rule.legacy.endswith(TREE_SUFFIX) else ":" if rule.name else ""
    return f'canonical = "{rule.target}{end.get(form, "")}"'
