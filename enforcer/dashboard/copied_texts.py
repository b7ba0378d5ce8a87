"""Texts to copy: an issue for the owner of callers, and a patch that changes them."""

from collections import defaultdict
from collections.abc import Iterable
from difflib import unified_diff
from typing import Final

from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.look import THIRD_PARTY_OWNER, Caller, Look
from enforcer.output.times import short
from enforcer.output.words import counted, visible
from enforcer.rewriting.proposed_change import Rewrite

_MOST: Final = 100


def issue(look: Look, owner: str, call_sites: CallSites) -> str:
    """Return a Markdown text that asks an owner to change what is left of their callers.

    Args:
        look: the snapshot of the store.
        owner: the owner, as filters have it.
        call_sites: knows what to write instead.

    """
    left = [
        caller
        for caller in look.all_callers
        if owner in caller.responsible and look.is_left(caller.site)
    ]
    by_rule: defaultdict[str, list[Caller]] = defaultdict(list)
    for caller in left:
        by_rule[caller.rule.legacy].append(caller)
    lines = [f"# {counted(len(left), 'call site')} of deprecated import paths to change", ""]
    for legacy, callers in sorted(by_rule.items(), key=_by_date):
        rule = callers[0].rule
        due = f", which goes after {rule.remove_after}" if rule.remove_after else ""
        lines += [f"## `{visible(legacy)}` → `{visible(rule.canonical)}`{due}", ""]
        if rule.reason:
            lines += [visible(rule.reason), ""]
        lines += [_line(caller, call_sites, owner) for caller in callers[:_MOST]]
        if len(callers) > _MOST:
            lines.append(f"- and {len(callers) - _MOST:,} more")
        lines.append("")
    return "\n".join(lines)


def _by_date(item: tuple[str, list[Caller]]) -> tuple[str, str]:
    return item[1][0].rule.remove_after or "9", item[0]


def _line(caller: Caller, call_sites: CallSites, owner: str) -> str:
    site = caller.site
    text = f"- [ ] `{visible(caller.place)}`"
    if site.function not in ("", "<module>"):
        text += f" in `{visible(site.function)}()`"
    text += f": {counted(site.uses, 'use')}, last {short(site.last_seen)} UTC"
    if site.blocked:
        text += f", **{site.blocked:,} refused**"
    if owner == THIRD_PARTY_OWNER:
        return f"{text} ({visible(site.distribution) or 'third party'})"
    change = call_sites.snippet(caller).change
    return (
        f"{text}. Write `{visible(' / '.join(part.strip() for part in change.new))}`"
        if change
        else text
    )


def patch(callers: Iterable[Caller], call_sites: CallSites) -> str:
    """Return a unified diff of the call sites that can be rewritten; empty if none can."""
    changes: defaultdict[str, dict[int, Rewrite]] = defaultdict(dict)
    for caller in callers:
        change = call_sites.snippet(caller).change
        if change is not None:
            changes[caller.site.file].setdefault(change.first, change)
    return "".join(
        _file_patch(file, call_sites.source(file), found) for file, found in sorted(changes.items())
    )


def _file_patch(file: str, old: tuple[str, ...], changes: dict[int, Rewrite]) -> str:
    new = list(old)
    for first, change in sorted(changes.items(), reverse=True):
        new[first - 1 : first - 1 + len(change.old)] = change.new
    before, after = ([f"{line}\n" for line in lines] for lines in (old, new))
    return "".join(unified_diff(before, after, f"a/{file}", f"b/{file}"))
