"""Verdicts on import paths, factories, services and class definitions."""

from collections.abc import Iterator
from typing import Final

from enforcer.output.words import counted
from enforcer.verification.facts import CLASS, Called, ImportPath, Looked
from enforcer.verification.model import (
    DEFINITIONS,
    FACTORIES,
    IMPORT_PATHS,
    SERVICES,
    Case,
    Outcome,
    Result,
)
from enforcer.verification.seen import NOBODY, Seen, count, dotted, last, sites

_FAILS: Final = "can't be imported"
_REFUSED: Final = "refused: nothing is left there"
_NOWHERE: Final = "is nowhere, with the enforcer as without"
_SERVED: Final = "is served by the legacy code, as the map wants"
_OWN_CODE: Final = "has code of its own"

_NOTHING_THERE: Final = "Whoever asks for it gets an ImportError or an AttributeError."
_ELSEWISE: Final = (
    "A call that was right for the legacy function means something else: arguments arrive under "
    "other names, or a coroutine comes instead of a value."
)
_NOT_LET_IN: Final = (
    "Whoever still uses the path gets a LegacyImportError, or a LegacyCallError for the call of "
    "a factory."
)


def judge_import_paths(seen: Seen) -> Result:
    """Judge whether every import path leads to the canonical object."""
    canonical: dict[int | str, str] = {}
    for path in seen.job.paths:
        found = seen.look(path.canonical)
        if not (found.error and (path.is_served or path.in_legacy is False)):
            # Two canonical paths of one object are one end.
            canonical.setdefault(found.number or path.canonical, path.canonical)
    ends = [_canonical_case(seen, path) for path in canonical.values()]
    legacy = [_path_case(seen, path) for path in seen.job.paths]
    cases = (*ends, *legacy, *_lacking(seen, legacy))
    if not cases:
        return Result(IMPORT_PATHS, "the map has no rules")
    summary = f"{counted(len(cases), 'import path')} to {counted(len(ends), 'object')}"
    refused = sum(case.seen == _REFUSED for case in cases)
    failing = sum(case.cause == _FAILS for case in cases)
    wrong = count(cases, Outcome.VIOLATED) - failing
    if refused:
        summary += f", {refused} of them refused"
    if wrong:
        summary += f", and {wrong} of them {'leads' if wrong == 1 else 'lead'} elsewhere"
    if failing:
        summary += f", and {failing} of them can't be imported"
    return Result(IMPORT_PATHS, summary, cases)


def _canonical_case(seen: Seen, path: str) -> Case:
    found = seen.look(path)
    if found.error:
        return _fails(dotted(path), found)
    return Case(dotted(path), Outcome.PASSED, "canonical")


def _fails(shown: str, found: Looked) -> Case:
    said = f"{_FAILS}: {found.error}"
    return Case(shown, Outcome.VIOLATED, said, cause=_FAILS, impact=_NOTHING_THERE)


def _path_case(seen: Seen, path: ImportPath) -> Case:
    found, canonical = seen.look(path.legacy), seen.look(path.canonical)
    shown = dotted(path.legacy)
    if found.refused:
        return Case(shown, Outcome.PASSED, _REFUSED)
    if _is_nowhere(path, found, canonical):
        return Case(shown, Outcome.PASSED, _NOWHERE)
    if found.error:
        return _fails(shown, found)
    return _changed_case(seen, path) or _reached_case(seen, path, found, canonical)


def _is_nowhere(path: ImportPath, found: Looked, canonical: Looked) -> bool:
    """Return whether a name exists on neither side, so that nothing changes with the enforcer."""
    return path.in_legacy is False and found.absent and bool(canonical.error)


def _changed_case(seen: Seen, path: ImportPath) -> Case | None:
    changed = seen.source.changed.get(path.legacy)
    if changed is None or path.is_factory:
        return None
    said = f"leads to {dotted(path.canonical)}, which is called otherwise: {changed}"
    cause = "is called otherwise there"
    return Case(dotted(path.legacy), Outcome.VIOLATED, said, cause=cause, impact=_ELSEWISE)


def _reached_case(seen: Seen, path: ImportPath, found: Looked, canonical: Looked) -> Case:
    shown = dotted(path.legacy)
    if found.number == canonical.number:
        cause = "leads to the canonical object"
        return Case(shown, Outcome.PASSED, f"leads to {dotted(path.canonical)}", cause=cause)
    if path.is_factory and seen.why_not.get(path.legacy) == "":
        return Case(shown, Outcome.PASSED, f"delegates to {dotted(path.canonical)}")
    if path.is_served:
        return Case(shown, Outcome.PASSED, _SERVED)
    where = _OWN_CODE if found.shown == shown else f"leads to {found.shown}"
    said = f"{where} instead of {dotted(path.canonical)}"
    cause = f"{where} instead of the canonical object" if where == _OWN_CODE else "leads elsewhere"
    return Case(shown, Outcome.VIOLATED, said, cause=cause)


def _lacking(seen: Seen, cases: list[Case]) -> Iterator[Case]:
    """Yield names that the source asks for in vain, if no import of their path shows that."""
    violated = {case.path for case in cases if case.outcome == Outcome.VIOLATED}
    for path, places in seen.source.lacking.items():
        if dotted(path) not in violated:
            said = f"is only in the legacy code, and asked for in {sites(places)}"
            yield Case(dotted(path), Outcome.VIOLATED, said, cause=_FAILS, impact=_NOTHING_THERE)


