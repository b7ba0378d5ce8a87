"""Outline of a migration map: whether it concerns a module, in one look-up.

This is all that a process needs of the map until it imports such a module.
"""

from enforcer.record import Record
from enforcer.rules.model import FACTORY, INSTANCES, NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from enforcer.rules.model import Entry


class Outline(Record):
    """The module paths in a map's entries, in all stages.

    Attributes:
        heads: their top-level packages.
        covering: the paths of module and tree rules, which may concern modules below, too.
        beside: modules with legacy names, factories or kept instances, and the packages above
            legacy modules.

    """

    heads: frozenset[str]
    covering: frozenset[str]
    beside: frozenset[str]

    def speaks_of(self, path: str) -> bool:
        """Return whether a module's import may concern a rule."""
        if path in self.beside:
            return True
        covering = self.covering
        while path:
            if path in covering:
                return True
            path = path.rpartition(".")[0]
        return False


def outline_of(rules: "Iterable[Entry]") -> Outline:
    """Return the outline of a map's entries."""
    covering, beside = set(), set()
    for rule in rules:
        if rule.kind in (NAME, FACTORY, INSTANCES):
            beside.add(rule.module)
            if rule.kind == FACTORY:
                beside.add(rule.target)  # type: ignore[union-attr]
            continue
        covering.add(rule.module)
        package = rule.module.rpartition(".")[0]
        while package:
            beside.add(package)
            package = package.rpartition(".")[0]
    heads = frozenset(path.partition(".")[0] for path in covering | beside)
    return Outline(heads, frozenset(covering), frozenset(beside))
