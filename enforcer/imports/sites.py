"""Remember instructions that were classified, so that the next time is cheap.

The hot paths look into it themselves::

    code, count = sites.first[frame.f_lasti]
    if code is not frame.f_code:
        count = sites.others[id(frame.f_code) + frame.f_lasti]

Bytecode lies inside its code object, so ``id(code) + f_lasti`` is unique among code objects
that are alive, and those that are remembered are kept alive.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

MOST_SITES = 4096
"""How many instructions are remembered; further ones are classified each time."""

# Most maps of most modules stay empty: they share these, which nobody writes to.
_NO_FIRST: "dict[int, tuple[CodeType, Callable[[], object]]]" = {}
_NO_OTHERS: "dict[int, Callable[[], object]]" = {}
_NO_CODES: "list[CodeType]" = []


class Sites:
    """Map an instruction to what counts a use from there.

    Attributes:
        first: offset → code object and count, for the first code object met at that offset.
        others: ``id(code) + offset`` → count, for code objects met later.

    """

    __slots__ = ("_codes", "first", "others")

    def __init__(self) -> None:
        """Start with nothing remembered, and with nothing of its own."""
        self.first = _NO_FIRST
        self.others = _NO_OTHERS
        self._codes: list[CodeType] = _NO_CODES

    def find(self, frame: "FrameType") -> "Callable[[], object] | None":
        """Give what counts a use from the instruction that a frame executes, or None."""
        code, count = self.first.get(frame.f_lasti, (None, None))
        if code is frame.f_code:
            return count
        return self.others.get(id(frame.f_code) + frame.f_lasti)

    def remember(self, frame: "FrameType", count: "Callable[[], object]") -> None:
        """Let further uses from the instruction that a frame executes be counted so."""
        code, offset = frame.f_code, frame.f_lasti
        if self.first is _NO_FIRST:
            self.first = {}
        if self.first.setdefault(offset, (code, count))[0] is code:
            return
        if self.others is _NO_OTHERS:
            self.others, self._codes = {}, []
        if len(self.others) < MOST_SITES:
            self._codes.append(code)
            self.others[id(code) + offset] = count

    def forget(self) -> None:
        """Look at every instruction anew."""
        self.first, self.others, self._codes = _NO_FIRST, _NO_OTHERS, _NO_CODES
