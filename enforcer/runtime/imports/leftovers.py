"""Replace aliases by plain objects when the enforcer stops watching.

A path that was aliased stays an alias: if the legacy module was loaded now, objects from before
would be no instances of its classes. So ``sys.modules`` and the packages get plain entries
(``plain_entries``), for which no code of the enforcer runs.
"""

import sys

from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.alias import link_of
from enforcer.runtime.imports.alias_link import AliasLink
from enforcer.runtime.imports.live_names import LegacyName
from enforcer.runtime.imports.own_class import restore_class
from enforcer.runtime.imports.parents import LegacyChild
from enforcer.runtime.imports.plain_entries import PlainAnswers
from enforcer.runtime.imports.plain_modules import LEFT, add_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.imports.link import Link


def leave_entries(migration_map: "MigrationMap", links: "Mapping[str, Link]") -> None:
    """Replace the aliases of a watch by their canonical modules."""
    plain = PlainAnswers(migration_map)
    for legacy, link in sorted(links.items()):
        if isinstance(link, AliasLink):
            _leave_entry(plain, legacy, link)


def _leave_entry(plain: PlainAnswers, legacy: str, link: AliasLink) -> None:
    left = _left(plain, legacy, link)
    if link_of(sys.modules.get(legacy)) is link:
        if left is None:
            del sys.modules[legacy]
        else:
            LEFT.add(legacy)
            sys.modules[legacy] = left  # type: ignore[assignment]
    package, _, child = legacy.rpartition(".")
    namespace = cpython.namespace_of(sys.modules.get(package))
    if namespace is not None and namespace.get(child) is link.module:
        if left is None:
            del namespace[child]
        else:
            namespace[child] = left


def _left(plain: PlainAnswers, legacy: str, link: AliasLink) -> object:
    """Return the object that a legacy path was; None if it was not imported yet."""
    if link.in_place:
        return link.target()
    if link.canonical not in sys.modules:
        return None
    return plain.module_for(link.rule, legacy, link.spec)


def restore_modules(migration_map: "MigrationMap") -> None:
    """Restore the class of every loaded module, and add plain names for legacy ones.

    A module that still defines a legacy name keeps its class for that name alone: its own code
    reads the definition, and everybody else got the canonical object.
    """
    for name, module in sys.modules.copy().items():  # one step: list() may let others import
        rules = migration_map.names_in(name) if isinstance(name, str) else {}
        namespace = cpython.namespace_of(module) if rules else None
        aliased = {key: rule for key, rule in rules.items() if rule.aliases()}
        if namespace is not None and any(key in namespace for key in aliased):
            _forget_children(module)
            continue
        restore_class(module)
        if aliased and not cpython.is_initializing(module):
            add_names(module, aliased)


def _forget_children(module: "ModuleType") -> None:
    own = type(module)
    for name, descriptor in list(vars(own).items()):
        is_refusing = isinstance(descriptor, LegacyName) and not descriptor.is_aliased
        if isinstance(descriptor, LegacyChild) or is_refusing:
            delattr(own, name)
