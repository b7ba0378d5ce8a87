"""Whoever comes first makes it, others wait."""

import asyncio
import threading

import pytest

from enforcer.runtime.delegation.creation import CircleError, Makings
from tests.patience import PATIENCE


def test_the_first_makes_it_and_others_wait() -> None:
    """Who waited is told nothing but that it is over."""
    makings = Makings()
    mine = makings.claim("key")
    assert mine is not None
    said: list[object] = []
    thread = threading.Thread(target=lambda: said.append(makings.claim("key")))
    thread.start()
    while not makings._waiting:  # noqa: SLF001 - nobody else tells that it waits by now
        pass
    assert not said
    makings.end("key", mine)
    thread.join(PATIENCE)

    assert said == [None]
    assert makings.claim("key") is not None


def test_one_who_asks_for_their_own_is_told() -> None:
    """A thread, and a task."""
    makings = Makings()
    makings.claim("key")
    with pytest.raises(CircleError):
        makings.claim("key")

    async def twice() -> None:
        await makings.claim_async("other")
        with pytest.raises(CircleError):
            await makings.claim_async("other")

    asyncio.run(twice())


def test_each_counts_those_that_came_before() -> None:
    """So that of three at once, two get the two places that there are."""
    makings = Makings()
    first = makings.claim("a")
    makings.claim("b")
    makings.claim("c")

    assert [makings.up_to(key) for key in "abc"] == [1, 2, 3]
    assert first is not None
    makings.end("a", first)
    assert [makings.up_to(key) for key in "bc"] == [1, 2]
