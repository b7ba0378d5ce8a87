"""Legacy packages of a map: parents, those to create empty, children that move elsewhere."""

from enforcer.rules.model import NAME
from enforcer.rules.stages import REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from enforcer.rules.model import MigrationMap, Rule


def packages_of(rules: "Iterable[Rule]") -> "AbstractSet[str]":
    """Return the packages above the legacy modules of some rules."""
    packages = set()
    for rule in rules:
        package = rule.module.rpartition(".")[0] if rule.kind != NAME else ""
        while package and package not in packages:
            packages.add(package)
            package = package.rpartition(".")[0]
    return packages


def ancestors_of(rules: "Iterable[Rule]") -> frozenset[str]:
    """Return the packages that are created empty if they are gone from disk."""
    ancestors = set()
    for rule in rules:
        parent = rule.module.rpartition(".")[0]
        # A package that also contains the canonical module exists if that module does. An empty
        # one would only hide from the program that its folder is not on sys.path.
        while (
            parent
            and rule.kind != NAME
            and not rule.implementation
            and not f"{rule.target}.".startswith(f"{parent}.")
        ):
            ancestors.add(parent)
            parent = parent.rpartition(".")[0]
    return frozenset(ancestors)


def children_apart(
    migration_map: "MigrationMap", *, serves_removed: bool = False
) -> "dict[str, set[str]]":
    """Map each package to its children that do not move, or move elsewhere than the package.

    Args:
        migration_map: the map.
        serves_removed: whether paths in stage removed are aliased.

    """
    apart: dict[str, set[str]] = {}
    for rule in migration_map.rules:
        package, _, child = rule.module.rpartition(".")
        is_gone = rule.stage == REMOVED and not serves_removed
        if not package or rule.kind == NAME or is_gone:
            continue
        around = migration_map.match(package)
        if not rule.aliases() or (
            around is not None and around.canonical_of(rule.module) != rule.target
        ):
            apart.setdefault(package, set()).add(child)
    return apart
