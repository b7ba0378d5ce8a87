"""Write a verification as Markdown, for an issue or a pull request."""

from enforcer.output.document import CODE, STRONG, Document, Line, Table, Words, as_markdown
from enforcer.verification.model import Outcome, Result, Verification
from enforcer.verification.sections import conclusion, heading, title

_INVARIANTS = ("category", "severity", "result", "seen", "what has to hold")
_CASES = ("path", "result", "seen")


def verification_as_markdown(found: Verification) -> str:
    """Write a verification as a table of invariants, and a section for each of them."""
    return as_markdown(_document(found))


def _document(found: Verification) -> Document:
    yield Line(f"Verification of {title(found)}", level=1)
    yield Line(conclusion(found), STRONG)
    yield Table(_INVARIANTS, tuple(map(_invariant, found.results)))
    for result in found.results:
        if result.cases:
            yield Line(heading(result), level=2)
            yield from (Line(f"Impact: {impact}") for impact in result.impacts)
            cases = ((((case.path, CODE),), case.outcome, case.seen) for case in result.cases)
            yield Table(_CASES, tuple(cases))


def _invariant(result: Result) -> tuple[Words, ...]:
    invariant = result.invariant
    outcome = ((result.outcome, STRONG if result.outcome == Outcome.VIOLATED else ""),)
    return invariant.category, invariant.severity, outcome, result.summary, invariant.demand
