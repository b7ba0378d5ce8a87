"""Advisory lock on a store's folder, so that nobody renames the store while it is in use.

Readers and writers share the lock; whoever renames the store has it exclusively. Otherwise SQLite
would apply the write-ahead log of one file to another.
"""

import os
from time import sleep

from enforcer.store.sqlite.busy import LONGEST_PAUSE

try:
    import fcntl
except ImportError:  # Windows, where a store that is open can't be renamed at all
    _HAS_FCNTL = False
else:
    _HAS_FCNTL = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.store.sqlite.busy import Patience


class Hold:
    """A ``flock`` on one folder.

    Where folders can't be locked, nobody waits, and no store can be renamed.
    """

    __slots__ = ("_file",)

    def __init__(self, path: str) -> None:
        """Open the folder of a store; nothing is locked yet."""
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
        """Lock the folder, shared with other users of the store; wait while somebody renames it."""
        return self._lock(patience, is_shared=True) or self._file < 0

    def alone(self, patience: "Patience") -> bool:
        """Lock the folder exclusively; wait until no other process uses the store."""
        return self._lock(patience, is_shared=False)

    def release(self) -> None:
        """Release the lock."""
        file, self._file = self._file, -1
        if file < 0:
            return
        try:
            # Closing the only descriptor releases the lock.
            os.close(file)
        # The program closed the descriptor, as some daemons close all that they don't know.
        except OSError:
            return

    def _lock(self, patience: "Patience", *, is_shared: bool) -> bool:
        while self._file >= 0:
            kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
            try:
                # flock() and not lockf(): an exclusive POSIX lock needs a descriptor that is open
                # for writing, and a folder's never is. Polled, because a blocking call could not
                # stop for a fork or an exit of the program.
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
