"""Find contradictions between the rules of a map.

Only rules whose own paths are valid take part. Stages are ignored: raising the stage of a rule must
not make the map invalid.
"""

from enforcer.record import Record
from enforcer.rules.model import MODULE, NAME, TREE, TREE_SUFFIX, Rule, longest_match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList

# A tree that leads below itself makes a path longer at each step, and never comes back to it.
_LONGEST_TRAIL = 64


class Entry(Record):
    """A rule with its place in the file."""

    rule: Rule
    where: "KeyPath"


class _Index:
    """The rules by the path that they move; of two rules for one path the first wins."""

    def __init__(self, entries: "Sequence[Entry]") -> None:
        self.paths: dict[str, Rule] = {}
        self.names: dict[tuple[str, str], Rule] = {}
        for entry in entries:
            rule = entry.rule
            if rule.kind == NAME:
                self.names.setdefault((rule.module, rule.name), rule)
            else:
                self.paths.setdefault(rule.module, rule)

    def covering(self, path: str) -> Rule | None:
        """Return the rule that moves a module, in any stage that aliases."""
        return longest_match(self.paths, path, lambda rule: not rule.implementation)

    def moved(self, module: str, name: str) -> "tuple[Rule, str, str] | None":
        """Return the rule that moves a module, or a name in one, and its new path."""
        rule = self.names.get((module, name)) if name else None
        if rule is not None:
            return rule, rule.target, rule.target_name
        rule = self.covering(module)
        if rule is None:
            return None
        renamed = rule.canonical_name(module, name)
        return rule, rule.canonical_of(module), renamed


def check_conflicts(entries: "Sequence[Entry]", mistakes: "MistakeList") -> None:
    """Note every mistake that concerns two rules."""
    index = _Index(entries)
    cycles: set[frozenset[str]] = set()
    for entry in entries:
        if _is_duplicate(entry, index, mistakes):
            continue
        if entry.rule.kind == NAME:
            if _is_inside_legacy(entry, index, mistakes):
                continue
        else:
            _check_redundant(entry, index, mistakes)
            _check_renamed(entry, index, mistakes)
        _check_canonical(entry, index, mistakes, cycles)


class Ends:
    """Follows the canonical paths of rules that other rules move."""

    def __init__(self, rules: "Sequence[Rule]") -> None:
        self._index = _Index([Entry(rule, ()) for rule in rules])

    def is_circular(self, rule: Rule) -> bool:
        """Return whether following a rule leads back to its own legacy path."""
        trail = _Trail(rule, self._index)
        return trail.is_endless and rule.legacy in trail.circle

    def go_to_end(self, rule: Rule) -> bool:
        """Change the canonical path of a rule to the one that other rules alias it to.

        A module that is observed, or still contains the implementation, ends the trail.

        Returns:
            Whether the trail ends.

        """
        trail = _Trail(rule, self._index)
        if rule.kind not in (MODULE, TREE, NAME) or trail.is_endless:
            return False
        for step, path in zip(trail.rules[1:], trail.paths[2:], strict=True):
            if not step.aliases():
                break
            if rule.target == step.module:
                names = {old: step.names.get(new, new) for old, new in rule.names.items()}
                rule.names = {**step.names, **names}
            rule.target, _, rule.target_name = path.partition(":")
            rule.canonical = path + (TREE_SUFFIX if rule.kind == TREE else "")
        return True


def _is_duplicate(entry: Entry, index: _Index, mistakes: "MistakeList") -> bool:
    rule = entry.rule
    if rule.kind == NAME:
        # "from a import b" asks for the module a.b as well as for the name a:b.
        attribute = f"{rule.module}.{rule.name}"
        other = index.names[rule.module, rule.name]
        other = index.paths.get(attribute, other) if other is rule else other
    else:
        other = index.paths[rule.module]
    if other is rule:
        return False
    mistakes.add(
        (*entry.where, "legacy"),
        message=f'"{rule.legacy}" has a rule already: "{other.legacy}" at line {other.line}.',
        remedy="Keep one of the two.",
        slug="duplicate-rule",
    )
    return True


def _is_inside_legacy(entry: Entry, index: _Index, mistakes: "MistakeList") -> bool:
    """Note a rule for a name whose module is legacy as a whole."""
    rule = entry.rule
    other = index.covering(rule.module)
    if other is None:
        return False
    renaming = f'{rule.name} = "{rule.target_name}"'
    if other.module == rule.module:
        remedy = f"Write {renaming} under names of that rule, and remove this one."
    else:
        remedy = (
            f'Write a rule for the module "{rule.module}" with {renaming} under names, '
            "and remove this one."
        )
    mistakes.add(
        (*entry.where, "legacy"),
        message=f'the module "{rule.module}" is itself legacy: '
        f'"{other.legacy}" at line {other.line}.',
        remedy=remedy,
        slug="name-in-legacy-module",
    )
    return True


