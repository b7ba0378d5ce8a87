"""Name of the distribution on package indexes, and install commands for its extras.

PyPI has an unrelated project with the name of this package. So hints name the packages that an
extra needs, and never a project that an index would resolve.
"""

from typing import Final

DISTRIBUTION: Final = "import-enforcer"
"""The name in ``pyproject.toml``, which a test compares; the package is called ``enforcer``."""


def install_command(extra: str) -> str:
    """Return the command that installs what an extra needs.

    Args:
        extra: one of the optional dependencies of ``pyproject.toml``.

    """
    from importlib import metadata  # noqa: PLC0415 - heavy, and only for a message

    try:
        needed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        needed = []
    words = [
        requirement.partition(";")[0].strip()
        for requirement in needed
        if _extra_of(requirement) == extra
    ]
    quoted = " ".join(f'"{word}"' for word in words)
    return f"pip install {quoted}" if words else f'pip install ".[{extra}]", in its sources'


def _extra_of(requirement: str) -> str:
    return requirement.partition("extra ==")[2].strip(" '\"")
