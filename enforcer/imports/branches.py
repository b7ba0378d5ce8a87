"""Work out from a map which legacy packages need more than what their canonical ones have."""

from enforcer.rules.model import NAME
from enforcer.rules.stages import REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from enforcer.rules.model import MigrationMap, Rule


def packages_of(rules: "Iterable[Rule]") -> "AbstractSet[str]":
    """Return the packages that the legacy modules of some rules lie in."""
    packages = set()
    for rule in rules:
        package = rule.module.rpartition(".")[0] if rule.kind != NAME else ""
        while package and package not in packages:
            packages.add(package)
            package = package.rpartition(".")[0]
    return packages


def ancestors_of(rules: "Iterable[Rule]") -> frozenset[str]:
    """Return the packages that are made empty where they are gone from the disk."""
    ancestors = set()
    for rule in rules:
        parent = rule.module.rpartition(".")[0]
        # A package that holds the canonical module as well is there if that module is: made
        # empty, it would only hide from the program that its folder is not on the path.
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
    """List, for each package, the modules that stay, or went elsewhere than the package.

    Args:
        migration_map: the map.
        serves_removed: whether paths in stage removed give their canonical modules.

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
