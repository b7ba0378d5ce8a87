"""State of the git working tree, and writing of files in it, each whole or not at all."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from enforcer.errors import EnforcerError
from enforcer.output.words import first
from enforcer.rules.atomic import replace, write_new
from enforcer.rules.git import ask_git, without_git_variables
from enforcer.rules.regular_files import read_regular

_TIMEOUT: Final = 60.0
_MOST: Final = 5
_NEW: Final = b"??"


def uncommitted(root: Path, files: Collection[Path]) -> list[str]:
    """Return the files that git would not give back: changed ones, and new ones among some files.

    Args:
        root: a folder of the working tree.
        files: the files that will be written.

    """
    top = _ask(root, "rev-parse", "--show-toplevel")
    if not top:
        return []
    folder = Path(os.fsdecode(top.rstrip(b"\n")))
    written = {file.resolve() for file in files}
    return [
        path
        for state, path in _states(root) or ()
        if state != _NEW or (folder / path).resolve() in written
    ]


def require_committed(top: Path, files: Iterable[Path]) -> None:
    """Raise an error if git does not have the content of a file that will change or be deleted.

    Args:
        top: a folder of the working tree.
        files: the files.

    Raises:
        EnforcerError: if so, or outside of a repository.

    """
    names = [os.path.relpath(file, top) for file in files]
    # --ignored: an ignored file is in no commit, so git could not give it back either.
    states = _states(top, "--ignored", "--", *names)
    if states is None:
        message = (
            f'git has no working tree at "{top}": what is deleted could not be restored. Commit '
            "it, or write --allow-dirty (dirty-tree)"
        )
        raise EnforcerError(message)
    changed = [path for _, path in states]
    if changed:
        message = (
            f"git would not give back: {', '.join(first(changed, _MOST, 'file'))}. Commit or "
            "restore it, or write --allow-dirty (dirty-tree)"
        )
        raise EnforcerError(message)


def _states(folder: Path, *words: str) -> list[tuple[bytes, str]] | None:
    """Return the state and the path of each file that differs; None without a working tree."""
    # --no-renames: with -z a rename is two entries, of which the second has no state.
    asked = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", *words)
    answer = _ask(folder, *asked)
    if answer is None:
        return None
    return [(entry[:2], os.fsdecode(entry[3:])) for entry in answer.split(b"\0") if entry]


def _ask(folder: Path, *words: str) -> bytes | None:
    return ask_git(str(folder), *words, timeout=_TIMEOUT, environ=without_git_variables())


def write_whole(file: Path, old: bytes, new: bytes) -> str:
    """Replace the content of a file, and keep its mode; a link stays a link.

    Args:
        file: the file.
        old: the content that the new one was made of.
        new: the content to write.

    Returns:
        Why it was not written; empty if it was.

    """
    try:
        # The file that a link leads to: replacing the link would leave two contents.
        target = file.resolve(strict=True)
        mode = target.stat().st_mode
        if read_regular(str(target)) != old:
            return "it changed meanwhile"
        # A replacement needs permission for the folder alone, and would override a read-only file.
        if not os.access(target, os.W_OK):
            return "it is read-only"
        replace_content(target, new, mode & 0o7777)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def replace_content(file: Path, data: bytes, mode: int) -> None:
    """Write a file whole, under a name of its own first.

    Args:
        file: the file, which may be missing.
        data: its new content.
        mode: its permissions.

    Raises:
        OSError: if it can't be written; then it is as it was.

    """

    def write(draft: str) -> None:
        # The draft is private until it is whole. The mode of a new file is cut by the umask.
        write_new(draft, data, 0o600)
        Path(draft).chmod(mode)

    replace(str(file), write)
