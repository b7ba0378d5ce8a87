"""Return the variables that may decide what this process does.

A set-user-ID program runs with its owner's rights in the environment of whoever starts it. Were it
to read ``ENFORCER_MAP`` and ``ENFORCER_STORE`` there, anybody could have it import modules and
write files as its owner. The C library ignores ``LD_PRELOAD`` for the same reason.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = 0


def has_foreign_rights() -> bool:
    """Return whether this process has the rights of a user, or a group, who did not start it.

    Root starts programs with the rights of others, and needs no trick to do so. The kernel's
    ``AT_SECURE`` is not asked: on systems with SELinux it is set for ordinary services, too.
    """
    if not hasattr(os, "geteuid"):  # Windows has no such programs
        return False
    real = os.getuid()
    return real != _ROOT and (real != os.geteuid() or os.getgid() != os.getegid())


def trusted_environment() -> "Mapping[str, str]":
    """Return the environment, or none of it for a process with rights of somebody else."""
    return {} if has_foreign_rights() else os.environ
