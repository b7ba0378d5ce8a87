"""Decide whether what would be written instead of a legacy path works.

Errors, warnings, log lines and the dashboard all ask here. Who asks says what a canonical module
has: the running program by what is loaded, others by its source.
"""

import sys

from enforcer.imports.bootstrap import is_initializing_spec, namespace_of
from enforcer.rules.model import FACTORY, NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from enforcer.recording.use import CallSite
    from enforcer.rules.model import Rule

    Has: TypeAlias = Callable[[str, str], bool | None]
else:
    Has = object

_STAR = "*"


def loaded_has(module: str, name: str) -> bool | None:
    """Tell whether a loaded module has a name; None where only importing could tell."""
    loaded = sys.modules.get(module)
    namespace = namespace_of(loaded) if loaded is not None else None
    if not namespace:
        return None
    if name in namespace:
        return True
    if is_initializing_spec(namespace.get("__spec__")):
        return None  # its body has not come to an end
    # A module's own __getattr__ may make the name, and a package may have it as a submodule.
    return None if "__getattr__" in namespace or "__path__" in namespace else False


def why_not(rule: "Rule", site: "CallSite", has: "Has" = loaded_has) -> str:
    """Return why the canonical path can't be written yet; empty if it can.

    Where nobody knows what the canonical module has, the rule decides: one that aliases proves
    itself with every import; one that lets the legacy code answer says that something is missing.

    Args:
        rule: the rule that covers the path.
        site: who asked.
        has: tells whether a module has a name, or None if it can't tell.

    """
    unknown = []
    for module, name in _wanted(rule, site):
        found = has(module, name)
        if found is False:
            return f'"{module}" has no "{name}" yet'
        if found is None:
            unknown.append((module, name))
    if unknown and rule.kind not in (NAME, FACTORY) and rule.keeps_own_code:
        module, name = unknown[0]
        option = "implementation = true" if rule.implementation else 'fallback = "legacy"'
        lacks = "not have all of it" if name == _STAR else f'have no "{name}"'
        return f'"{module}" may {lacks} yet: its rule says {option}'
    return ""


def _wanted(rule: "Rule", site: "CallSite") -> "Iterator[tuple[str, str]]":
    """Yield the canonical modules and names that take the place of what was asked for."""
    if rule.kind in (NAME, FACTORY):
        yield rule.target, rule.target_name.partition(".")[0]
        return
    canonical = rule.canonical_of(site.path)
    for name in site.names:
        yield canonical, rule.canonical_name(site.path, name)
    if not site.names and rule.keeps_own_code:
        # The module was asked for as a whole, and nobody knows for which of its names.
        yield canonical, _STAR
