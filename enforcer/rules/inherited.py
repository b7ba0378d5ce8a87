"""Have the processes that this one starts take the same migration map.

A server starts workers for as long as it runs. Were each to read the map's file, an edit would
leave two definitions of a class in one service.
"""

import os

from enforcer.rules.trusted_environment import trusted_environment

DIGEST_KEY = "ENFORCER_MAP_DIGEST"
"""The variable by which a process names its map: a digest, and the path of the file."""

LATEST = "latest"
"""What a user sets that variable to, so that each process reads the file."""

_left = ""


def wanted_digest(path: str) -> str:
    """Return the digest of the map that the process has which started this one; or nothing.

    What is enabled again in one process is read again.

    Args:
        path: the map's file.

    """
    if _left:
        return ""
    digest, _, file = trusted_environment().get(DIGEST_KEY, "").partition(" ")
    return digest if file == os.path.abspath(path) else ""


def leave(digest: str, path: str) -> None:
    """Name the map of this process to those that it starts, unless the user decided."""
    global _left  # noqa: PLW0603 - one environment
    _left = f"{digest} {path}"
    if os.environ.get(DIGEST_KEY, "").strip() != LATEST:
        os.environ[DIGEST_KEY] = _left


def forget_left() -> None:
    """Take the name out of the environment again."""
    if os.environ.get(DIGEST_KEY, "") == _left:
        os.environ.pop(DIGEST_KEY, None)
