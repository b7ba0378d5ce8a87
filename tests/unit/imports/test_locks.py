"""Gates on the locks of legacy modules, and errors that are raised there, each by itself."""

import inspect
from _thread import get_ident
from collections.abc import Iterator
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.locks import Locks

NAME = "a_module_that_nobody_imports"
LINK: Any = SimpleNamespace(legacy=NAME)


def frame() -> FrameType:
    found = inspect.currentframe()
    assert found is not None
    assert found.f_back is not None
    return found.f_back


@pytest.fixture
def locks() -> Iterator[Locks]:
    made = Locks()
    yield made
    made.forget()


def test_an_error_is_raised_once_where_no_gate_stands(locks: Locks) -> None:
    """The import system asks again for a submodule whose body raised an AttributeError."""
    lock = cpython.module_lock(NAME)
    locks.fail_once(NAME, AttributeError("of its body"))
    with pytest.raises(AttributeError, match="of its body"):
        lock.acquire()
    assert "acquire" not in vars(lock)
    lock.acquire()
    lock.release()


def test_an_import_that_is_about_to_wait_waits_at_a_gate(locks: Locks) -> None:
    """Else nobody would hear of it when the module's load has ended."""
    lock = cpython.module_lock(NAME)
    locks.note_seen(LINK, frame())
    assert {"acquire", "release"} <= set(vars(lock))


def test_a_retry_is_told_by_its_instruction(locks: Locks) -> None:
    """Another import by the same thread is none, and what was noted is used up by the first."""

    key = get_ident(), NAME
    noted = locks._retrying  # noqa: SLF001 - what a gate notes between two steps of C code

    def importing(retried: tuple[int, int]) -> bool:
        noted[key] = retried
        return locks.is_repeated(LINK, frame())

    assert not importing((0, -1))
    assert key not in noted

    def retrying() -> bool:
        here = frame()
        importer = here.f_back
        assert importer is not None
        noted[key] = id(importer), importer.f_lasti
        return locks.is_repeated(LINK, here)

    assert retrying()
