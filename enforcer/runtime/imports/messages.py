"""Messages for the callers of a legacy path: what happened, where, and the remedy."""

from enforcer.recording.use import (
    ATTRIBUTE,
    CALL,
    ENTRY_POINT,
    IMPORT_MODULE,
    IMPORT_STATEMENT,
    PICKLE,
)
from enforcer.rules.model import FACTORY, NAME
from enforcer.runtime.imports.proposals import loaded_has, why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.recording.use import CallSite
    from enforcer.rules.model import Rule
    from enforcer.runtime.imports.proposals import Has

LEGACY_IMPORT = "legacy-import"
REMOVED_IMPORT = "removed-import"
LEGACY_CALL = "legacy-call"
REMOVED_CALL = "removed-call"


def canonical_path(rule: "Rule", path: str) -> str:
    """Return the canonical path of the legacy path that was reached."""
    if rule.kind in (NAME, FACTORY):
        return rule.canonical
    return rule.canonical_of(path)


def replacement(
    rule: "Rule", site: "CallSite", *, from_package: bool = False, is_lazy: bool = False
) -> str:
    """Return the line of code that does the same through the canonical path.

    Args:
        rule: the rule that covers the path.
        site: the call site.
        from_package: whether a from-import asked the package for the legacy module.
        is_lazy: whether the statement is written with ``lazy`` (PEP 810).

    """
    written = _replacement(rule, site, from_package=from_package)
    return f"lazy {written}" if is_lazy else written


def _replacement(rule: "Rule", site: "CallSite", *, from_package: bool) -> str:
    canonical = canonical_path(rule, site.path)
    if rule.kind in (FACTORY, NAME):
        new = rule.target_name.partition(".")[0]
        # An import binds the old name, which the code below uses. A factory is called by its new
        # name, since its arguments change as well.
        is_import = rule.kind == NAME and site.mechanism == IMPORT_STATEMENT
        return f"from {rule.target} import {_bound(new, rule.name if is_import else new)}"
    if site.names:
        is_import = site.mechanism == IMPORT_STATEMENT
        pairs = [(rule.canonical_name(site.path, name), name) for name in site.names]
        names = ", ".join(_bound(new, old if is_import else new) for new, old in pairs)
        return f"from {canonical} import {names}"
    if site.mechanism == IMPORT_MODULE:
        # If a framework made the import, the program wrote the path as a string.
        return f'"{canonical}"' if site.via else f'importlib.import_module("{canonical}")'
    if from_package:
        package, _, name = canonical.rpartition(".")
        bound = _bound(name, site.path.rpartition(".")[2])
        return f"from {package} import {bound}" if package else f"import {bound}"
    return f"import {canonical}"


def _bound(new: str, old: str) -> str:
    """Return a name of an import, bound to the name that it had."""
    return new if new == old else f"{new} as {old}"


def explain(  # noqa: PLR0913 - one option for each thing that makes the words differ
    rule: "Rule",
    site: "CallSite",
    *,
    removed: bool = False,
    from_package: bool = False,
    used_at: str = "",
    is_lazy: bool = False,
) -> str:
    """Return a sentence about one use of a legacy path, with its remedy.

    Args:
        rule: the rule that covers the path.
        site: the call site.
        removed: whether the path is gone.
        from_package: whether a from-import asked the package for the legacy module.
        used_at: where a name was first used that the site imports lazily, or empty.
        is_lazy: whether the statement is written with ``lazy`` (PEP 810).

    """
    who = f"{site}, first used at {used_at}," if used_at else str(site)
    verb = {ATTRIBUTE: "read", CALL: "called"}.get(site.mechanism, "imported")
    if removed:
        asks = "calls it" if site.mechanism == CALL else "asks for it"
        head = f'"{site.path}" was removed; {who} still {asks}. '
        if not why_not(rule, site):
            head += f'Use "{canonical_path(rule, site.path)}". '
    else:
        head = f'"{site.path}" was {verb} by {who.removesuffix(",")}; '
        verb = "is to move" if why_not(rule, site) else "moved"
        head += f'it {verb} to "{canonical_path(rule, site.path)}". '
    if rule.kind == FACTORY:
        slug = REMOVED_CALL if removed else LEGACY_CALL
    else:
        slug = REMOVED_IMPORT if removed else LEGACY_IMPORT
    advice = remedy(rule, site, from_package=from_package, is_lazy=is_lazy)
    return f"{head}{advice}{_details(rule)} ({slug})"


def remedy(
    rule: "Rule",
    site: "CallSite",
    *,
    from_package: bool = False,
    is_lazy: bool = False,
    has: "Has" = loaded_has,
) -> str:
    """Return the remedy for one use of a legacy path; it only proposes what works.

    Args:
        rule: the rule that covers the path.
        site: the call site.
        from_package: whether a from-import asked the package for the legacy module.
        is_lazy: whether the statement is written with ``lazy`` (PEP 810).
        has: returns whether a canonical module has a name.

    """
    reason = why_not(rule, site, has)
    if reason:
        return f"Don't write that path yet: {reason}."
    if rule.kind == FACTORY:
        called = f"{rule.target_name}()"
        return f"Write: {replacement(rule, site)}, and call {called}{_renamed(rule)}."
    if site.mechanism in (PICKLE, ENTRY_POINT):
        what = "Write the data anew with" if site.mechanism == PICKLE else "Point it to"
        return f'{what} "{canonical_path(rule, site.path)}".'
    return f"Write: {replacement(rule, site, from_package=from_package, is_lazy=is_lazy)}"


def _renamed(factory: "Rule") -> str:
    """Describe the arguments that were renamed or dropped."""
    arguments: dict[str, str] = getattr(factory, "arguments", {})
    renamed = [f"{old} as {new}" for old, new in arguments.items() if new and new != old]
    dropped = [old for old, new in arguments.items() if not new]
    parts = [f"with {', '.join(renamed)}"] if renamed else []
    parts += [f"without {', '.join(dropped)}"] if dropped else []
    return f" {' and '.join(parts)}" if parts else ""


def _details(rule: "Rule") -> str:
    details = [
        text
        for text in (
            rule.reason,
            rule.owner and f"owner {rule.owner}",
            rule.remove_after and f"goes after {rule.remove_after}",
            rule.removal and f"goes in {rule.removal}",
            rule.link,
        )
        if text
    ]
    return f" [{'; '.join(details)}]" if details else ""
