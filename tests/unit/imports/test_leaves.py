"""What C code imported last, by the frame that it did so for and its instruction."""

from collections.abc import Generator
from types import FrameType

import pytest

from enforcer.runtime.imports.leaves import Leaves

Pausing = Generator[None, None, None]


def pauses() -> Pausing:
    """Stand still at one instruction, and then at another one."""
    yield
    yield


def frame_of(pausing: Pausing) -> FrameType:
    next(pausing)
    frame: FrameType = pausing.gi_frame  # type: ignore[attr-defined]
    return frame


@pytest.fixture
def pausing() -> Pausing:
    return pauses()


def test_a_top_package_is_read_once_after_its_leaf(pausing: Pausing) -> None:
    """Then it is imported by itself."""
    leaves, frame = Leaves(), frame_of(pausing)
    for _ in range(2):
        leaves.note("a.b", frame)
        assert leaves.is_parent_read("a", frame)
        assert not leaves.is_parent_read("a", frame)


def test_another_package_or_one_further_down_is_no_parent_read(pausing: Pausing) -> None:
    leaves, frame = Leaves(), frame_of(pausing)
    for leaf, path in (("a.b.c", "a.b"), ("ab.c", "a"), ("b.a", "a"), ("a", "a")):
        leaves.note(leaf, frame)
        assert not leaves.is_parent_read(path, frame)


def test_another_instruction_or_frame_is_no_parent_read(pausing: Pausing) -> None:
    leaves, other = Leaves(), pauses()
    leaves.note("a.b", frame_of(pausing))
    assert not leaves.is_parent_read("a", frame_of(other))
    assert not leaves.is_parent_read("a", frame_of(pausing))


def test_frames_that_ended_are_forgotten() -> None:
    """A program that imports in many functions fills no memory."""
    leaves = Leaves()
    paused = [pauses() for _ in range(50)]
    for one in paused:
        leaves.note("a.b", frame_of(one))

    assert len(leaves._leaves) <= 2  # noqa: SLF001 - its size


def test_what_a_frame_loaded_as_promised_is_fetched_and_read_once(pausing: Pausing) -> None:
    """By the instruction that loaded it, and by no other."""
    leaves, frame = Leaves(), frame_of(pausing)
    other = pauses()
    assert not leaves.is_of_load("a.b", frame, "fetch")
    leaves.note_promised("a.b", frame)
    assert not leaves.is_of_load("a.c", frame, "fetch")
    assert not leaves.is_of_load("a.b", frame_of(other), "fetch")
    for step in ("fetch", "read"):
        assert leaves.is_of_load("a.b", frame, step)
        assert not leaves.is_of_load("a.b", frame, step)
    leaves.note_promised("a.b", frame)
    assert not leaves.is_of_load("a.b", frame_of(pausing), "read")
