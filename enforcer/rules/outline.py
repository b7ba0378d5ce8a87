"""Tell in a moment whether a migration map speaks of a module.

This is all that a process needs of the map until it imports such a module.
"""

from enforcer.rules.model import FACTORY, INSTANCES, NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from enforcer.rules.model import Entry


class Outline:
    """Hold the module paths that a map speaks of, whatever the stages of its rules are.

    Attributes:
        heads: the top-level packages of them all.
        covering: the paths of module and tree rules, which may speak of what is below, too.
        beside: modules with legacy names, or with something that delegates or is kept by key,
            and the packages that legacy modules lie in.

    """

    __slots__ = ("beside", "covering", "heads")

    def __init__(
        self, heads: frozenset[str], covering: frozenset[str], beside: frozenset[str]
    ) -> None:
        """Take the paths as they are; :func:`outline_of` finds them."""
        self.heads = heads
        self.covering = covering
        self.beside = beside

    def speaks_of(self, path: str) -> bool:
        """Tell whether a module's import may concern a rule."""
        if path in self.beside:
            return True
        covering = self.covering
        while path:
            if path in covering:
                return True
            path = path.rpartition(".")[0]
        return False


def outline_of(rules: "Iterable[Entry]") -> Outline:
    """Take the outline of what a map says."""
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
