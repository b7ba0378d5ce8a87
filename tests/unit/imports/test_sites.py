"""The cache of instructions that were classified: what the hot paths find in it."""

import sys
from collections.abc import Iterator
from types import CodeType

import pytest

from enforcer.recording.recorder import Recorder, Tally
from enforcer.recording.use import ALIASED, CallSite
from enforcer.rules.model import Rule
from enforcer.runtime.imports import sites as module
from enforcer.runtime.imports.sites import Sites


def tally(line: int = 1) -> Tally:
    site = CallSite(
        "old", file="a.py", line=line, function="f", module="a", mechanism="import_statement"
    )
    return Recorder().tally(Rule("old", "new"), ALIASED, site)


def code(number: int) -> CodeType:
    """Return code that calls at the same offset as all others, and equals none."""
    return compile(f"ask()\nx = {number}", f"f{number}.py", "exec")


class Asking:
    """Run code, and ask a cache for the instruction that it stands at."""

    def __init__(self) -> None:
        self.sites = Sites()
        self.found: list[Iterator[object] | None] = []

    def find(self, code: CodeType) -> Iterator[object] | None:
        def ask() -> None:
            self.found.append(self.sites.find(sys._getframe(1)))  # noqa: SLF001

        exec(code, {"ask": ask})  # noqa: S102 - the program is the test's
        return self.found.pop()

    def remember(self, code: CodeType, *tallies: Tally) -> None:
        def ask() -> None:
            self.sites.remember(sys._getframe(1), tallies)  # noqa: SLF001

        exec(code, {"ask": ask})  # noqa: S102 - the program is the test's


@pytest.fixture
def asking() -> Asking:
    return Asking()


def count(uses: Iterator[object] | None) -> None:
    assert uses is not None
    next(uses)


def test_code_with_the_same_offsets_is_told_apart(asking: Asking) -> None:
    """The first one, and all that come later."""
    codes = [code(number) for number in range(4)]
    tallies = [tally(number) for number in range(3)]
    for one, counted in zip(codes, tallies, strict=False):
        asking.remember(one, counted)
    for number, one in enumerate(codes[:3]):
        for _ in range(number + 1):
            count(asking.find(one))

    assert [counted.total() for counted in tallies] == [1, 2, 3]
    assert asking.find(codes[3]) is None


def test_a_statement_may_count_for_several_rules(asking: Asking) -> None:
    """Or for none: then it is cached as one that needs nothing."""
    one, other, plain = tally(1), tally(2), code(1)
    asking.remember(plain, one, other)
    asking.remember(code(2), one)
    for _ in range(3):
        count(asking.find(plain))
    assert (one.total(), other.total()) == (3, 3)

    nothing = code(3)
    asking.remember(nothing)
    count(asking.find(nothing))
    assert (one.total(), other.total()) == (3, 3)


def test_all_is_forgotten_at_once(asking: Asking) -> None:
    """The first code object at an offset, and the later ones."""
    codes = [code(number) for number in range(3)]
    for one in codes:
        asking.remember(one, tally())
    asking.sites.forget()

    assert [asking.find(one) for one in codes] == [None, None, None]


def test_caches_share_nothing(asking: Asking) -> None:
    """Most of them stay empty, and then cost next to nothing."""
    one = code(1)
    asking.remember(one, tally())
    asking.remember(code(2), tally())

    assert Asking().find(one) is None


def test_the_number_of_instructions_is_bounded(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Further ones are classified each time; those that are cached stay."""
    monkeypatch.setattr(module, "MOST_SITES", 2)
    codes = [code(number) for number in range(5)]
    for one in codes:
        asking.remember(one, tally())

    assert [asking.find(one) is not None for one in codes] == [True, True, True, False, False]


def test_cached_code_lives_on(asking: Asking) -> None:
    """The identity of a code object that is gone could be another one's next."""
    for number in range(200):
        asking.remember(code(number), tally())

    assert all(asking.find(code(number)) is None for number in range(200, 400))
