"""Remember which module C code imported last, for each frame that still runs.

``__import__("a.b")`` and ``PyImport_Import("a.b")``, which pickle calls, read the spec of the
leaf first and of the top package right after, from one instruction. In between, the leaf's
body may import by C code itself: each frame has a memory of its own.
"""

from _thread import _local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType


class Leaves(_local):
    """Keep, for the thread that asks, what its frames imported by C code."""

    def __init__(self) -> None:
        """Start with nothing; each thread does."""
        # Frames by their identity, the innermost last: to hold them would keep their locals.
        self._stack: list[tuple[int, CodeType, int, str]] = []

    def note(self, legacy: str, frame: "FrameType") -> None:
        """Remember that C code imported ``a.b`` for a frame; it may read ``a`` next."""
        stack = self._stack
        while stack and not _runs_below(stack[-1][0], frame):
            stack.pop()
        stack.append((id(frame), frame.f_code, frame.f_lasti, legacy))

    def is_parent_read(self, legacy: str, frame: "FrameType") -> bool:
        """Tell whether C code reads ``a`` for a frame only because it imported ``a.b``."""
        stack = self._stack
        for index in range(len(stack) - 1, -1, -1):
            identity, code, offset, leaf = stack[index]
            if identity == id(frame):
                del stack[index:]
                same = code is frame.f_code and offset == frame.f_lasti
                return same and leaf.startswith(f"{legacy}.")
        return False


def _runs_below(identity: int, frame: "FrameType") -> bool:
    around = frame.f_back
    while around is not None:
        if id(around) == identity:
            return True
        around = around.f_back
    return False
