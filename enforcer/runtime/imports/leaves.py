"""Remember which module C code imported last, for each running frame.

``__import__("a.b")`` and ``PyImport_Import("a.b")``, which pickle calls, read the spec of the
leaf and then of its top package, from one instruction. In between, the leaf's body may import by
C code itself, so each frame has an entry of its own.

If a package loads a submodule that a lazy import promised (``sys.lazy_modules``, 3.15), the
instruction that reads the attribute also fetches it and reads its spec.
"""

from _thread import _local

from enforcer.runtime.imports.cpython import frame_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType


class Leaves(_local):
    """The modules that the frames of the current thread imported by C code."""

    def __init__(self) -> None:
        # Keyed by the identity of frames: a reference would keep their local variables alive.
        self._leaves: dict[int, tuple[CodeType, int, str]] = {}
        self._promised: dict[str, tuple[int, int, set[str]]] = {}

    def note(self, legacy: str, frame: "FrameType") -> None:
        """Remember that C code imported ``a.b`` for a frame, because it may read ``a`` next."""
        leaves = self._leaves
        leaves.pop(id(frame), None)
        if leaves:
            self._forget_ended()
        leaves[id(frame)] = (frame.f_code, frame.f_lasti, legacy)

    def note_promised(self, legacy: str, frame: "FrameType") -> None:
        """Remember that a frame's instruction loads a promised submodule, which was counted."""
        self._promised[legacy] = id(frame), frame.f_lasti, {"fetch", "read"}

    def is_of_load(self, legacy: str, frame: "FrameType", step: str) -> bool:
        """Return whether a fetch or read is part of the frame's promised load; true once each."""
        if not self._promised:
            return False
        identity, offset, steps = self._promised.get(legacy, (0, 0, {""}))
        if (identity, offset) != (id(frame), frame.f_lasti) or step not in steps:
            return False
        steps.remove(step)
        if not steps:
            del self._promised[legacy]
        return True

    def _forget_ended(self) -> None:
        running = set()
        frame: FrameType | None = frame_above(1)
        while frame is not None:
            running.add(id(frame))
            frame = frame.f_back
        for identity in self._leaves.keys() - running:
            del self._leaves[identity]

    def is_parent_read(self, legacy: str, frame: "FrameType") -> bool:
        """Return whether C code reads ``a`` for a frame only because it imported ``a.b``.

        That happens to top packages only.
        """
        if "." in legacy:
            return False
        code, offset, leaf = self._leaves.pop(id(frame), (None, -1, ""))
        same = code is frame.f_code and offset == frame.f_lasti
        return same and leaf.startswith(f"{legacy}.")
