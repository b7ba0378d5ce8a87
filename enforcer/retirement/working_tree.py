"""Check that git could give back each file that a change overwrites or deletes."""

import os
from collections.abc import Iterable
from pathlib import Path

from enforcer.errors import EnforcerError
from enforcer.output.words import first
from enforcer.rules.git import ask_git

_TIMEOUT = 60.0
_MOST = 5


def require_committed(top: Path, files: Iterable[Path]) -> None:
    """Raise an error if git does not have the content of a file that will change.

    Args:
        top: a folder of the working tree.
        files: the files.

    Raises:
        EnforcerError: if so, or outside of a repository.

    """
    names = [os.path.relpath(file, top) for file in files]
    # Git hooks run with variables that name a repository, which may not be this one.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # --ignored: an ignored file is in no commit, so git could not give it back either.
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignored")
    answer = ask_git(str(top), *words, "--", *names, timeout=_TIMEOUT, environ=environ)
    if answer is None:
        message = (
            f'git has no working tree at "{top}": what is deleted could not be restored. Commit '
            "it, or write --allow-dirty (dirty-tree)"
        )
        raise EnforcerError(message)
    changed = [os.fsdecode(entry[3:]) for entry in answer.split(b"\0") if entry]
    if changed:
        message = (
            f"git would not give back: {', '.join(first(changed, _MOST, 'file'))}. Commit or "
            "restore it, or write --allow-dirty (dirty-tree)"
        )
        raise EnforcerError(message)
