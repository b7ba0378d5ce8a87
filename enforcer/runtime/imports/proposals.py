"""Decide whether messages may propose the canonical path: why it can't be written yet.

Errors, warnings, log lines and the dashboard all ask here. The caller passes a function that knows
the names of canonical modules: the running program looks at loaded modules, others read source.
"""

import sys

from enforcer.rules.model import FACTORY, NAME
from enforcer.runtime.imports.cpython import is_initializing_spec, namespace_of

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
    """Return whether a loaded module has a name; None if only importing could tell."""
    loaded = sys.modules.get(module)
    namespace = namespace_of(loaded) if loaded is not None else None
    if not namespace:
        return None
    if name in namespace:
        return True
    if is_initializing_spec(namespace.get("__spec__")):
        return None  # its body is still running
    # A module's own __getattr__ may compute the name, and a package may have it as a submodule.
    return None if "__getattr__" in namespace or "__path__" in namespace else False


def why_not(rule: "Rule", site: "CallSite", has: "Has" = loaded_has) -> str:
    """Return why the canonical path can't be written yet; empty if it can.

    If the names of the canonical module are unknown, the rule decides: one that aliases is
    proved by every import; one that keeps the legacy code implies that something is missing.

    Args:
        rule: the rule that covers the path.
        site: the call site.
        has: returns whether a module has a name, or None if that is unknown.

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
    """Yield the canonical modules and names that replace what the call site asked for."""
    if rule.kind in (NAME, FACTORY):
        yield rule.target, rule.target_name.partition(".")[0]
        return
    canonical = rule.canonical_of(site.path)
    for name in site.names:
        yield canonical, rule.canonical_name(site.path, name)
    if not site.names and rule.keeps_own_code:
        # The module was imported as a whole; which of its names are used is unknown.
        yield canonical, _STAR
