"""Judge by what was seen whether the invariants hold that speak of paths and classes."""

from typing import Final

from enforcer.report.words import counted
from enforcer.verification.facts import CLASS, Called, Looked
from enforcer.verification.import_paths import ImportPath
from enforcer.verification.model import (
    DEFINITIONS,
    FACTORIES,
    IMPORT_PATHS,
    SERVICES,
    Case,
    Outcome,
    Result,
)
from enforcer.verification.seen import NOBODY, Seen, count, dotted, last

_FAILS: Final = "can't be imported"


def judge_import_paths(seen: Seen) -> Result:
    """Judge whether every import path leads to the canonical object."""
    canonical: dict[int | str, str] = {}
    for path in seen.job.paths:
        number = seen.look(path.canonical).number
        canonical.setdefault(number or path.canonical, path.canonical)
    ends = [_canonical_case(seen, path) for path in canonical.values()]
    legacy = [_path_case(seen, path) for path in seen.job.paths]
    cases = (*ends, *legacy)
    if not cases:
        return Result(IMPORT_PATHS, "the map has no rules")
    wrong = count(cases, Outcome.VIOLATED)
    failing = sum(case.seen.startswith(_FAILS) for case in cases)
    summary = f"{counted(len(cases), 'import path')} to {counted(len(ends), 'object')}"
    if wrong > failing:
        verb = "leads" if wrong - failing == 1 else "lead"
        summary += f", and {wrong - failing} of them {verb} elsewhere"
    if failing:
        summary += f", and {failing} of them can't be imported"
    return Result(IMPORT_PATHS, summary, cases)


def _canonical_case(seen: Seen, path: str) -> Case:
    found = seen.look(path)
    if found.error:
        return Case(dotted(path), Outcome.VIOLATED, f"{_FAILS}: {found.error}")
    return Case(dotted(path), Outcome.PASSED, "canonical")


def _path_case(seen: Seen, path: ImportPath) -> Case:
    found, canonical = seen.look(path.legacy), seen.look(path.canonical)
    shown = dotted(path.legacy)
    if found.refused:
        return Case(shown, Outcome.PASSED, "refused: nothing is left there")
    if found.error:
        return Case(shown, Outcome.VIOLATED, f"{_FAILS}: {found.error}")
    if found.number == canonical.number:
        return Case(shown, Outcome.PASSED, f"leads to {dotted(path.canonical)}")
    if path.is_factory and seen.why_not.get(path.legacy) == "":
        return Case(shown, Outcome.PASSED, f"delegates to {dotted(path.canonical)}")
    where = "has code of its own" if found.shown == shown else f"leads to {found.shown}"
    return Case(shown, Outcome.VIOLATED, f"{where} instead of {dotted(path.canonical)}")


def judge_factories(seen: Seen) -> Result:
    """Judge whether the legacy factories delegate."""
    factories = [path for path in seen.job.paths if path.is_factory]
    cases = tuple(_factory_case(seen, path) for path in factories)
    wrong = count(cases, Outcome.VIOLATED)
    factories_found = counted(len(cases), "legacy factory", "legacy factories")
    summary = f"{factories_found}, {wrong} without delegation"
    if not wrong:
        summary = f"{factories_found} {'delegates' if len(cases) == 1 else 'delegate'}"
    return Result(FACTORIES, summary if cases else "the map has no [[factory]]", cases)


def _factory_case(seen: Seen, path: ImportPath) -> Case:
    outcome, what = _given(seen, path)
    return Case(dotted(path.legacy), outcome, f"gives {what}")


def judge_services(seen: Seen) -> Result:
    """Judge what each module of the program gets by the legacy paths that it uses."""
    used: dict[str, list[ImportPath]] = {}
    for path in seen.job.paths:
        for service in path.services:
            used.setdefault(service, []).append(path)
    cases = tuple(_service_case(seen, service, paths) for service, paths in used.items())
    wrong = count(cases, Outcome.VIOLATED)
    summary = f"{counted(len(cases), 'module')} use legacy paths"
    if len(cases) == 1:
        summary = "1 module uses legacy paths"
    if wrong:
        summary += f", and {wrong} of them {'gets' if wrong == 1 else 'get'} something else"
    return Result(SERVICES, summary if cases else "no module uses a legacy path", cases)


def _service_case(seen: Seen, service: str, paths: list[ImportPath]) -> Case:
    found = [(_given(seen, path), dotted(path.legacy)) for path in paths]
    wrong = [each for each in found if each[0][0] == Outcome.VIOLATED]
    said = "; ".join(f"gets {what} by {path}" for (_, what), path in wrong or found)
    return Case(service, Outcome.VIOLATED if wrong else Outcome.PASSED, said)


def _given(seen: Seen, path: ImportPath) -> tuple[Outcome, str]:
    """Say what who uses a path gets."""
    found, canonical = seen.look(path.legacy), seen.look(path.canonical)
    made, wanted = seen.main.get(path.legacy), seen.main.get(path.canonical)
    if found.refused or (made is not None and made.refused):
        return Outcome.PASSED, "a refusal"
    error = found.error or (made.error if made is not None else "")
    if error:
        return Outcome.VIOLATED, f"nothing ({error})"
    if made is not None and wanted is not None and made.number and wanted.number:
        return _compared(made, wanted)
    why_not = seen.why_not.get(path.legacy, NOBODY) if path.is_factory else NOBODY
    if found.number == canonical.number or not why_not:
        return Outcome.PASSED, dotted(path.canonical)
    return Outcome.VIOLATED, f"{found.shown} ({why_not})" if path.is_factory else found.shown


def _compared(made: Called, wanted: Called) -> tuple[Outcome, str]:
    if made.number == wanted.number:
        return Outcome.PASSED, "the canonical instance"
    if made.kind == wanted.kind:
        return Outcome.VIOLATED, "another instance"
    return Outcome.VIOLATED, f"a {last(made.shown)}"


def judge_definitions(seen: Seen) -> Result:
    """Judge whether every class has one definition."""
    classes = {
        path.canonical: seen.look(path.canonical)
        for path in seen.job.paths
        if seen.look(path.canonical).kind == CLASS
    }
    by_number: dict[int, str] = {}
    for path, found in classes.items():
        by_number.setdefault(found.number, path)
    cases = [_definition_case(seen, path, classes[path]) for path in by_number.values()]
    wrong = count(cases, Outcome.VIOLATED)
    verb = "is" if wrong == 1 else "are"
    summary = f"{len(cases)} {'class' if len(cases) == 1 else 'classes'}"
    summary += f", {wrong} of them {verb} defined more than once" if wrong else ", each once"
    return Result(DEFINITIONS, summary if cases else "no legacy path names a class", tuple(cases))


def _definition_case(seen: Seen, canonical: str, found: Looked) -> Case:
    legacy = [
        path.legacy for path in seen.job.paths if seen.look(path.canonical).number == found.number
    ]
    looks = [look for look in map(seen.look, legacy) if look.kind == CLASS]
    others = {look.shown for look in looks if look.number != found.number}
    others |= {dotted(path) for path in seen.defined if path in legacy}
    if others:
        said = f"is defined again: {', '.join(sorted(others))}"
        return Case(dotted(canonical), Outcome.VIOLATED, said)
    return Case(dotted(canonical), Outcome.PASSED, f"is {found.shown} on every path")
