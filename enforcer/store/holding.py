"""Hold the folder of a store, so that nobody renames the store while it is used.

Whoever visits a store holds its folder together with all others who do; whoever renames the
store holds it alone. Else SQLite would lay the log of one file over another one.
"""

import os
from time import sleep

from enforcer.store.waiting import LONGEST_PAUSE

try:
    import fcntl
except ImportError:  # Windows, where a store that is open can't be renamed at all
    _HAS_FCNTL = False
else:
    _HAS_FCNTL = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.store.waiting import Patience


class Hold:
    """Hold one folder.

    Where folders can't be held, nobody is held up, and no store can be renamed.
    """

    __slots__ = ("_file",)

    def __init__(self, path: str) -> None:
        """Open the folder that a store lies in; nothing is held yet."""
        self._file = -1
        if not _HAS_FCNTL:
            return
        try:
            # O_DIRECTORY: to open a pipe would block.
            flags = os.O_RDONLY | os.O_DIRECTORY
            self._file = os.open(os.path.dirname(path) or os.curdir, flags)
        except OSError:
            return

    def together(self, patience: "Patience") -> bool:
        """Hold it with all others who use the store; wait for one who renames it."""
        return self._lock(patience, is_shared=True) or self._file < 0

    def alone(self, patience: "Patience") -> bool:
        """Hold it so that nobody else uses the store; wait until nobody does."""
        return self._lock(patience, is_shared=False)

    def release(self) -> None:
        """Let others have it."""
        file, self._file = self._file, -1
        if file < 0:
            return
        try:
            os.close(file)
        except OSError:  # the program closed it, with all that it does not know
            return

    def _lock(self, patience: "Patience", *, is_shared: bool) -> bool:
        while self._file >= 0:
            kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
            try:
                fcntl.flock(self._file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if not patience.lasts():
                    return False
                sleep(LONGEST_PAUSE)
            except OSError:
                self.release()
            else:
                return True
        return False
