"""The clock of the simulation, in the place of the system's."""

from collections.abc import Iterator
from contextlib import contextmanager

from enforcer.recording import recorder


class Clock:
    """A clock that shows what it is set to, in nanoseconds since the epoch."""

    __slots__ = ("time",)

    def __init__(self, time: int) -> None:
        self.time = time

    def __call__(self) -> int:
        return self.time

    @contextmanager
    def in_recorder(self) -> Iterator[None]:
        """Replace the recorder's clock: on the import path, it has no parameter for one."""
        real = recorder.time_ns
        recorder.time_ns = self  # type: ignore[assignment]
        try:
            yield
        finally:
            recorder.time_ns = real
