"""Ask git about a folder, without running programs that the folder's repository names.

A repository's own configuration names programs that git runs, even for a query, and a repository
that was unpacked from an archive may contain such a configuration.
"""

import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Disable programs that queries would run: the file system monitor, and hooks.
_QUIETLY = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def ask_git(
    folder: str, *words: str, timeout: float, environ: "Mapping[str, str] | None" = None
) -> bytes | None:
    """Return git's output; None without git, outside of a repository, or after a timeout.

    Args:
        folder: the folder to run git in.
        words: the command and its options.
        timeout: how long to wait, in seconds.
        environ: the environment of git; None for that of this process.

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
