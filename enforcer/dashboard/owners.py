"""Owners of files, by the CODEOWNERS file of the program's repository."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from codeowners import CodeOwners

from enforcer.rules.regular_files import read_regular
from enforcer.rules.repository import is_absolute

PLACES: Final = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
"""The paths at which code hosts look for the file, from the top of the repository."""

_LONGEST: Final = 3_000_000
"""Largest size in bytes, as on GitHub."""


class Owners:
    """Owners of the program's own files.

    Attributes:
        file: the CODEOWNERS that was read, or empty.
        problem: why it could not be read, or empty.
        names: all owners, sorted.

    """

    def __init__(self, root: str) -> None:
        """Read CODEOWNERS from the root of the program's code, or from the folders above it.

        Args:
            root: the folder that files of call sites are relative to; empty for none.

        """
        self.file = ""
        self.problem = ""
        self._below = ""
        self.names: tuple[str, ...] = ()
        self._rules: CodeOwners | None = None
        found = _find(Path(root).resolve()) if root else None
        if found is None:
            return
        top, file = found
        self.file = str(file)
        self._below = Path(root).resolve().relative_to(top).as_posix()
        try:
            self._rules = CodeOwners(read_regular(str(file), _LONGEST).decode("utf-8", "replace"))
            owners = (owner for _, _, owners, _, _ in self._rules.paths for _, owner in owners)
            self.names = tuple(sorted(set(owners)))
        except Exception as error:  # noqa: BLE001 - whatever the parser meets
            self.problem = f'"{file}" can\'t be read: {error}. Nobody is shown as an owner'

    @lru_cache(maxsize=50_000)  # noqa: B019 - one for each dashboard, which lives as long
    def of(self, file: str) -> str:
        """Return the owners of a file relative to the root; empty if it has none."""
        if self._rules is None or is_absolute(file) or file.startswith("<"):
            return ""
        path = file if self._below == "." else f"{self._below}/{file}"
        try:
            return " ".join(name for _, name in self._rules.of(path))
        except ValueError:
            return ""


def _find(root: Path) -> tuple[Path, Path] | None:
    for folder in (root, *root.parents):
        for place in PLACES:
            if (folder / place).is_file():
                return folder, folder / place
        if (folder / ".git").exists():
            return None
    return None
