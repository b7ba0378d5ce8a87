"""Cache classified instructions, so that the next use from them is cheap.

The hot paths contain this look-up, written out::

    code, uses = sites.first[offset]
    if code is not frame.f_code:
        uses = sites.others[id(frame.f_code) + offset]
    next(uses)

Bytecode is stored inside its code object, so ``id(code) + f_lasti`` is an address in it, which is
unique among living code objects. Code objects in the cache are kept alive, because ``id()`` of a
dead one is reused.

On free-threaded builds each thread has a cache of its own (``sites.of_thread[get_ident()]``),
because two threads that advance one ``itertools.count`` may lose a use there.
"""

from _thread import get_ident
from itertools import repeat

from enforcer.recording.counter import FREE_THREADED
from enforcer.runtime.imports import cpython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType, FrameType

    from enforcer.recording.recorder import Tally

MOST_SITES = 4096
"""How many instructions are cached; further ones are classified each time."""

NOTHING: "Iterator[object]" = repeat(None)
"""The counter of an instruction whose imports don't count."""

# Most caches stay empty: they share these objects, which are never written to.
_NO_FIRST: "dict[int, tuple[CodeType, Iterator[object]]]" = {}
_NO_OTHERS: "dict[int, Iterator[object]]" = {}
_NO_CODES: "list[CodeType]" = []
_NO_THREADS: "dict[int, Sites]" = {}


class Sites:
    """Maps an instruction to the counter of its uses.

    Attributes:
        first: offset → code object and counter, for the first code object met at that offset.
        others: ``id(code) + offset`` → counter, for code objects met later.
        of_thread: thread → its own cache; filled on free-threaded builds only.

    """

    __slots__ = ("_codes", "first", "of_thread", "others")

    def __init__(self) -> None:
        self.first = _NO_FIRST
        self.others = _NO_OTHERS
        self.of_thread = _NO_THREADS
        self._codes = _NO_CODES

    def find(self, frame: "FrameType") -> "Iterator[object] | None":
        """Return the counter for the instruction that a frame executes, or None."""
        try:
            sites = self.of_thread[get_ident()] if FREE_THREADED else self
            code, uses = sites.first[frame.f_lasti]
            if code is frame.f_code:
                return uses
            return sites.others[id(frame.f_code) + frame.f_lasti]
        except KeyError:
            return None

    def remember(self, frame: "FrameType", tallies: "Sequence[Tally]") -> None:
        """Cache an instruction: further uses from it advance these tallies."""
        # An instruction of the import system imports for many modules, so it is not cached. The
        # one in _handle_fromlist that fetches names counts for none, so it is.
        if cpython.is_anybodys(frame) and (tallies or not cpython.is_from_list(frame)):
            return
        self.remember_call(frame, _counter(tallies))

    def remember_call(self, frame: "FrameType", uses: "Iterator[object]") -> None:
        """Cache an instruction: further uses from it advance an iterator."""
        sites = self._own() if FREE_THREADED else self
        sites._add(frame.f_code, frame.f_lasti, uses)  # noqa: SLF001 - one of us

    def _own(self) -> "Sites":
        if self.of_thread is _NO_THREADS:
            self.of_thread = {}
        return self.of_thread.setdefault(get_ident(), Sites())

    def _add(self, code: "CodeType", offset: int, uses: "Iterator[object]") -> None:
        if self.first is _NO_FIRST:
            self.first = {}
        # setdefault is atomic: of two threads with different code at one offset, one adds its own
        # here and the other below.
        if self.first.setdefault(offset, (code, uses))[0] is code:
            return
        if self.others is _NO_OTHERS:
            self.others, self._codes = {}, []
        if len(self.others) < MOST_SITES:
            self._codes.append(code)
            self.others[id(code) + offset] = uses

    def forget(self) -> None:
        """Clear the cache."""
        self.first, self.others, self._codes = _NO_FIRST, _NO_OTHERS, _NO_CODES
        self.of_thread = _NO_THREADS


def _counter(tallies: "Sequence[Tally]") -> "Iterator[object]":
    if not tallies:
        return NOTHING
    counters = [tally.counter() for tally in tallies]
    return counters[0] if len(counters) == 1 else map(_advance, repeat(counters))


def _advance(counters: "Sequence[Iterator[object]]") -> None:
    for counter in counters:
        next(counter)
