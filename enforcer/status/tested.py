"""The CPythons that the whole test suite passed on; docs/compatibility.md has the same list."""

from typing import Final

TESTED: Final = ("3.11.7", "3.12.1", "3.13.0", "3.13.18", "3.14.10", "3.15.2", "3.13.5t")
"""Versions with their micro number, and a ``t`` for a free-threaded build."""


def minor_of(version: str) -> str:
    """Return a version without its micro number: ``3.13t`` for ``3.13.5t``."""
    major, minor = version.rstrip("t").split(".")[:2]
    return f"{major}.{minor}{'t' if version.endswith('t') else ''}"


def tested_beside(version: str) -> list[str]:
    """Return the tested versions that differ from one in their micro number only."""
    return [known for known in TESTED if minor_of(known) == minor_of(version)]
