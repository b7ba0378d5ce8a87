"""Track the delegations in progress, to recognise calls from inside one.

A canonical factory may be built on the legacy one and call it: that call gets the legacy code, and
is no use.
"""

from _contextvars import ContextVar

from enforcer.runtime.delegation.objects import is_canonical_frame
from enforcer.runtime.imports.callers import module_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from enforcer.runtime.delegation.factories import LegacyFactory


class Running:
    """A delegation in progress.

    Attributes:
        factory: the legacy factory.
        args: the arguments of its call by position.
        kwargs: its arguments by keyword.
        outer: the delegation inside of which it was called.
        is_done: whether it ended; tasks that it started may still see it.

    """

    __slots__ = ("args", "factory", "is_done", "kwargs", "outer")

    def __init__(
        self,
        factory: "LegacyFactory",
        args: tuple[object, ...],
        kwargs: "dict[str, object]",
        outer: "Running | None",
    ) -> None:
        self.factory = factory
        self.args = args
        self.kwargs = kwargs
        self.outer = outer
        self.is_done = False

    def has(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> bool:
        """Return whether these are its very arguments."""
        return (
            len(args) == len(self.args)
            and kwargs.keys() == self.kwargs.keys()
            and all(one is other for one, other in zip(args, self.args, strict=True))
            and all(value is self.kwargs[name] for name, value in kwargs.items())
        )


RUNNING: "ContextVar[Running | None]" = ContextVar("enforcer_running", default=None)


def is_inside(
    factory: "LegacyFactory",
    frame: "FrameType | None",
    args: tuple[object, ...],
    kwargs: "dict[str, object]",
) -> bool:
    """Return whether a call of a legacy factory comes from the code that answers for it."""
    rule = factory.rule
    if is_canonical_frame(frame, rule.canonical) or (
        rule.adapter and is_canonical_frame(frame, rule.adapter)
    ):
        return True
    running = RUNNING.get()
    while running is not None:
        if running.factory is factory and not running.is_done:
            is_canonical_module = frame is not None and module_name(frame) == rule.target
            if is_canonical_module or running.has(args, kwargs):
                return True
        running = running.outer
    return False
