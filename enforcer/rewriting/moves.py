"""Canonical target of each legacy module, name and dotted path, and why it can't be written yet."""

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from enforcer.rules.model import FACTORY, NAME, MigrationMap, Rule, longest_match
from enforcer.runtime.imports.proposals import why_not
from enforcer.source.module_files import Locator
from enforcer.source.names import NameReader

if TYPE_CHECKING:
    from enforcer.rules.factory_model import Factory


@dataclass(frozen=True, slots=True)
class Move:
    """Where a legacy path leads.

    Attributes:
        rule: the rule that covers it.
        legacy: the legacy path: ``a.old``, or ``a.mod:name`` for a rule for a name.
        module: the canonical module.
        name: the name in it; empty if the module itself is meant.
        reason: why it can't be written; empty if it can.

    """

    rule: Rule
    legacy: str
    module: str
    name: str = ""
    reason: str = ""

    @property
    def path(self) -> str:
        """The canonical path with dots only."""
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def factory(self) -> "Factory | None":
        """The factory, if that is what the rule is."""
        return self.rule if self.rule.kind == FACTORY else None  # type: ignore[return-value]


class Moves:
    """Look-up of canonical paths for the rules that were chosen."""

    def __init__(
        self,
        migration_map: MigrationMap,
        locator: Locator,
        names: NameReader,
        *,
        chosen: Collection[str] | None = None,
    ) -> None:
        """Bind to a map, and to the readers of modules and names.

        Args:
            migration_map: the map.
            locator: finds modules.
            names: knows the names of modules.
            chosen: the legacy paths of the rules to follow; None for all.

        """
        self._map = migration_map
        self._locator = locator
        self._names = names
        self.chosen = chosen
        self._rules = {rule.module: rule for rule in migration_map.rules if rule.kind != NAME}
        self._factories = {
            (factory.module, factory.name): factory for factory in migration_map.factories
        }

    def choosing(self, chosen: Collection[str] | None) -> "Moves":
        """Return a copy that follows fewer rules, None for the same."""
        if chosen is None:
            return self
        # Shallow: the readers, with what they have cached, stay shared.
        both = copy(self)
        both.chosen = chosen if self.chosen is None else frozenset(chosen) & frozenset(self.chosen)
        return both

    def covering(self, path: str) -> Rule | None:
        """Return the rule that covers a module, once it aliases."""
        return longest_match(self._rules, path, lambda rule: not rule.implementation)

    def of_module(self, path: str) -> Move | None:
        """Return where a legacy module leads; None for any other module."""
        rule = self.covering(path)
        if rule is None or not self._is_chosen(rule):
            return None
        canonical = rule.canonical_of(path)
        reason = "" if self.exists(canonical) else f'there is no module "{canonical}" here'
        return Move(rule, path, canonical, reason=reason)

    def of_name(self, module: str, name: str) -> Move | None:
        """Return where ``from module import name`` leads; None if it is not legacy."""
        # "from a import old" imports the module a.old.
        rule: Rule | None = self._rules.get(f"{module}.{name}")
        if rule is not None:
            return self.of_module(f"{module}.{name}")
        rule = self._factories.get((module, name)) or self._map.names_in(module).get(name)
        if rule is not None:
            return self._of_rule(rule, module, name) if self._is_chosen(rule) else None
        rule = self.covering(module)
        if rule is None or not self._is_chosen(rule):
            return None
        canonical, new = rule.canonical_of(module), rule.canonical_name(module, name)
        if new == name and self._is_module(rule, f"{module}.{name}"):
            return self.of_module(f"{module}.{name}")
        reason = self._why_not(rule, module, name, (canonical, new))
        return Move(rule, module, canonical, new, reason)

    def of_path(self, parts: Sequence[str], names_from: int = 0) -> tuple[int, Move] | None:
        """Return where a dotted path leads, and how many of its parts that replaces.

        Args:
            parts: the parts of the path, which may extend into the attributes of a name.
            names_from: the number of parts that are certainly a module.

        """
        # The longest module first: of nested rules the inner one decides.
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            name = parts[length] if length < len(parts) else ""
            factory = self._factory_at(module, parts[length:])
            if factory is not None:
                return length + factory.name.count(".") + 1, self._of_rule(
                    factory, module, factory.name
                )
            if name and name in self._map.names_in(module):
                move = self.of_name(module, name)
                return (length + 1, move) if move is not None else None
            rule = self.covering(module)
            if rule is None or not (length <= names_from or self._is_module(rule, module)):
                continue
            move = self.of_name(module, name) if name else self.of_module(module)
            if move is None:
                return None
            return length + (1 if name else 0), move
        return None

    def has(self, module: str, name: str) -> bool | None:
        """Return whether a module has a name; None if that is unknown."""
        return None if name == "*" else self._names.has(module, name)

    def exists(self, module: str) -> bool:
        """Return whether there is a module."""
        return self._locator.locate(module) is not None

    def binds_submodule(self, package: str, name: str) -> bool:
        """Return whether importing a package certainly sets a submodule as its attribute."""
        located = self._locator.locate(package)
        return located is not None and name in self._names.names_of(located).names

    def _is_chosen(self, rule: Rule) -> bool:
        return self.chosen is None or rule.legacy in self.chosen

    def _of_rule(self, rule: Rule, module: str, name: str) -> Move:
        """Return where a rule for one name, or a factory, leads."""
        move = Move(rule, f"{module}:{name}", rule.target, rule.target_name)
        if not self.exists(rule.target):
            return replace(move, reason=f'there is no module "{rule.target}" here')
        if "." in rule.name or "." in rule.target_name:
            return replace(move, reason="a method or an attribute of a class is no name to import")
        target = (rule.target, rule.target_name)
        return replace(move, reason=self._why_not(rule, f"{module}:{name}", name, target))

    def _why_not(self, rule: Rule, path: str, name: str, target: tuple[str, str]) -> str:
        if not self.exists(target[0]):
            return f'there is no module "{target[0]}" here'
        asked: Any = SimpleNamespace(path=path, names=(name,))
        return why_not(rule, asked, self.has)

    def _factory_at(self, module: str, rest: Sequence[str]) -> "Factory | None":
        for length in range(len(rest), 0, -1):
            found = self._factories.get((module, ".".join(rest[:length])))
            if found is not None and self._is_chosen(found):
                return found
        return None

    def _is_module(self, rule: Rule, path: str) -> bool:
        """Return whether a path that a rule covers is that of a module, and not of a name."""
        return path == rule.module or self.exists(path) or self.exists(rule.canonical_of(path))
