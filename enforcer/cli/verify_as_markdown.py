"""Write a verification as Markdown, for an issue or a pull request."""

from collections.abc import Iterator

from enforcer.cli.verify_words import conclusion, heading, title
from enforcer.verification.model import Outcome, Result, Verification


def verification_as_markdown(found: Verification) -> str:
    """Write a verification as a table of invariants, and a section for each of them."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Verification) -> Iterator[str]:
    yield f"# Verification of {title(found)}"
    yield ""
    yield f"**{conclusion(found)}**"
    yield ""
    yield "| category | severity | result | seen | what has to hold |"
    yield "|---|---|---|---|---|"
    for result in found.results:
        invariant = result.invariant
        outcome = f"**{result.outcome}**" if result.outcome == Outcome.VIOLATED else result.outcome
        yield _row(
            invariant.category, invariant.severity, outcome, result.summary, invariant.demand
        )
    for number, result in enumerate(found.results, start=1):
        yield from _section(number, result)


def _section(number: int, result: Result) -> Iterator[str]:
    if not result.cases:
        return
    yield ""
    yield f"## {heading(number, result)}"
    yield ""
    for impact in result.impacts:
        yield f"Impact: {impact}"
        yield ""
    yield "| path | result | seen |"
    yield "|---|---|---|"
    for case in result.cases:
        yield _row(f"`{case.path}`", case.outcome, case.seen)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
