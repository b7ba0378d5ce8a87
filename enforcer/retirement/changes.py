"""Changes of files that are shown as a diff first, and written all together or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from enforcer.errors import EnforcerError
from enforcer.rewriting.unified_diff import unified_diff
from enforcer.rewriting.working_tree import replace_content
from enforcer.rules.regular_files import read_regular


class Changes:
    """New contents of files, in memory until :meth:`write`.

    Attributes:
        top: the folder that files are shown relative to.

    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self._before: dict[Path, bytes] = {}
        self._after: dict[Path, bytes | None] = {}
        self._modes: dict[Path, int] = {}

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that differ, sorted."""
        return tuple(
            sorted(file for file, data in self._after.items() if data != self._before[file])
        )

    @property
    def deleted(self) -> tuple[Path, ...]:
        """The files that are deleted, sorted."""
        return tuple(file for file in self.files if self._after[file] is None)

    def read(self, file: Path) -> bytes:
        """Return a file's content, with the changes so far; empty if it is to be deleted.

        Raises:
            OSError: if it can't be read.

        """
        if file not in self._before:
            # write() compares with this first content, so an edit made meanwhile is never
            # overwritten.
            self._before[file] = self._after[file] = read_regular(str(file))
            self._modes[file] = stat.S_IMODE(file.stat().st_mode)
        return self._after[file] or b""

    def change(self, file: Path, data: bytes) -> None:
        """Replace a file's content."""
        self.read(file)
        self._after[file] = data

    def delete(self, file: Path) -> None:
        """Delete a file."""
        self.read(file)
        self._after[file] = None

    def diff(self) -> Iterator[str]:
        """Yield the lines of a unified diff, which ``git apply`` reads."""
        for file in self.files:
            name = self.name_of(file)
            old, new = self._before[file], self._after[file]
            yield f"diff --git a/{name} b/{name}"
            if new is None:
                # Git knows two modes of files.
                executable = bool(self._modes[file] & stat.S_IXUSR)
                yield f"deleted file mode {'100755' if executable else '100644'}"
            # Git takes a file for binary by a NUL in its first 8000 bytes, and shows no lines of
            # it.
            if b"\0" in old[:8000]:
                yield f"Binary file {name} differs"
                continue
            text = unified_diff(name, old, new or b"")
            if new is None:
                text = text.replace(f"+++ b/{name}\n", "+++ /dev/null\n", 1)
            # Not splitlines(): a line of a file may have other ends of lines in it.
            yield from text.removesuffix("\n").split("\n") if text else ()

    def name_of(self, file: Path) -> str:
        """Return a file's name relative to the top."""
        return os.path.relpath(file, self.top).replace(os.sep, "/")

    def write(self) -> None:
        """Write all changes; if one can't be written, restore all files.

        Raises:
            EnforcerError: if so; or if a file has changed since it was read.

        """
        for file in self.files:
            if read_regular(str(file)) != self._before[file]:
                message = f'"{file}" has changed meanwhile. Nothing was written (file-changed)'
                raise EnforcerError(message)
        done: list[Path] = []
        try:
            # Deletions last: they need no space, so a full disk is met before any of them.
            for file in sorted(self.files, key=lambda one: self._after[one] is None):
                # Before the write: Ctrl-C may come after the file was replaced.
                done.append(file)
                self._put(file, self._after[file])
        except BaseException as error:
            # Whatever ends it in between, Ctrl-C too: half a retirement is worse than none.
            for file in done:
                with suppress(OSError):
                    self._put(file, self._before[file])
            if not isinstance(error, OSError):
                raise
            # Not error.filename: that is the temporary file beside it, which nobody knows.
            message = (
                f'"{done[-1]}" can\'t be written: {error.strerror or error}. '
                "All files are as they were (change-unwritable)"
            )
            raise EnforcerError(message) from error
        self._remove_empty_folders()

    def _put(self, file: Path, data: bytes | None) -> None:
        if data is None:
            file.unlink(missing_ok=True)
        else:
            replace_content(file, data, self._modes[file])

    def _remove_empty_folders(self) -> None:
        """Remove folders that hold nothing but bytecode after their last file was deleted."""
        # Inner folders first: the one around them is empty only once they are gone.
        for folder in sorted({file.parent for file in self.deleted}, reverse=True):
            cache = folder / "__pycache__"
            with suppress(OSError):
                rest = [one for one in folder.iterdir() if one != cache]
                if rest:
                    continue
                for compiled in cache.glob("*.pyc"):
                    compiled.unlink()
                if cache.is_dir():
                    cache.rmdir()
                folder.rmdir()
