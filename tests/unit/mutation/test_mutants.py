"""The tool behind ``make mutation``: which wrong changes it makes, and which it leaves alone."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutation.__main__ import PLACES, ROOT, TESTS
from tests.mutation.equivalents import Equivalent, outdated, without
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.nearest import HIDER, HIDING


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return tmp_path / "module.py"


def mutants(module: Path, source: str) -> list[Mutant]:
    module.write_text(dedent(source))
    return mutants_of(module.name, module.parent)


def changes(module: Path, source: str) -> list[str]:
    return [mutant.change for mutant in mutants(module, source)]


def test_each_kind_of_change(module: Path) -> None:
    source = """\
        def take(limit: int = 3) -> int:
            if not limit or limit < 2:
                raise ValueError(limit)
            while limit:
                limit -= 1
                break
            return limit + 0
        """

    assert changes(module, source) == [
        "3 -> (3 + 1)",
        "not limit -> limit",
        "not limit or limit < 2 -> not (not limit or limit < 2)",
        "or -> and",
        "< -> <=",
        "2 -> (2 + 1)",
        "raise ValueError(limit) -> pass",
        "limit -> not (limit)",
        "limit -= 1 -> pass",
        "1 -> (1 + 1)",
        "break -> continue",
        "return limit + 0 -> return None",
        "+ -> -",
        "0 -> (0 + 1)",
    ]


def test_what_is_for_people_and_type_checkers_is_left_alone(module: Path) -> None:
    source = '''\
        """Text."""
        TYPE_CHECKING = False
        if TYPE_CHECKING:
            import typing
        __all__ = ["A"]
        @dataclass(frozen=True)
        class A:
            """Text."""
            __slots__ = ("a",)
            a: Literal[1]
            def find(self) -> str:
                return ""
        '''

    assert changes(module, source) == []


def test_lines_stay_where_they_were(module: Path) -> None:
    """The lines that tests covered are those of the original."""
    source = "call(\n    1,\n    2,\n)\nother()\n"

    for mutant in mutants(module, source):
        changed = mutant.applied_to(module.read_bytes()).decode()
        compile(changed, "changed", "exec")
        assert len(changed.splitlines()) == 5


def test_what_runs_at_import_belongs_to_all_that_uses_it(module: Path) -> None:
    """Tests of a constant run the functions that read it, and not its own line."""
    source = (
        "LIMIT = 3\ndef take(limit=4):\n    pass\n    return limit is LIMIT\nclass A:\n    b = 5\n"
    )
    lines = {mutant.change: mutant.lines for mutant in mutants(module, source)}

    assert lines["3 -> (3 + 1)"] == (1, 6)
    assert lines["4 -> (4 + 1)"] == (2, 4)
    assert lines["is -> is not"] == (4, 4)
    assert lines["5 -> (5 + 1)"] == (1, 6)


def test_equivalents_are_found_by_their_text(module: Path) -> None:
    """Wherever the line stands by now; one that was changed is named."""
    before = mutants(module, "LIMIT = 3\nOTHER = 3\n")
    entries = [
        Equivalent("module.py", "LIMIT = 3", "a bound", "3 -> (3 + 1)"),
        Equivalent("module.py", "GONE = 3", "a bound"),
    ]

    assert [mutant.text for mutant in without(before, entries)] == ["OTHER = 3"]
    moved = mutants(module, "\n\nOTHER = 3\n\nLIMIT = 3\n")
    assert [mutant.text for mutant in without(moved, entries)] == ["OTHER = 3"]
    assert outdated(moved, entries) == entries[1:]


def test_what_it_looks_for_is_there() -> None:
    """Packages and modules move, and a package without a file would have no survivors."""
    for package, tests in TESTS.items():
        assert list((ROOT / "enforcer" / PLACES.get(package, package)).glob("*.py"))
        assert all((ROOT / test).exists() for test in tests)
    assert (ROOT / HIDER).read_text(encoding="utf-8").count(HIDING) == 1
