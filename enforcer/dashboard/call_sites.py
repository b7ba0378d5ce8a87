"""Show a call site in its source, and what to write there instead."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from enforcer.dashboard.looking import Caller
from enforcer.dashboard.rewriting import Rewrite, rewrite
from enforcer.dashboard.source_lines import Line, around, read_source
from enforcer.imports.messages import canonical_path, replacement
from enforcer.imports.proposals import why_not
from enforcer.recording.use import CALL, ENTRY_POINT, PICKLE, THIRD_PARTY, CallSite
from enforcer.report.model import RuleReport
from enforcer.rules.model import FACTORY, MigrationMap, Rule
from enforcer.rules.repository import is_absolute
from enforcer.source.locating import Locator, search_path
from enforcer.source.names import NameReader

_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Snippet:
    """Show the source of one call site.

    Attributes:
        lines: the lines around it; none if the source is not at hand.
        is_stale: whether the line does not name the legacy path any more.
        change: the statement written anew, if that can be done safely.
        advice: what to write instead, in words or code, for every other case.

    """

    lines: tuple[Line, ...]
    is_stale: bool
    change: Rewrite | None
    advice: str


class CallSites:
    """Show call sites of one program, as far as its map and source are at hand."""

    def __init__(self, migration_map: MigrationMap | None, revision: str = "") -> None:
        """Take the map; without one there is neither source nor a link.

        Args:
            migration_map: says where the source is, and how to link to it.
            revision: what the source at hand is a checkout of.

        """
        self._root = migration_map.root if migration_map else ""
        self._template = migration_map.source_url if migration_map else ""
        self._rules = {rule.legacy: rule for rule in migration_map or ()}
        self._revision = revision or "HEAD"
        self._locator = Locator(search_path(self._root)) if self._root else None

    def link(self, caller: Caller) -> str:
        """Give the address of a call site in the code host; empty where there is none."""
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
        """Show the source of a call site, and what to write there."""
        return self.snippet_of(self.rule(caller.rule), _call_site(caller))

    def snippet_of(self, rule: Rule, site: CallSite) -> Snippet:
        """Show the source of a call site of a rule, and what to write there."""
        lines = () if site.relation == THIRD_PARTY else read_source(self._root, site.file)
        shown = around(lines, site.line)
        is_stale = bool(shown) and not _is_named(lines, rule, site)
        reason = why_not(rule, site, self._has)
        if reason:
            return Snippet(shown, is_stale, None, f"# nothing to write yet: {reason}")
        change = rewrite(lines, rule, site) if shown and not is_stale else None
        return Snippet(shown, is_stale, change, "" if change else _advice(rule, site))

    def _has(self, module: str, name: str) -> bool | None:
        """Tell whether a module has a name; None where its source is not at hand."""
        if self._locator is None or self._locator.locate(module) is None:
            return None
        if name == "*":
            return None
        return NameReader(self._locator).has(module, name)

    def rule(self, report: RuleReport) -> Rule:
        """Give a rule as the map has it, or as the store does."""
        known = self._rules.get(report.legacy)
        if known is not None:
            return known
        rule = Rule(report.legacy, report.canonical, stage=report.stage)
        if report.kind == FACTORY:
            rule.kind = FACTORY
        return rule


def _call_site(caller: Caller) -> CallSite:
    site = caller.site
    return CallSite(
        site.path,
        file=site.file,
        line=site.line,
        function=site.function,
        module=site.module,
        mechanism=site.mechanism,
        names=site.names,
        via=site.via,
        relation=site.relation,
        distribution=site.distribution,
    )


def _is_named(lines: tuple[str, ...], rule: Rule, site: CallSite) -> bool:
    """Tell whether the line still speaks of the legacy path, by its last part."""
    if site.mechanism in (PICKLE, ENTRY_POINT):
        return True
    module, _, name = site.path.partition(":")
    leaf = name.rpartition(".")[2] if name else module.rpartition(".")[2]
    # Statements and calls go on over several lines.
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
