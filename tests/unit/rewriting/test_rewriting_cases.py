"""What becomes of each form of reference: a named case each, with the promises of all results."""

import pytest
from pyflakes.api import check
from pyflakes.reporter import Reporter

from tests.unit.rewriting.cases import CASES, Case
from tests.unit.rewriting.conftest import Rewrite


class Complaints(Reporter):
    """What pyflakes finds, without places."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def flake(self, message: object) -> None:
        self.found.add(f"{type(message).__name__} {getattr(message, 'message_args', '')}")

    def syntaxError(self, *words: object) -> None:  # noqa: N802 - pyflakes calls it so
        self.found.add(f"syntax {words}")


def complaints(source: bytes, kinds: tuple[str, ...]) -> set[str]:
    reporter = Complaints()
    check(source.decode(), "views.py", reporter)
    return {one for one in reporter.found if one.startswith(kinds)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case: Case, rewrite: Rewrite) -> None:
    found = rewrite(case.before, **case.options)
    assert found.new.decode() == (case.after or case.before)
    reasons = [one.reason for one in found.left]
    assert len(reasons) == len(case.left), reasons
    assert all(map(str.startswith, reasons, case.left)), reasons
    assert tuple(text for _, text in found.remarks) == case.remarks
    assert bool(found.changes) == found.is_changed


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_second_run_changes_nothing(case: Case, rewrite: Rewrite) -> None:
    once = rewrite(case.before, **case.options)
    twice = rewrite(once.new, **case.options)
    assert twice.new == once.new
    assert [one.reason for one in twice.left] == [one.reason for one in once.left]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_result_compiles_and_pyflakes_finds_nothing_new(case: Case, rewrite: Rewrite) -> None:
    new = rewrite(case.before, **case.options).new
    compile(new, "views.py", "exec")
    kinds = ("UndefinedName", "UndefinedExport", "UndefinedLocal", "syntax")
    assert complaints(new, kinds) <= complaints(case.before.encode(), kinds)
    unused = ("UnusedImport", "UnusedVariable")
    assert len(complaints(new, unused)) <= len(complaints(case.before.encode(), unused))
