"""Read one rule from its table in the migration map."""

from enforcer.rules.model import LEGACY_FALLBACK, NAME, TREE_SUFFIX, Rule
from enforcer.rules.paths import check_legacy, check_path, is_identifier, kind_of
from enforcer.rules.stages import OBSERVE, STAGES
from enforcer.rules.values import Table

RULE_KEYS = (
    "legacy",
    "canonical",
    "names",
    "stage",
    "reason",
    "since",
    "remove_after",
    "removal",
    "owner",
    "link",
    "implementation",
    "fallback",
    "refuse",
)

_LEGACY_EXAMPLE = 'legacy = "package.old"'
_CANONICAL_EXAMPLE = 'canonical = "package.new"'


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
    legacy = _read_path(table, "legacy", _LEGACY_EXAMPLE)
    canonical = _read_path(table, "canonical", _CANONICAL_EXAMPLE)
    is_allowed = not legacy or check_legacy(legacy, (*table.where, "legacy"), table.mistakes)
    implementation = table.flag("implementation", default=False)
    since, remove_after = read_dates(table)
    rule = Rule(
        legacy,
        canonical,
        stage=read_stage(table, "stage", default_stage),
        names=_read_names(table, legacy),
        reason=table.string("reason"),
        since=since,
        remove_after=remove_after,
        removal=table.string("removal"),
        owner=table.string("owner"),
        link=table.string("link"),
        implementation=implementation,
        fallback=_read_fallback(table, has_implementation=implementation),
        refuse=table.flag("refuse", default=refuse),
        line=table.mistakes.line_of(table.where),
    )
    if rule.kind == NAME:
        _check_options_of_name(table, legacy)
    is_sound = legacy and canonical and is_allowed and _check_pair(table, rule)
    return rule if is_sound else None


def _read_path(table: Table, key: str, example: str) -> str:
    """Read a path; empty if it is missing or invalid."""
    if key not in table.values:
        table.mistakes.add(
            table.where,
            message=f'the rule has no "{key}".',
            remedy=f"Write {example}.",
            slug="missing-key",
        )
        return ""
    path = table.values[key]
    if not isinstance(path, str):
        table.note_type(key, path, example)
        return ""
    return path if check_path(path, (*table.where, key), table.mistakes) else ""


def read_stage(table: Table, key: str, default: str) -> str:
    """Read a stage; return ``observe``, which changes nothing, for a mistaken one."""
    stage = table.string(key, OBSERVE) if key in table.values else default
    if stage in STAGES:
        return stage
    table.note(
        key,
        message=f'"{stage}" is not a stage.',
        remedy=f"Write one of {', '.join(STAGES)}.",
        slug="unknown-stage",
    )
    return OBSERVE


def read_dates(table: Table) -> tuple[str, str]:
    """Read ``since`` and ``remove_after``; empty if missing."""
    since, remove_after = table.date("since"), table.date("remove_after")
    if since and remove_after and remove_after < since:
        table.note(
            "remove_after",
            message=f"{remove_after} is before {since}, the day in since.",
            remedy="Write a later day, or mend since.",
            slug="dates-reversed",
        )
    return since, remove_after


def _read_fallback(table: Table, *, has_implementation: bool) -> str:
    fallback = table.string("fallback")
    if "fallback" in table.values and fallback not in ("", LEGACY_FALLBACK):
        table.note(
            "fallback",
            message=f'"{fallback}" is not a fallback.',
            remedy=f'Write fallback = "{LEGACY_FALLBACK}", or remove it.',
            slug="unknown-fallback",
        )
        return ""
    if fallback and has_implementation:
        table.note(
            "fallback",
            message="with implementation = true the legacy module serves every name already.",
            remedy="Remove fallback, or remove implementation.",
            slug="implementation-with-fallback",
        )
    return fallback


def _check_options_of_name(table: Table, legacy: str) -> None:
    for key in ("fallback", "implementation"):
        if table.values.get(key):
            table.note(
                key,
                message=f'"{legacy}" is the rule of a single name, and {key} speaks of a module.',
                remedy=f"Remove {key}, or write legacy and canonical as modules.",
                slug="option-on-name-rule",
            )


def _read_names(table: Table, legacy: str) -> dict[str, str]:
    names = table.values.get("names", {})
    if not isinstance(names, dict):
        table.note_type("names", names, 'names = { old_name = "new_name" }')
        return {}
    if "names" in table.values and legacy and kind_of(legacy) == NAME:
        table.note(
            "names",
            message=f'"{legacy}" is the rule of a single name, which canonical renames.',
            remedy="Remove names, or write legacy and canonical as modules.",
            slug="names-on-name-rule",
        )
        return {}
    inner = Table((*table.where, "names"), names, table.mistakes)
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