def judge_factories(seen: Seen) -> Result:
    """Judge whether the legacy factories delegate."""
    factories = [path for path in seen.job.paths if path.is_factory]
    cases = tuple(_factory_case(seen, path) for path in factories)
    refused = sum(case.cause == "refused" for case in cases)
    wrong = count(cases, Outcome.VIOLATED) - refused
    wrong += sum(case.cause == "refused" and case.outcome == Outcome.PASSED for case in cases)
    refusing = f", {refused} refused" if refused else ""
    summary = f"{counted(len(cases), 'legacy factory', 'legacy factories')}"
    if wrong:
        summary += f", {wrong} without delegation{refusing}"
    elif refused:
        summary += refusing
    else:
        summary += " delegates" if len(cases) == 1 else " delegate"
    return Result(FACTORIES, summary if cases else "the map has no [[factory]]", cases)


def _factory_case(seen: Seen, path: ImportPath) -> Case:
    shown = dotted(path.legacy)
    called = seen.source.refused_calls.get(path.legacy, ())
    if called:
        said = f"refuses calls in {sites(called)}"
        return Case(shown, Outcome.VIOLATED, said, cause="refused", impact=_NOT_LET_IN)
    outcome, what, impact = _given(seen, path)
    cause = "refused" if what == _REFUSAL else ""
    return Case(shown, outcome, f"gives {what}", cause=cause, impact=impact)


def judge_services(seen: Seen) -> Result:
    """Judge what each module of the program gets by the legacy paths that it uses."""
    used: dict[str, list[ImportPath]] = {service: [] for service in seen.source.refused}
    for path in seen.job.paths:
        for service in path.services:
            used.setdefault(service, []).append(path)
    cases = tuple(_service_case(seen, service, used[service]) for service in sorted(used))
    refused = sum(case.cause == _REFUSED_CAUSE for case in cases)
    wrong = count(cases, Outcome.VIOLATED) - refused
    summary = counted(len(cases), "module uses legacy paths", "modules use legacy paths")
    if wrong:
        summary += f", and {wrong} of them {'gets' if wrong == 1 else 'get'} something else"
    if refused:
        summary += f", and {refused} of them {'is' if refused == 1 else 'are'} refused"
    return Result(SERVICES, summary if cases else "no module uses a legacy path", cases)


_REFUSAL: Final = "a refusal"
_REFUSED_CAUSE: Final = "refused by the stage"


def _service_case(seen: Seen, service: str, paths: list[ImportPath]) -> Case:
    refused = seen.source.refused.get(service)
    if refused:
        said = "; ".join(f"is refused {dotted(path)} ({sites(at)})" for path, at in refused.items())
        return Case(service, Outcome.VIOLATED, said, cause=_REFUSED_CAUSE, impact=_NOT_LET_IN)
    found = [(*_given(seen, path), dotted(path.legacy)) for path in paths]
    wrong = [each for each in found if each[0] == Outcome.VIOLATED]
    said = "; ".join(f"gets {what} by {path}" for _, what, _, path in wrong or found)
    impact = wrong[0][2] if wrong else ""
    outcome = Outcome.VIOLATED if wrong else Outcome.PASSED
    return Case(service, outcome, said, cause="gets something else" if wrong else "", impact=impact)


def _given(seen: Seen, path: ImportPath) -> tuple[Outcome, str, str]:
    """Return what a user of a path gets, and the impact if that is wrong."""
    found, canonical = seen.look(path.legacy), seen.look(path.canonical)
    made, wanted = seen.main.get(path.legacy), seen.main.get(path.canonical)
    if found.refused or (made is not None and made.refused):
        return Outcome.PASSED, _REFUSAL, ""
    if _is_nowhere(path, found, canonical):
        return Outcome.PASSED, "nothing, with the enforcer as without", ""
    error = found.error or (made.error if made is not None else "")
    if error:
        return Outcome.VIOLATED, f"nothing ({error})", _NOTHING_THERE
    if made is not None and wanted is not None and made.number and wanted.number:
        return (*_compared(made, wanted), "")
    return (*_got(seen, path, found, canonical), "")


def _got(seen: Seen, path: ImportPath, found: Looked, canonical: Looked) -> tuple[Outcome, str]:
    why_not = seen.why_not.get(path.legacy, NOBODY) if path.is_factory else NOBODY
    if found.number == canonical.number or not why_not:
        return Outcome.PASSED, dotted(path.canonical)
    if path.is_served:
        return Outcome.PASSED, f"{found.shown}, which the map lets answer"
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
    chosen = sum(case.cause == _BY_CHOICE for case in cases)
    if wrong:
        summary += f", {wrong} of them {verb} defined more than once"
    if chosen:
        summary += f", {chosen} of them with a second one in legacy code, as the map wants"
    elif not wrong:
        summary += ", each once"
    return Result(DEFINITIONS, summary if cases else "no legacy path names a class", tuple(cases))


_BY_CHOICE: Final = "has a second one in legacy code"


def _definition_case(seen: Seen, canonical: str, found: Looked) -> Case:
    legacy = {
        path.legacy: path
        for path in seen.job.paths
        if seen.look(path.canonical).number == found.number
        and (path.services or not path.is_served)
    }
    looks = {path: seen.look(path) for path in legacy}
    others = {
        path: look.shown
        for path, look in looks.items()
        if look.kind == CLASS and look.number != found.number
    }
    others |= {path: dotted(path) for path in seen.defined if path in legacy}
    wrong = {shown for path, shown in others.items() if not legacy[path].is_served}
    if wrong:
        said = f"is defined again: {', '.join(sorted(wrong))}"
        return Case(dotted(canonical), Outcome.VIOLATED, said, cause="is defined again")
    if others:
        said = f"is {found.shown}, and the map lets {', '.join(sorted(others.values()))} answer"
        return Case(dotted(canonical), Outcome.PASSED, said, cause=_BY_CHOICE)
    return Case(dotted(canonical), Outcome.PASSED, f"is {found.shown} on every path")
