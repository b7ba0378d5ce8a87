"""Findings of a scan: what files ask of legacy paths, as records for everybody else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from enforcer.findings import MODULE_LEVEL, Form, ScanFinding
from enforcer.rules.model import NAME, MigrationMap, Rule
from enforcer.source.computed import Computed
from enforcer.source.module_files import Locator
from enforcer.source.positions import NOWHERE
from enforcer.source.resolution import Ask, Matcher, Site
from enforcer.source.scanned import ScannedFile

_FILE: Form = "file"


def findings_of(asks: Iterable[Ask], locator: Locator, kind: str) -> Iterator[ScanFinding]:
    """Yield one finding for each place and legacy path, with the names that are asked for there.

    Args:
        asks: what the places of one file ask for.
        locator: finds modules.
        kind: the kind of the file.

    """
    names: dict[tuple[Site, Rule, str], set[str]] = defaultdict(set)
    uses: set[tuple[Site, Rule, str]] = set()
    for ask in asks:
        # What a star brings is the business of the place of the star.
        if ask.by_star and ask.name and ask.rule.kind != NAME and not ask.site.through:
            continue
        key = ask.site, ask.rule, ask.module
        names[key].add("*" if ask.by_star and not ask.name else ask.name)
        if ask.is_use and not ask.site.through:
            uses.add(key)
    for key, asked in names.items():
        site, rule, module = key
        legacy, canonical, rest = _paths(rule, module, asked, locator)
        yield ScanFinding(
            site.file,
            *_place(site),
            legacy,
            canonical,
            rule.legacy,
            site.form,
            kind,
            site.function,
            rest,
            typing_only=site.typing_only,
            is_use=key in uses,
            through=site.through,
            excuse=site.excuse,
        )


def _place(site: Site) -> tuple[int, int, int, int]:
    return site.at if site.at != NOWHERE else (site.line, 0, site.line, 0)


def _paths(
    rule: Rule, module: str, asked: set[str], locator: Locator
) -> tuple[str, str, tuple[str, ...]]:
    """Return the legacy path as run time records it, its canonical path, and the names."""
    if rule.name:
        return rule.legacy, rule.canonical, ()
    names = tuple(sorted(asked - {""}))
    if len(asked) == 1 and names and names != ("*",):
        # A single name that is a submodule is a use of that submodule.
        inside = f"{module}.{names[0]}"
        if locator.locate(inside) is not None:
            return inside, rule.canonical_of(inside), ()
    # An import of the module itself reaches every name.
    return module, rule.canonical_of(module), () if "" in asked else names


class Doubts:
    """What may be a reference to a legacy path, of which source is no proof."""

    def __init__(self, migration_map: MigrationMap, matcher: Matcher) -> None:
        """Bind to a map."""
        self._rules = migration_map.rules
        self._matcher = matcher

    def of(self, scanned: ScannedFile) -> Iterator[ScanFinding]:
        """Yield a file that could not be read, and names that are computed."""
        if scanned.error:
            yield _unproven(scanned, NOWHERE, _FILE, MODULE_LEVEL, scanned.error)
        for computed in scanned.found.computed:
            rule, legacy = self._reached(computed)
            if rule is None and (computed.prefix or not computed.is_import):
                continue
            form: Form = "call" if computed.is_import else "string"
            reason = (
                f"{computed.reason}: {computed.prefix}…" if computed.prefix else computed.reason
            )
            yield _unproven(
                scanned, computed.span, form, computed.function, reason, rule=rule, legacy=legacy
            )

    def _reached(self, computed: Computed) -> tuple[Rule | None, str]:
        """Return the rule that a computed name may reach, and the legacy path."""
        prefix = computed.prefix
        if not prefix:
            return None, ""
        written = prefix.rpartition(".")[0] or prefix
        rule = self._matcher.covering(written.partition(":")[0])
        if rule is not None:
            return rule, rule.module
        if not computed.is_import:
            return None, ""
        # What is not written down may be the rest of any path that begins so.
        for one in self._rules:
            if one.kind != NAME and one.module.startswith(prefix):
                return one, one.module
        return None, ""


def _unproven(  # noqa: PLR0913 - one parameter for each part of the record
    scanned: ScannedFile,
    place: tuple[int, int, int, int],
    form: Form,
    function: str,
    reason: str,
    *,
    rule: Rule | None = None,
    legacy: str = "",
) -> ScanFinding:
    return ScanFinding(
        scanned.file,
        *place,
        legacy,
        rule.canonical_of(legacy) if rule is not None else "",
        rule.legacy if rule is not None else "",
        form,
        scanned.kind,
        function,
        unproven=reason,
    )
