"""Find contradictions between factories, rules for instances, and other rules."""

from enforcer.rules.model import NAME, longest_match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enforcer.rules.conflicts import Entry
    from enforcer.rules.factory_model import Factory, Instances
    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList
    from enforcer.rules.model import Rule


def check_factory_conflicts(
    rules: "Sequence[Entry]",
    factories: "Sequence[tuple[Factory, KeyPath]]",
    instances: "Sequence[tuple[Instances, KeyPath]]",
    mistakes: "MistakeList",
) -> None:
    """Note every mistake that concerns two entries of the map, at least one of them no rule."""
    moved = _Moved([entry.rule for entry in rules])
    legacy: dict[str, Factory] = {}
    for factory, where in factories:
        other: Rule | None = legacy.setdefault(factory.legacy, factory)
        if other is factory:
            other = moved.naming(factory)
        if other is not None:
            mistakes.add(
                (*where, "legacy"),
                message=f'"{factory.legacy}" has a rule already: '
                f'"{other.legacy}" at line {other.line}.',
                remedy=_remedy(factory, other),
                slug="duplicate-rule",
            )
    for factory, where in factories:
        for key, path in (("canonical", factory.canonical), ("adapter", factory.adapter)):
            if path:
                _check_end(path, (*where, key), moved, legacy, mistakes)
    kept: dict[str, Instances] = {}
    for found, where in instances:
        first = kept.setdefault(found.canonical, found)
        if first is not found:
            mistakes.add(
                (*where, "canonical"),
                message=f'"{found.canonical}" has a rule for instances already, '
                f"at line {first.line}.",
                remedy="Keep one of the two.",
                slug="duplicate-rule",
            )
        _check_end(found.canonical, (*where, "canonical"), moved, legacy, mistakes)


def _remedy(factory: "Factory", other: "Rule") -> str:
    new = other.names.get(factory.name) if other.module == factory.module else None
    if new is None:
        return "Keep one of the two."
    # Under names the legacy name is the canonical object: no argument is translated.
    return (
        f'Remove {factory.name} = "{new}" from names of that rule, if arguments have to be '
        "translated; or else this factory."
    )


class _Moved:
    """The rules by the module, or the name in one, that they move."""

    def __init__(self, rules: "Sequence[Rule]") -> None:
        self._paths = {rule.module: rule for rule in rules if rule.kind != NAME}
        self._moving = {
            module: rule for module, rule in self._paths.items() if not rule.implementation
        }
        self._names = {(rule.module, rule.name): rule for rule in rules if rule.kind == NAME}

    def naming(self, factory: "Factory") -> "Rule | None":
        """Return a rule for the very name of a legacy factory."""
        rule = self._names.get((factory.module, factory.name))
        covering = self._paths.get(factory.module)
        if rule is None and covering is not None and factory.name in covering.names:
            return covering
        return rule

    def covering(self, module: str, name: str) -> "Rule | None":
        """Return the rule that moves a name, or the module that it is in."""
        rule = self._names.get((module, name.partition(".")[0]))
        return rule or longest_match(self._moving, module, lambda _: False)


def _check_end(
    path: str,
    where: "KeyPath",
    moved: _Moved,
    legacy: "dict[str, Factory]",
    mistakes: "MistakeList",
) -> None:
    """Note a path that is to answer, but is itself legacy."""
    module, _, name = path.partition(":")
    other = legacy.get(path) or moved.covering(module, name)
    if other is not None:
        mistakes.add(
            where,
            message=f'"{path}" is itself legacy: "{other.legacy}" at line {other.line} '
            f'moves it to "{other.canonical}".',
            remedy="Write where it ends.",
            slug="canonical-is-legacy",
        )
