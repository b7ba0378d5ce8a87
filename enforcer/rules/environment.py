"""The environment: which variables a process may obey, numbers, and the map of its parent.

A set-user-ID program runs with its owner's rights in the environment of the user who starts it. If
it read ``ENFORCER_MAP`` and ``ENFORCER_STORE`` there, any user could make it import modules and
write files as its owner. The C library ignores ``LD_PRELOAD`` for the same reason.

A server starts workers for as long as it runs. If each read the map's file, an edit would leave two
definitions of a class in one service. So a process passes its map on to the processes that it
starts.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = 0

INTERVAL_KEY = "ENFORCER_FLUSH_INTERVAL"
"""How often a process writes, in seconds."""

EXIT_TIMEOUT_KEY = "ENFORCER_EXIT_TIMEOUT"
"""How long an exit may take, in seconds."""

LIMIT_KEY = "ENFORCER_MAX_CALL_SITES"
"""How many call sites a process tells apart."""

DEBUG_KEY = "ENFORCER_DEBUG"
"""``1`` prints each decision about an import to standard error; see ``runtime.imports.debug``."""

NUMBERS = (INTERVAL_KEY, EXIT_TIMEOUT_KEY, LIMIT_KEY)

DIGEST_KEY = "ENFORCER_MAP_DIGEST"
"""The variable that names the map of a process: a digest, and the path of the file."""

LATEST = "latest"
"""The value by which a user makes each process read the file."""

_left = ""


def has_foreign_rights() -> bool:
    """Return whether this process has the rights of another user or group than started it.

    Root may start programs with the rights of others without any trick. The kernel's ``AT_SECURE``
    is not read: on systems with SELinux it is set for ordinary services, too.
    """
    if not hasattr(os, "geteuid"):  # Windows has no such programs
        return False
    real = os.getuid()
    return real != _ROOT and (real != os.geteuid() or os.getgid() != os.getegid())


def trusted_environment() -> "Mapping[str, str]":
    """Return the environment; an empty one for a process with the rights of another user."""
    return {} if has_foreign_rights() else os.environ


def number(key: str, default: float) -> float:
    """Return the number in a variable; the default if it has none.

    A value that is no number is ignored, and :func:`enforcer.rules.loader.load_map` reports it: a
    mistake in the environment must not stop a program.
    """
    text = os.environ.get(key, "").strip()
    return float(text) if text and is_number(text) else default


def is_number(text: str) -> bool:
    """Return whether a text is a number; callers apply limits of their own."""
    try:
        float(text)
    except ValueError:
        return False
    return True


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
