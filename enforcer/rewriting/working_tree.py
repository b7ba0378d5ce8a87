"""State of the git working tree, and writing of files in it, each whole or not at all."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from enforcer.rules.atomic import replace, write_new
from enforcer.rules.git import ask_git
from enforcer.rules.regular_files import read_regular

_TIMEOUT: Final = 60.0


def uncommitted(root: Path, files: Collection[Path]) -> list[str]:
    """Return the files that git would not give back: changed ones, and new ones among some files.

    Args:
        root: a folder of the working tree.
        files: the files that will be written.

    """
    # Git hooks run with variables that name a repository, which may not be the root's.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # --no-renames: with -z a rename is two entries, of which the second has no state.
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    answer = ask_git(str(root), *words, timeout=_TIMEOUT, environ=environ)
    top = ask_git(str(root), "rev-parse", "--show-toplevel", timeout=_TIMEOUT, environ=environ)
    if not answer or not top:
        return []
    folder = Path(os.fsdecode(top.rstrip(b"\n")))
    written = {file.resolve() for file in files}
    found = []
    for entry in filter(None, answer.split(b"\0")):
        state, path = entry[:2], os.fsdecode(entry[3:])
        if state != b"??" or (folder / path).resolve() in written:
            found.append(path)
    return found


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

        def write(draft: str) -> None:
            write_new(draft, new, 0o600)
            # The draft is private until it is whole, and then gets the mode that the file had.
            Path(draft).chmod(mode & 0o7777)

        # A replacement needs permission for the folder alone, and would override a read-only file.
        if not os.access(target, os.W_OK):
            return "it is read-only"
        replace(str(target), write)
    except OSError as error:
        return error.strerror or str(error)
    return ""
