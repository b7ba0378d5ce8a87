"""The child process of a verification: imports the program and reports facts as JSON lines.

The program's output goes to standard error; standard output carries the facts only.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final

import enforcer
from enforcer.baseline.tolerance import Everything
from enforcer.rules.factory_model import Factory
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import REMOVED
from enforcer.startup import active
from enforcer.verification.calls import Calls, is_refused
from enforcer.verification.facts import (
    CLASS,
    FIRST,
    MODULE,
    OTHER,
    TASK,
    THREAD,
    Called,
    Defined,
    Delegated,
    Fact,
    ImportPath,
    Job,
    Looked,
    Sampled,
    as_line,
)
from enforcer.verification.objects import Objects, name_of
from enforcer.verification.sample_arguments import said

_SECOND: Final = "enforcer-verify-2"
_THIRD: Final = "enforcer-verify-3"


def main() -> None:
    """Read a job from standard input, run it, and end the process."""
    # Whatever the program prints, from C code too, must not mix with the facts: they get a copy of
    # descriptor 1, and descriptor 1 becomes standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(line: Mapping[str, object]) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    job = Job.from_document(json.load(sys.stdin))
    sys.path[:0] = job.search
    migration_map = load_map(job.map_file)
    # Without a host, so that the result is the same on every machine.
    migration_map.settle(None)
    if job.is_enforced:
        # This process stands in for callers that strict rules tolerate; which callers are refused
        # is known from the source. In stage removed everybody is refused all the same.
        enforcer.enable(migration_map, store=False, baseline=Everything())
    for fact in Examiner(job, migration_map, lambda what: answer({"now": what})).facts():
        answer(as_line(fact))
    answer({"now": ""})
    os._exit(0)  # does not join threads that the program started


class Examiner:
    """Importer of the import paths, and caller of what makes instances."""

    def __init__(self, job: Job, migration_map: MigrationMap, say: Callable[[str], object]) -> None:
        """Bind to a job; ``say`` is called with the name of each step."""
        self._job = job
        self._map = migration_map
        self._say = say
        self._objects = Objects()
        self._found: dict[str, Any] = {}
        self._arguments = {rule.legacy: rule.arguments for rule in migration_map.factories}

    def facts(self) -> Iterator[Fact]:
        """Yield all facts."""
        for path in self._job.paths:
            # The legacy path first, as callers import it.
            yield from self._look(path.legacy)
            yield from self._look(path.canonical)
        for rule in self._job.instances:
            yield from self._look(rule.canonical)
        for factory in self._map.factories:
            yield Delegated(factory.legacy, self._why_not(factory))
        for rule in self._job.instances:
            yield from self._call_all(rule)
        yield from self._defined()

    # Imports.

    def _look(self, path: str) -> Iterator[Looked]:
        if path in self._found:
            return
        self._say(f'importing "{path.rstrip(":")}"')
        self._found[path] = None
        module, _, name = path.partition(":")
        found: Any = None
        try:
            found = importlib.import_module(module)
            for part in filter(None, name.split(".")):
                found = getattr(found, part)
        except BaseException as error:  # noqa: BLE001 - whatever a module's body raises
            is_absent = found is not None or _is_not_found(error, module)
            refused = is_refused(path, error) or _is_removed(module, name)
            yield Looked(path, refused=refused, error=said(error), absent=is_absent)
        else:
            self._found[path] = found
            kind = MODULE if isinstance(found, ModuleType) else OTHER
            kind = CLASS if isinstance(found, type) else kind
            yield Looked(path, self._objects.number(found), kind, name_of(found))

    def _why_not(self, factory: Factory) -> str:
        enforcement = active()
        watch = enforcement.watch if enforcement is not None else None
        if watch is None or watch.delegation is None:
            return "the enforcer is not enabled"
        return watch.delegation.why_not(factory)

    def _defined(self) -> Iterator[Defined]:
        """Yield classes that were defined by modules whose own code never runs under aliases."""
        counterparts = {path.legacy for path in self._job.paths}
        canonical = {id(self._found[path.canonical]) for path in self._job.paths}
        for kind in set(_subclasses(object)):
            path = f"{kind.__module__}:{kind.__qualname__}"
            rule = self._map.match(str(kind.__module__))
            is_second = path in counterparts and id(kind) not in canonical
            if is_second and rule is not None and not rule.keeps_own_code:
                yield Defined(path)

    # Calls.

    def _call_all(self, rule: Sampled) -> Iterator[Called]:
        """Call every path that returns instances of a rule."""
        calls = Calls(self._objects, rule, self._found)
        canonical = calls.call(rule.canonical, FIRST)
        yield canonical
        if canonical.error or canonical.untried:
            return
        paths = [rule.canonical]
        for path in self._job.paths:
            for end, renamed in self._ends(path, rule, canonical.kind):
                if end in paths or self._found.get(end) is None:
                    continue
                self._say(f'calling "{end}"')
                made = calls.call(end, FIRST, renamed=renamed)
                if end == path.legacy or made.untried or made.kind == canonical.kind:
                    paths.append(end)
                    yield made
        for each in paths:
            yield calls.call(each, FIRST, context=THREAD)
            yield calls.call(each, FIRST, context=TASK)
        yield from calls.at_once(rule.canonical, _SECOND)
        yield calls.call(rule.canonical, _THIRD)
        if not rule.sample:
            yield calls.call(rule.canonical, None)

    def _ends(
        self, path: ImportPath, rule: Sampled, kind: int
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the ends of an import path that may return instances of a rule, canonical first."""
        canonical = self._found.get(path.canonical)
        is_same = canonical is not None and canonical is self._found.get(rule.canonical)
        is_kind = isinstance(canonical, type) and self._objects.number(canonical) == kind
        if not (path.is_factory or is_same or is_kind):
            return
        yield path.canonical, {}
        renamed = self._arguments.get(path.legacy, {})
        yield path.legacy, {new: old for old, new in renamed.items() if new}


def _is_not_found(error: BaseException, module: str) -> bool:
    """Return whether the module itself does not exist, rather than a module that it imports."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    return missing is not None and f"{module}.".startswith(f"{missing}.")


def _subclasses(kind: type) -> Iterator[type]:
    """Yield every subclass of a class; some may come more than once."""
    waiting = [kind]
    seen = {kind}
    while waiting:
        inside = waiting.pop()
        # Through ``type``: if ``inside`` is a metaclass, ``inside.__subclasses__`` is unbound.
        found: list[type] = type.__subclasses__(inside)
        yield from found
        waiting += [each for each in found if each not in seen]
        seen.update(found)


def _is_removed(module: str, name: str) -> bool:
    """Return whether a name of a live module is in stage removed.

    This process counts as no caller: for it, such a name is absent instead of refused.
    """
    enforcement = active()
    if enforcement is None or enforcement.watch is None:
        return False
    rule = enforcement.watch.map.names_in(module).get(name.partition(".")[0])
    return rule is not None and rule.stage == REMOVED


if __name__ == "__main__":
    main()
