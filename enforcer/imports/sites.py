"""Remember instructions that were classified, so that the next time is cheap.

The hot paths look into ``first`` and ``others`` themselves::

    code, count = first[frame.f_lasti]
    if code is not frame.f_code:
        count = others[id(frame.f_code) + frame.f_lasti]

Bytecode lies inside its code object, so ``id(code) + f_lasti`` is unique among code objects
that are alive, and those that are remembered are kept alive.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

MOST_SITES = 4096
"""How many instructions are remembered; further ones are classified each time."""


class Sites:
    """Map an instruction to what counts a use from there.

    Attributes:
        first: offset → code object and count, for the first code object met at that offset.
        others: ``id(code) + offset`` → count, for code objects met later.

    """

    __slots__ = ("_codes", "first", "others")

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self.first: dict[int, tuple[CodeType, Callable[[], object]]] = {}
        self.others: dict[int, Callable[[], object]] = {}
        self._codes: list[CodeType] = []

    def find(self, frame: "FrameType") -> "Callable[[], object] | None":
        """Give what counts a use from the instruction that a frame executes, or None."""
        code, count = self.first.get(frame.f_lasti, (None, None))
        if code is frame.f_code:
            return count
        return self.others.get(id(frame.f_code) + frame.f_lasti)

    def remember(self, frame: "FrameType", count: "Callable[[], object]") -> None:
        """Let further uses from the instruction that a frame executes be counted so."""
        code, offset = frame.f_code, frame.f_lasti
        if self.first.setdefault(offset, (code, count))[0] is code:
            return
        if len(self.others) < MOST_SITES:
            self._codes.append(code)
            self.others[id(code) + offset] = count

    def forget(self) -> None:
        """Look at every instruction anew."""
        self.first.clear()
        self.others.clear()
        self._codes.clear()
