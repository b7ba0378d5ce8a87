"""Names that modules re-export by ``from legacy import *``, and the uses of those names.

``shop/api.py`` that says ``from shop.old_cart import *`` has all that the legacy module exports.
Once that is an alias it has what the canonical module exports, and whoever imports another name
from ``shop.api`` gets an ImportError.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from enforcer.rules.model import MODULE, NAME, MigrationMap, Rule
from enforcer.source.aliased_names import AliasedNames
from enforcer.source.file_references import STAR
from enforcer.source.module_files import Locator
from enforcer.source.names import NameReader
from enforcer.source.resolution import Ask, Matcher
from enforcer.source.scan import Scanner
from enforcer.source.scanned import ScannedFile

Lost = dict[str, tuple[Rule, str]]
"""Name that a module will lose → the rule and the legacy module that it is from."""


class StarFollower:
    """Finder of uses of names that a star will no longer bring."""

    def __init__(
        self,
        migration_map: MigrationMap,
        search: tuple[str, ...],
        locator: Locator,
        before: NameReader,
        after: AliasedNames,
    ) -> None:
        """Bind to the map, and to the readers of current and future names."""
        self._map = migration_map
        self._search = search
        self._locator = locator
        self._before = before
        self._after = after

    def asks(self, stars: Iterable[Ask]) -> Iterator[Ask]:
        """Yield, for each use of a name in a re-exporting module, the ask of the legacy module.

        Args:
            stars: the star imports of legacy modules.

        """
        lost: dict[str, Lost] = {}
        for ask in stars:
            for module in ask.callers:
                self._note(lost, module, self._lost_by(module, ask))
        done: set[str] = set()
        while waiting := [module for module in lost if module not in done]:
            done.update(waiting)
            for ask in self._asks_of(waiting):
                missing = lost[ask.module]
                site = replace(ask.site, through=ask.module)
                for name in self._wanted(ask, missing):
                    rule, legacy = missing[name]
                    yield Ask(rule, legacy, name, site, ask.callers, is_use=False, by_star=True)
                if ask.name == STAR:
                    for module in ask.callers:
                        still = self._missing_in(module)
                        passed = {name: missing[name] for name in missing if name in still}
                        self._note(lost, module, passed)

    @staticmethod
    def _note(lost: dict[str, Lost], module: str, names: Lost) -> None:
        if names:
            lost.setdefault(module, {}).update(names)

    def _lost_by(self, module: str, ask: Ask) -> Lost:
        """Return the names that a module loses of those it star-imports from a legacy module."""
        legacy = self._locator.locate(ask.module)
        if legacy is None:
            return {}
        exported = self._before.names_of(legacy).exported
        kept = self._after.star(ask.rule, ask.module)
        gone = exported - kept.exported if not kept.unsure else frozenset()
        return dict.fromkeys(gone & self._missing_in(module), (ask.rule, ask.module))

    def _missing_in(self, module: str) -> frozenset[str]:
        located = self._locator.locate(module)
        if located is None:
            return frozenset()
        return self._before.names_of(located).names - self._after.reader.names_of(located).names

    def _asks_of(self, modules: list[str]) -> Iterator[Ask]:
        """Yield what the program's files ask of some modules, as if those were legacy modules."""
        rules = [Rule(module, module) for module in modules]
        asked = MigrationMap(
            rules, root=self._map.root, exclude=self._map.exclude, path=self._map.path
        )
        matcher = Matcher(asked, self._locator, self._before)
        for scanned in Scanner(asked, self._search).scan():
            for ask in matcher.asks_in(scanned):
                if ask.rule.kind == MODULE and ask.module == ask.rule.module:
                    yield self._as_star(scanned, ask)

    @staticmethod
    def _as_star(scanned: ScannedFile, ask: Ask) -> Ask:
        is_star = any(
            reference.names == (STAR,)
            and (reference.line, reference.path) == (ask.site.line, ask.module)
            for reference in scanned.found.references
        )
        return replace(ask, name=STAR) if is_star and not ask.name else ask

    def _wanted(self, ask: Ask, missing: Lost) -> list[str]:
        """Return which of the missing names a place needs.

        A star needs all that ``__all__`` lists; other names that are read are yielded on their own.
        """
        if ask.name != STAR:
            return [ask.name] if ask.name in missing else []
        located = self._locator.locate(ask.module)
        listed = self._before.names_of(located).listed if located is not None else frozenset()
        return sorted(listed & missing.keys())


class StarPassing(StarFollower):
    """Finder of uses of all names that modules re-export by a star from legacy modules."""

    def _lost_by(self, module: str, ask: Ask) -> Lost:
        legacy = self._locator.locate(ask.module)
        if legacy is None:
            return {}
        exported = {ask.name} if ask.rule.kind == NAME else self._before.names_of(legacy).exported
        return dict.fromkeys(exported & self._missing_in(module), (ask.rule, ask.module))

    def _missing_in(self, module: str) -> frozenset[str]:
        """Return the names that a module has by a star alone."""
        located = self._locator.locate(module)
        if located is None:
            return frozenset()
        found = self._before.names_of(located)
        return found.names - found.own
