"""Matching of references with rules: which legacy module or name each one asks for.

Stages play no role here. A module rule in stage observe does not affect the modules below it today,
but will once it is raised; the question is what happens then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from enforcer.findings import MODULE_LEVEL, Form
from enforcer.rules.model import NAME, TREE, MigrationMap, Rule, longest_match
from enforcer.rules.stages import REMOVED
from enforcer.source.file_references import STAR, Reference
from enforcer.source.markers import excuse_of
from enforcer.source.module_files import Locator
from enforcer.source.names import NameReader
from enforcer.source.positions import NOWHERE, Span
from enforcer.source.scanned import ScannedFile


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """A place that asks for something.

    Attributes:
        file: the file, relative to the root where it lies below it.
        line: the line, from 1.
        form: how it is asked for.
        typing_only: whether only type checkers read it.
        function: the qualified name of the function around it, ``<module>`` at top level.
        at: where the text is that names the path; zeros where that is unknown.
        excuse: the marker by which a test may use the path, or expects to be
            refused; or empty.
        through: the module that passed on what is asked for, by ``from legacy import *``; or
            empty.

    """

    file: str
    line: int
    form: Form
    typing_only: bool = False
    at: Span = NOWHERE
    function: str = field(default=MODULE_LEVEL, compare=False)
    through: str = field(default="", compare=False)
    excuse: str = field(default="", compare=False)

    @property
    def is_text(self) -> bool:
        """Return whether a text names the path: a string, or a line of a file that is no Python."""
        return self.form in ("string", "text")

    def __str__(self) -> str:
        """Format the place as editors jump to it."""
        place = f"{self.file}:{self.line}"
        return f"{place} (through {self.through})" if self.through else place


@dataclass(frozen=True, slots=True)
class Ask:
    """What one place asks of a legacy path.

    Attributes:
        rule: the rule that covers it.
        module: the legacy module that is asked.
        name: the name that is asked of it; empty where the module itself is wanted.
        site: the place.
        callers: the dotted paths under which the asking file may be imported.
        is_use: whether it is a use of the legacy path by itself, and not only the look-up
            of a name on a module that was imported elsewhere in the file.
        by_star: whether it is asked for by ``from … import *``.

    """

    rule: Rule
    module: str
    name: str
    site: Site
    callers: tuple[str, ...] = field(default=(), compare=False)
    is_use: bool = True
    by_star: bool = False


class Matcher:
    """Matcher of references with the rules of a map."""

    def __init__(self, migration_map: MigrationMap, locator: Locator, names: NameReader) -> None:
        """Bind to the map, and to the readers of modules and names."""
        self._map = migration_map
        self._locator = locator
        self._names = names
        self._rules = {rule.module: rule for rule in migration_map.rules if rule.kind != NAME}
        self._factories = {(one.module, one.name): one for one in migration_map.factories}

    def asks_in(self, scanned: ScannedFile) -> Iterator[Ask]:
        """Yield everything that a file asks of legacy paths."""
        for reference in scanned.found.references:
            site = Site(
                scanned.file,
                reference.line,
                reference.form,
                reference.typing_only,
                reference.spans[0] if reference.spans else NOWHERE,
                reference.function,
                excuse=excuse_of(reference.function, scanned.found.marks),
            )
            if reference.names == (STAR,):
                yield from self._asked_by_star(reference.path, site, scanned)
                continue
            for rule, module, name, asked in self._asked(reference):
                base = reference.base
                if name and _is_within(base, f"{module}.{name}"):
                    # The import of the name was counted already.
                    continue
                is_use = bool(rule.name) or not _is_within(base, module)
                if name or is_use:
                    at = _span(reference, rule, module, asked, is_use=is_use)
                    place = replace(site, at=at) if at != site.at else site
                    yield Ask(rule, module, name, place, scanned.modules, is_use)

    def _asked_by_star(self, module: str, site: Site, scanned: ScannedFile) -> Iterator[Ask]:
        """Yield what ``from module import *`` asks for: the module, and each name that is read.

        A rule for a name of a live module is used where ``__all__`` lists the name; where the star
        binds it all the same, it is unknown who wants it.
        """
        exported = self._starred(module)
        for name, of_name in self._map.names_in(module).items():
            if name in exported:
                is_use = name in self._listed(module)
                yield Ask(of_name, module, name, site, scanned.modules, is_use, by_star=True)
        rule = self.covering(module)
        if rule is None:
            for above, path, _, _ in self._asked_module(module):
                yield Ask(above, path, "", site, scanned.modules)
            return
        yield Ask(rule, module, "", site, scanned.modules, by_star=True)
        for used in sorted(scanned.found.loads & exported):
            yield Ask(rule, module, used, site, scanned.modules, is_use=False, by_star=True)

    def covering(self, path: str) -> Rule | None:
        """Return the rule that will cover a module once it is raised."""
        return longest_match(self._rules, path, lambda rule: not rule.implementation)

    def will_run(self, modules: Iterable[str]) -> bool:
        """Return whether a file's code still runs once every rule aliases, or is removed."""
        for module in modules:
            rule = self.covering(module)
            if rule is not None:
                return rule.keeps_own_code and rule.stage != REMOVED
        return True

    def legacy_modules(self, rule: Rule) -> Iterator[str]:
        """Yield the legacy modules of a rule: of a tree all that have code of their own."""
        waiting = [rule.module]
        while waiting:
            module = waiting.pop()
            yield module
            located = self._locator.locate(module)
            if rule.kind == TREE and located is not None:
                inside = self._locator.submodules(located)
                waiting += reversed([each for each in inside if self.covering(each) is rule])

    def _asked(self, reference: Reference) -> Iterator[tuple[Rule, str, str, str]]:
        """Yield rule, legacy module and name, and the name of the statement that reaches it."""
        if reference.form in ("attribute", "annotation", "string", "text"):
            for rule, module, name in self._asked_by_chain(reference.path):
                yield rule, module, name, ""
        elif reference.names:
            for name in reference.names:
                yield from self._asked_of(reference.path, name)
        else:
            yield from self._asked_module(reference.path)

    def _asked_module(self, path: str) -> Iterator[tuple[Rule, str, str, str]]:
        """Yield what an import of a module asks for: it, or the nearest package above it."""
        rule = self.covering(path)
        while rule is None and path:
            path = path.rpartition(".")[0]
            rule = self._rules.get(path)
        if rule is not None:
            yield rule, path, "", ""

    def _asked_of(self, module: str, name: str) -> Iterator[tuple[Rule, str, str, str]]:
        """Yield what ``from module import name`` asks for."""
        own = self._rules.get(f"{module}.{name}")
        of_name = self._map.names_in(module).get(name)
        rule = self.covering(module)
        if own is not None:
            yield own, own.module, "", name
        elif of_name is not None:
            yield of_name, module, name, name
        elif rule is not None:
            yield rule, module, name, ""
        elif (module, name) in self._factories:
            yield self._factories[module, name], module, name, name
        else:
            yield from self._asked_module(module)

    def _starred(self, module: str) -> frozenset[str]:
        located = self._locator.locate(module)
        return self._names.names_of(located).exported if located is not None else frozenset()

    def _listed(self, module: str) -> frozenset[str]:
        located = self._locator.locate(module)
        return self._names.names_of(located).listed if located is not None else frozenset()

    def _asked_by_chain(self, path: str) -> Iterator[tuple[Rule, str, str]]:
        """Yield what a dotted text asks for, which may extend into a name's attributes."""
        modules, colon, rest = path.partition(":")
        parts = modules.split(".")
        names = rest.split(".") if colon else []
        first_name = names[0] if names else ""
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            name = parts[length] if length < len(parts) else first_name
            of_name = self._map.names_in(module).get(name)
            if of_name is not None:
                yield of_name, module, name
                return
            rule = self.covering(module)
            if rule is not None and self._is_module(rule, module, is_certain=bool(colon)):
                yield rule, module, name
                return
            factory = self._factory_at(module, [*parts[length:], *names]) if rule is None else None
            if factory is not None:
                yield factory, module, factory.name
                return

    def _factory_at(self, module: str, rest: list[str]) -> Rule | None:
        """Return the factory of a live module that a text begins with, which may be a method."""
        for length in range(1, len(rest) + 1):
            found = self._factories.get((module, ".".join(rest[:length])))
            if found is not None:
                return found
        return None

    def _is_module(self, rule: Rule, path: str, *, is_certain: bool) -> bool:
        """Return whether a path below a rule is that of a module, and not of a name."""
        if path == rule.module or is_certain:
            return True
        located = self._locator.locate(path) or self._locator.locate(rule.canonical_of(path))
        return located is not None


def _is_within(base: str, module: str) -> bool:
    """Return whether what a file has imported is a module or something in it."""
    return base == module or base.startswith(f"{module}.")


def _span(reference: Reference, rule: Rule, module: str, asked: str, *, is_use: bool) -> Span:
    """Return where the text is that names a legacy path.

    Args:
        reference: the reference.
        rule: the rule that covers the path.
        module: the legacy module.
        asked: the name of a from-import that is the path by itself; or empty.
        is_use: whether the legacy module is named here, and not only a name of it.

    """
    spans = reference.spans
    if reference.base and len(spans) > 1:
        of_name = rule.name.count(".") + 1 if rule.name else not is_use
        parts = module.count(".") + 1 + of_name
        link = parts - reference.base.count(".") - 1
        return spans[max(0, min(link, len(spans) - 1))]
    if asked in reference.names and len(spans) > len(reference.names):
        return spans[1 + reference.names.index(asked)]
    return spans[0] if spans else NOWHERE
