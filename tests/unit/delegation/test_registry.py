"""One instance for each key, and its coming and going."""

import gc
import threading
from collections.abc import Callable

import pytest

from enforcer.errors import InstanceError
from enforcer.rules.factory_model import STRONG, Instances
from enforcer.runtime.delegation.registry import Registry
from tests.patience import PATIENCE


class Thing:
    """Something to keep."""


def registry(**options: object) -> tuple[Registry, list[str]]:
    said: list[str] = []
    rule = Instances("pkg.mod:Thing", "key", **options)  # type: ignore[arg-type]
    return Registry(rule, said.append), said


def test_one_for_each_key() -> None:
    """And another one after release."""
    kept, _ = registry()
    one, two = kept.obtain(1, Thing), kept.obtain(2, Thing)

    assert kept.obtain(1, Thing) is one is not two
    assert kept.release(1)
    assert not kept.release(1)
    assert kept.obtain(1, Thing) is not one


def test_nothing_is_left_of_what_is_gone() -> None:
    """Neither the entry nor the id, which another object may get."""
    kept, _ = registry()
    for key in range(50):
        kept.obtain(key, Thing)
    gc.collect()

    assert (kept.table, kept.known, kept._used) == ({}, {}, {})  # noqa: SLF001 - what may not grow


def test_an_old_one_that_dies_late_takes_no_new_one_along() -> None:
    """It was released while somebody still had it."""
    for hold in ("weak", STRONG):
        kept, _ = registry(hold=hold)
        old = kept.obtain(1, Thing)
        kept.release(1)
        new = kept.obtain(1, Thing)
        del old
        gc.collect()
        assert kept.obtain(1, Thing) is new
        assert list(kept.known) == [id(new)]


@pytest.mark.parametrize("hold", ["weak", STRONG])
def test_it_is_known_as_long_as_anybody_may_have_it(hold: str) -> None:
    """From before it can be found until it is gone: who finds it may not initialise it anew."""
    kept, _ = registry(hold=hold)

    class Table(dict[object, Callable[[], object]]):
        def __setitem__(self, key: object, found: Callable[[], object]) -> None:
            assert id(found()) in kept.known
            super().__setitem__(key, found)

    kept.table = Table()
    one = kept.obtain(1, Thing)
    assert kept.release(1)
    assert list(kept.known) == [id(one)]
    del one
    gc.collect()
    assert kept.known == {}


def test_what_can_not_be_held_weakly_stays_and_is_said() -> None:
    """Until it is released."""
    kept, said = registry()
    kept.obtain(1, lambda: (1, 2))

    assert kept.obtain(1, Thing) == (1, 2)
    assert "can't be held weakly" in said[0]
    assert kept.release(1)
    assert kept.known == {}


def test_none_is_not_kept() -> None:
    """A factory that gives nothing is asked again."""
    kept, _ = registry()

    assert kept.obtain(1, lambda: None) is None
    assert isinstance(kept.obtain(1, Thing), Thing)


def test_strong_ones_stay_up_to_the_maximum() -> None:
    """Then the least recently used that nobody holds goes."""
    kept, _ = registry(hold=STRONG, maximum=2)
    kept.obtain(1, Thing)
    used = kept.obtain(2, Thing)
    kept.obtain(1, Thing)
    kept.obtain(3, Thing)

    assert set(kept.table) == {2, 3}
    assert kept.obtain(2, Thing) is used
    kept.obtain(4, Thing)
    assert set(kept.table) == {2, 4}


class Contended(Registry):
    """One in which another thread takes the first place that becomes free."""

    theirs: Thing | None = None

    def _let_go(self, key: object) -> bool:
        is_gone = super()._let_go(key)
        if is_gone and self.theirs is None:
            self.theirs = Thing()
            self.keep("theirs", self.theirs)
        return is_gone


def test_a_place_that_another_thread_took_is_taken() -> None:
    """The next one has to go as well; there are never more than the map allows."""
    kept = Contended(Instances("pkg.mod:Thing", "key", hold=STRONG, maximum=2), print)
    for key in (1, 2, 3):
        kept.obtain(key, Thing)

    assert kept.table.keys() == {"theirs", 3}


def test_too_many_in_use_is_an_error_and_changes_nothing() -> None:
    """There are never two for one key."""
    for hold in ("weak", STRONG):
        kept, _ = registry(hold=hold, maximum=1)
        one = kept.obtain(1, Thing)
        with pytest.raises(InstanceError, match="too-many-instances"):
            kept.obtain(2, Thing)
        assert kept.obtain(1, Thing) is one


def test_a_failure_leaves_nothing_behind() -> None:
    """Not even somebody to wait for."""
    kept, _ = registry(maximum=1)

    with pytest.raises(ZeroDivisionError):
        kept.obtain(1, lambda: 1 / 0)
    assert isinstance(kept.obtain(1, Thing), Thing)


def test_a_circle_of_threads_is_told() -> None:
    """One of them fails, the others get their instance."""
    kept, _ = registry(hold=STRONG)
    number = 4
    together = threading.Barrier(number)
    results: list[object] = []

    def work(key: int) -> None:
        def make() -> Thing:
            together.wait(PATIENCE)
            kept.obtain((key + 1) % number, Thing)
            return Thing()

        try:
            results.append(kept.obtain(key, make))
        except InstanceError as error:
            results.append(error)

    threads = [threading.Thread(target=work, args=(key,)) for key in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    errors = [each for each in results if isinstance(each, InstanceError)]
    assert (len(results), len(errors)) == (number, 1)
    assert "(instance-circle)" in str(errors[0])
