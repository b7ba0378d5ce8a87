"""Names of owners: a text may have several of them."""

import re
from collections.abc import Collection
from typing import Final

NOBODY: Final = "(none)"
"""The name for what has no owner, in filters and as a group."""

_BETWEEN: Final = re.compile(r"[\s,;]+")


def split_owners(text: str) -> tuple[str, ...]:
    """Return the owners in a text: ``@data @platform`` is two, each of them once.

    A name that does not begin with ``@`` may have blanks in it (``Jane Doe``), and is one name
    unless a comma ends it.
    """
    if "@" not in text:
        return tuple(dict.fromkeys(filter(None, (part.strip() for part in re.split("[,;]", text)))))
    return tuple(dict.fromkeys(filter(None, _BETWEEN.split(text))))


def joined(owners: Collection[str]) -> str:
    """Return owners as CODEOWNERS has them: with blanks in between."""
    return " ".join(owners)


def is_among(wanted: str, owners: Collection[str]) -> bool:
    """Return whether an owner is one of several; :data:`NOBODY` is among none."""
    return not owners if wanted == NOBODY else wanted in owners
