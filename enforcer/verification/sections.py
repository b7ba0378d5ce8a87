"""What ``enforcer verify`` prints: each invariant with its result, and a conclusion."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from enforcer.output.document import BLANK, STRONG, Document, Line, Weight
from enforcer.output.words import listed
from enforcer.verification.model import Case, Outcome, Result, Verification

_STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.VIOLATED: "red",
    Outcome.UNVERIFIED: "yellow",
    Outcome.NOTHING: "dim",
}
_WEIGHTS: Final[dict[Outcome, Weight]] = {
    Outcome.PASSED: "fine",
    Outcome.VIOLATED: "wrong",
    Outcome.UNVERIFIED: "warns",
    Outcome.NOTHING: "tells",
}
_MOST_PATHS: Final = 5


def document(found: Verification, *, verbose: bool) -> Document:
    """Yield a verification for people.

    Args:
        found: what to write.
        verbose: whether to show the cases in which an invariant holds, too.

    """
    yield Line(title(found), STRONG)
    yield BLANK
    for result in found.results:
        cases = tuple(_every(result) if verbose else _by_cause(result))
        below = (
            Line(result.summary, below=cases),
            *(Line(f"Impact: {impact}") for impact in result.impacts),
        )
        style, weight = _STYLES[result.outcome], _WEIGHTS[result.outcome]
        yield Line(heading(result), style, below, weight=weight)
    yield BLANK
    yield Line(conclusion(found), "bold green" if found.holds else "bold red")


def _every(result: Result) -> Iterator[Line]:
    for case in result.cases:
        yield _case(result, case.outcome, f"{case.path}: {case.seen}")


def _by_cause(result: Result) -> Iterator[Line]:
    """Yield the violations of an invariant, those with one cause in one line."""
    by_cause: dict[tuple[Outcome, str], list[Case]] = {}
    for case in result.cases:
        if case.outcome != Outcome.PASSED:
            by_cause.setdefault((case.outcome, case.cause or case.seen), []).append(case)
    for (outcome, cause), cases in by_cause.items():
        named = listed([case.path for case in cases], _MOST_PATHS, " (--verbose)")
        one = f"{cases[0].path}: {cases[0].seen}"
        yield _case(
            result, outcome, f"{cause}, {len(cases):,} times: {named}" if len(cases) > 1 else one
        )


def _case(result: Result, outcome: Outcome, text: str) -> Line:
    # The heading or the mark shows the outcome already; "!" needs a word beside a violation.
    is_shown = outcome in (result.outcome, Outcome.PASSED)
    return Line(
        text if is_shown else f"{text} ({outcome})", _STYLES[outcome], weight=_WEIGHTS[outcome]
    )


def title(found: Verification) -> str:
    """Return what was verified, and whether with the enforcer."""
    return f"{Path(found.map_file).name}, {_mode(found)}"


def heading(result: Result) -> str:
    """Return an invariant with its severity and its result."""
    invariant = result.invariant
    return f"{invariant.category} ({invariant.severity}): {result.outcome}"


def conclusion(found: Verification) -> str:
    """Return in one line whether everything holds."""
    by_outcome = {
        outcome: sum(result.outcome == outcome for result in found.results) for outcome in Outcome
    }
    total = len(found.results)
    parts = []
    if by_outcome[Outcome.VIOLATED]:
        parts.append(f"{by_outcome[Outcome.VIOLATED]} of {total} invariants violated")
    if by_outcome[Outcome.UNVERIFIED]:
        parts.append(f"{by_outcome[Outcome.UNVERIFIED]} of {total} not verified")
    if not parts:
        parts.append(f"{by_outcome[Outcome.PASSED]} of {total} invariants hold")
        if by_outcome[Outcome.NOTHING]:
            parts.append(f"nothing to verify for {by_outcome[Outcome.NOTHING]}")
    return f"{', '.join(parts)}, {_mode(found)}"


def _mode(found: Verification) -> str:
    return "with the enforcer" if found.is_enforced else "without the enforcer"