def _check_redundant(entry: Entry, index: _Index, mistakes: "MistakeList") -> None:
    """Note a rule that a tree rule makes unnecessary.

    A child rule with the tree's own target is not redundant if it differs in another key that
    matters at run time.
    """
    rule = entry.rule
    tree = index.covering(rule.module.rpartition(".")[0])
    if tree is None or tree.kind != TREE or tree.canonical_of(rule.module) != rule.target:
        return
    if rule.names or rule.implementation or rule.fallback != tree.fallback:
        return
    if rule.stage != tree.stage or tree.implementation:
        return
    mistakes.add(
        (*entry.where, "legacy"),
        message=f'"{tree.legacy}" at line {tree.line} moves "{rule.module}" '
        f'to "{rule.target}" anyway.',
        remedy="Remove this rule.",
        slug="redundant-rule",
    )


def _check_renamed(entry: Entry, index: _Index, mistakes: "MistakeList") -> None:
    """Note renamed names whose new name is itself legacy."""
    for old, new in entry.rule.names.items():
        other = index.names.get((entry.rule.target, new))
        if other is None:
            continue
        is_near = other.target == entry.rule.target and other.target_name != new
        remedy = (
            f'Write {old} = "{other.target_name}".'
            if is_near
            else f'Write a name of "{entry.rule.target}" that is not legacy.'
        )
        mistakes.add(
            (*entry.where, "names", old),
            message=f'"{new}" is itself legacy: '
            f'"{other.legacy}" at line {other.line} moves it to "{other.canonical}".',
            remedy=remedy,
            slug="chain",
        )


def _check_canonical(
    entry: Entry, index: _Index, mistakes: "MistakeList", cycles: set[frozenset[str]]
) -> None:
    """Note a canonical path that is itself moved by a rule, once or in a circle."""
    rule = entry.rule
    trail = _Trail(rule, index)
    where = (*entry.where, "canonical")
    if trail.is_endless:
        # Each rule of a circle leads into it, and one report is enough.
        if trail.circle not in cycles:
            cycles.add(trail.circle)
            mistakes.add(
                where,
                message=f"the rules go in a circle: {trail}.",
                remedy="Decide which of these paths is canonical, and remove its rule.",
                slug="cycle",
            )
    elif len(trail.rules) > 1:
        other = trail.rules[1]
        is_whole = (other.module, other.name) == (rule.target, rule.target_name)
        suffix = TREE_SUFFIX if rule.kind == TREE else ""
        mistakes.add(
            where,
            message=f'"{rule.canonical}" is itself legacy: "{other.legacy}" '
            f'at line {other.line} moves it to "{trail.paths[2]}{suffix}".',
            remedy=f'Write canonical = "{trail.paths[-1]}{suffix}".',
            slug="chain" if is_whole else "canonical-is-legacy",
        )


class _Trail:
    """The path of a rule, followed from rule to rule until no rule moves it any more.

    Attributes:
        paths: the legacy path, the canonical path, and the paths to which that is moved in turn.
        rules: the rule of each step, one fewer than the paths.
        is_endless: whether the trail returns to a path, or grows for ever.
        circle: the legacy paths of the rules that make it endless.

    """

    def __init__(self, rule: Rule, index: _Index) -> None:
        module, name = rule.target, rule.target_name
        self.paths = [_joined(rule.module, rule.name), _joined(module, name)]
        self.rules = [rule]
        while not self._has_come_back() and len(self.paths) < _LONGEST_TRAIL:
            step = index.moved(module, name)
            if step is None:
                break
            next_rule, module, name = step
            self.rules.append(next_rule)
            self.paths.append(_joined(module, name))
        self.is_endless = self._has_come_back() or len(self.paths) == _LONGEST_TRAIL
        start = self.paths.index(self.paths[-1]) if self._has_come_back() else 1
        self.circle = frozenset(passed.legacy for passed in self.rules[start:])

    def _has_come_back(self) -> bool:
        return self.paths[-1] in self.paths[:-1]

    def __str__(self) -> str:
        """Format the circle alone, or the start of a trail that grows for ever."""
        if self._has_come_back():
            return " -> ".join(self.paths[self.paths.index(self.paths[-1]) :])
        return " -> ".join([*self.paths[:4], "…"])


def _joined(module: str, name: str) -> str:
    return f"{module}:{name}" if name else module
