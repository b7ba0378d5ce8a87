"""Ask git about a folder, without running programs that the folder's repository names.

A repository's own configuration names programs that git runs, even for a query, and a repository
that was unpacked from an archive may contain such a configuration.
"""

import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
            _command(folder, words),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def stream_git(
    folder: str, *words: str, environ: "Mapping[str, str] | None" = None
) -> "Iterator[bytes]":
    """Yield the lines of git's output, which may be too long to keep; none if git can't be run.

    Git is ended if the caller stops before the end.

    Args:
        folder: the folder to run git in.
        words: the command and its options.
        environ: the environment of git; None for that of this process.

    """
    try:
        process = subprocess.Popen(  # noqa: S603 - git with words of our own
            _command(folder, words),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return
    with process:
        try:
            if process.stdout is not None:
                yield from process.stdout
        finally:
            # Without it, leaving the block would wait for a git that is blocked in a full pipe.
            process.terminate()


def without_git_variables() -> dict[str, str]:
    """Return this process's environment without git's variables.

    Git hooks run with variables that name a repository, which may not be that of the folder.
    """
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


def _command(folder: str, words: tuple[str, ...]) -> list[str]:
    return ["git", "-C", folder, *_QUIETLY, *words]
