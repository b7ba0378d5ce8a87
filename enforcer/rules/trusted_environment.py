"""The environment variables that may decide what this process does.

A set-user-ID program runs with its owner's rights in the environment of the user who starts it. If
it read ``ENFORCER_MAP`` and ``ENFORCER_STORE`` there, any user could make it import modules and
write files as its owner. The C library ignores ``LD_PRELOAD`` for the same reason.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = 0


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
