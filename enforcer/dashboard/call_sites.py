"""Snippets of call sites' source, with the rewritten statement or advice, and links to it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from enforcer.dashboard.look import Caller
from enforcer.dashboard.source_lines import Line, around
from enforcer.recording.use import CALL, ENTRY_POINT, PICKLE, THIRD_PARTY, CallSite
from enforcer.report.model import RuleReport
from enforcer.rewriting.proposed_change import ProposedChanges, Rewrite
from enforcer.rules.model import FACTORY, MigrationMap, Rule
from enforcer.rules.repository import is_absolute
from enforcer.runtime.imports.messages import canonical_path, replacement
from enforcer.runtime.imports.proposals import why_not
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.own_files import read_own, read_source

_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Snippet:
    """The source of one call site.

    Attributes:
        lines: the lines around it; none if the source is not available.
        is_stale: whether the line no longer names the legacy path.
        change: the rewritten statement, if it can be rewritten safely.
        advice: otherwise what to write instead, as text or code.

    """

    lines: tuple[Line, ...]
    is_stale: bool
    change: Rewrite | None
    advice: str


class CallSites:
    """Snippets and links of one program, as far as its map and source are available."""

    def __init__(self, migration_map: MigrationMap | None, revision: str = "") -> None:
        """Read what the map says of the source; without a map there is neither source nor a link.

        Args:
            migration_map: the map, with the root of the source and the template of links.
            revision: the commit that the source is a checkout of.

        """
        self._root = migration_map.root if migration_map else ""
        self._template = migration_map.source_url if migration_map else ""
        self._rules = {rule.legacy: rule for rule in migration_map or ()}
        self._revision = revision or "HEAD"
        self._locator = Locator(search_path(self._root)) if self._root else None
        self._proposed = ProposedChanges(migration_map) if migration_map and self._root else None

    def link(self, caller: Caller) -> str:
        """Return the URL of a call site at the code host; empty if there is none."""
        site = caller.site
        has_file = not (is_absolute(site.file) or site.file.startswith("<"))
        is_here = site.relation != THIRD_PARTY and site.line and has_file
        if not self._template or not is_here or len(site.file) > _LONGEST:
            return ""
        values = {
            "file": quote(site.file, safe="/"),
            "line": str(site.line),
            "revision": quote(self._revision, safe=""),
        }
        link = self._template
        for key, value in values.items():
            link = link.replace(f"{{{key}}}", value)
        return link

    def snippet(self, caller: Caller) -> Snippet:
        """Return the source of a caller's call site, with what to write there."""
        return self.snippet_of(self.rule(caller.rule), _call_site(caller))

    def snippet_of(self, rule: Rule, site: CallSite) -> Snippet:
        """Return the source of a rule's call site, with what to write there."""
        lines = () if site.relation == THIRD_PARTY else read_source(self._root, site.file)
        shown = around(lines, site.line)
        is_stale = bool(shown) and not _is_named(lines, rule, site)
        reason = why_not(rule, site, self._has)
        if reason:
            return Snippet(shown, is_stale, None, f"# nothing to write yet: {reason}")
        change, left = self._change(rule, site) if shown and not is_stale else (None, "")
        if left:
            return Snippet(shown, is_stale, None, f"# enforcer fix leaves it: {left}")
        return Snippet(shown, is_stale, change, "" if change else _advice(rule, site))

    def _change(self, rule: Rule, site: CallSite) -> tuple[Rewrite | None, str]:
        """Return what ``enforcer fix`` would write at a call site, or why it leaves it."""
        found = read_own(self._root, site.file)
        if found is None or self._proposed is None:
            return None, ""
        return self._proposed.at(*found, rule.legacy, site.line)

    def source(self, file: str) -> tuple[str, ...]:
        """Return the lines of a file of the program's own code; none if it is not available."""
        return read_source(self._root, file)

    def _has(self, module: str, name: str) -> bool | None:
        """Return whether a module has a name; None if its source is not available."""
        if self._locator is None or self._locator.locate(module) is None:
            return None
        if name == "*":
            return None
        return NameReader(self._locator).has(module, name)

    def rule(self, report: RuleReport) -> Rule:
        """Return a rule from the map, or as the store has it."""
        known = self._rules.get(report.legacy)
        if known is not None:
            return known
        rule = Rule(report.legacy, report.canonical, stage=report.stage)
        if report.kind == FACTORY:
            rule.kind = FACTORY
        return rule


def _call_site(caller: Caller) -> CallSite:
    return CallSite(*(getattr(caller.site, field) for field in CallSite.__slots__))


def _is_named(lines: tuple[str, ...], rule: Rule, site: CallSite) -> bool:
    """Return whether the line still names the legacy path, by the path's last part."""
    if site.mechanism in (PICKLE, ENTRY_POINT):
        return True
    module, _, name = site.path.partition(":")
    leaf = name.rpartition(".")[2] if name else module.rpartition(".")[2]
    # A statement or call may span several lines.
    text = "\n".join(lines[site.line - 1 : site.line + 20])
    return leaf in text or (rule.kind == FACTORY and bool(text))


def _advice(rule: Rule, site: CallSite) -> str:
    canonical = canonical_path(rule, site.path)
    if site.mechanism == PICKLE:
        return f'# write the data anew with "{canonical}"'
    if site.mechanism == ENTRY_POINT:
        return f'# point the entry point to "{canonical}"'
    text = replacement(rule, site)
    if rule.kind == FACTORY or site.mechanism == CALL:
        return f"{text}\n# and call {rule.target_name}()"
    return text
