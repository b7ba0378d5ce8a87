"""Pass the migration map of this process on to the processes that it starts.

A server starts workers for as long as it runs. If each read the map's file, an edit would leave two
definitions of a class in one service.
"""

import os

from enforcer.rules.trusted_environment import trusted_environment

DIGEST_KEY = "ENFORCER_MAP_DIGEST"
"""The variable that names the map of a process: a digest, and the path of the file."""

LATEST = "latest"
"""The value by which a user makes each process read the file."""

_left = ""


def wanted_digest(path: str) -> str:
    """Return the digest of the parent process's map, or an empty string.

    It is empty too if the enforcer is enabled again in one process: then the file is read again.

    Args:
        path: the map's file.

    """
    if _left:
        return ""
    digest, _, file = trusted_environment().get(DIGEST_KEY, "").partition(" ")
    return digest if file == os.path.abspath(path) else ""


def leave(digest: str, path: str) -> None:
    """Set the variable for child processes, unless the user set it to read the file."""
    global _left  # noqa: PLW0603 - one environment
    _left = f"{digest} {path}"
    if os.environ.get(DIGEST_KEY, "").strip() != LATEST:
        os.environ[DIGEST_KEY] = _left


def forget_left() -> None:
    """Remove the variable from the environment."""
    if os.environ.get(DIGEST_KEY, "") == _left:
        os.environ.pop(DIGEST_KEY, None)
