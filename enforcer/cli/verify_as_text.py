"""Write a verification for people: coloured on a terminal, plain lines elsewhere."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from enforcer.cli.verify_words import conclusion, heading, title
from enforcer.verification.model import Case, Outcome, Result, Verification

_STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.VIOLATED: "red",
    Outcome.UNVERIFIED: "yellow",
    Outcome.NOTHING: "dim",
}
_INDENT: Final = "   "
_MOST_PATHS: Final = 5


def working(what: str) -> AbstractContextManager[object]:
    """Show on a terminal that something is being done."""
    console = Console(stderr=True)
    return console.status(what) if console.is_terminal else nullcontext()


def verification_as_text(found: Verification, file: TextIO, *, verbose: bool) -> str:
    """Write a verification as it suits what it goes to.

    A terminal gets lines of its width, in colours unless ``NO_COLOR`` is set; anything else
    gets plain lines, which are never wrapped.

    Args:
        found: what to write.
        file: where the text will go.
        verbose: whether to show the cases in which an invariant holds, too.

    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    lines = list(_lines(found, verbose=verbose))
    if not console.is_terminal or os.environ.get("TERM") == "dumb":
        return "".join(f"{line}\n" for line, _ in lines)
    with console.capture() as capture:
        for line, style in lines:
            text = line.lstrip()
            indent = len(line) - len(text)
            console.print(Padding(Text(text, style=style), (0, 0, 0, indent)))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _lines(found: Verification, *, verbose: bool) -> Iterator[tuple[str, str]]:
    """Give each line and its style."""
    yield title(found), "bold"
    yield "", ""
    for number, result in enumerate(found.results, start=1):
        yield heading(number, result), _STYLES[result.outcome]
        yield f"{_INDENT}{result.summary}", ""
        yield from _cases(result, verbose=verbose)
        for impact in result.impacts:
            yield f"{_INDENT}Impact: {impact}", ""
    yield "", ""
    yield conclusion(found), "bold green" if found.holds else "bold red"


def _cases(result: Result, *, verbose: bool) -> Iterator[tuple[str, str]]:
    if verbose:
        for case in result.cases:
            yield _line(result, case.outcome, f"{case.path}: {case.seen}")
        return
    by_cause: dict[tuple[Outcome, str], list[Case]] = {}
    for case in result.cases:
        if case.outcome != Outcome.PASSED:
            by_cause.setdefault((case.outcome, case.cause or case.seen), []).append(case)
    for (outcome, cause), cases in by_cause.items():
        if len(cases) == 1:
            yield _line(result, outcome, f"{cases[0].path}: {cases[0].seen}")
            continue
        named = ", ".join(case.path for case in cases[:_MOST_PATHS])
        rest = len(cases) - _MOST_PATHS
        more = f" and {rest:,} more (--verbose)" if rest > 0 else ""
        yield _line(result, outcome, f"{cause}, {len(cases):,} times: {named}{more}")


def _line(result: Result, outcome: Outcome, text: str) -> tuple[str, str]:
    # The heading says the outcome already, unless there is worse.
    mark = "" if outcome == result.outcome else f" ({outcome})"
    return f"{_INDENT * 2}{text}{mark}", _STYLES[outcome]
