"""Ask git about a folder, without running anything that the folder's repository names.

A repository's own configuration names programs that git runs, also for a question: what is
unpacked from an archive may bring one along.
"""

import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Programs that the questions below would run: a monitor of the file system, and hooks.
_QUIETLY = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def ask_git(
    folder: str, *words: str, timeout: float, environ: "Mapping[str, str] | None" = None
) -> bytes | None:
    """Return what git writes; None without git, outside of a repository, or after too long.

    Args:
        folder: where to ask.
        words: the command and its options.
        timeout: how long to wait, in seconds.
        environ: the variables that git gets; those of this process if there are none.

    """
    try:
        done = subprocess.run(  # noqa: S603 - git with words of our own
            ["git", "-C", folder, *_QUIETLY, *words],  # noqa: S607 - whichever git is on PATH
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
