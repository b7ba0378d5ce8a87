"""Owners of files, by the CODEOWNERS file of the program's repository, and owners of rules."""

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

from codeowners import CodeOwners

from enforcer.errors import EnforcerError
from enforcer.owners.names import NOBODY, split_owners
from enforcer.rules.model import MigrationMap
from enforcer.rules.regular_files import read_regular
from enforcer.rules.repository import is_absolute, is_installed

PLACES: Final = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
"""The paths at which code hosts look for the file, from the top of the repository."""

_LONGEST: Final = 3_000_000
"""Largest size in bytes, as on GitHub."""


class Owners:
    """Owners of the program's own files.

    Attributes:
        file: the CODEOWNERS that was read, or empty.
        problem: why it could not be read, or empty.
        names: all owners of files, sorted.

    """

    def __init__(self, root: str) -> None:
        """Read CODEOWNERS from the root of the program's code, or from the folders above it.

        Args:
            root: the folder that files of call sites are relative to; empty for none.

        """
        self.file = ""
        self.problem = ""
        self._below: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ()
        self._rules: CodeOwners | None = None
        found = _find(Path(root).resolve()) if root else None
        if found is None:
            return
        top, file = found
        self.file = str(file)
        self._below = Path(root).resolve().relative_to(top).parts
        try:
            self._rules = CodeOwners(read_regular(str(file), _LONGEST).decode("utf-8", "replace"))
            owners = (owner for _, _, owners, _, _ in self._rules.paths for _, owner in owners)
            self.names = tuple(sorted(set(owners)))
        except Exception as error:  # noqa: BLE001 - whatever the parser meets
            self.problem = f'"{file}" can\'t be read: {error}. Nobody is shown as an owner'

    @lru_cache(maxsize=50_000)  # noqa: B019 - lives as long as the command or the dashboard
    def of(self, file: str) -> tuple[str, ...]:
        """Return the owners of a file relative to the root; none for installed code."""
        if self._rules is None or is_absolute(file) or file.startswith("<") or is_installed(file):
            return ()
        path = _joined(self._below, file)
        try:
            return tuple(name for _, name in self._rules.of(path)) if path else ()
        except ValueError:
            return ()

    def require(self, name: str, others: tuple[str, ...] = ()) -> None:
        """Raise an error for an owner that owns nothing: no output would be no evidence.

        Args:
            name: an owner, or :data:`enforcer.owners.names.NOBODY`.
            others: further owners that are known, such as those of rules.

        Raises:
            EnforcerError: if nothing has this owner; the message names the nearest one.

        """
        known = sorted({*self.names, *others})
        if name == NOBODY or name in known:
            return
        if not known:
            what = self.problem or (
                "no file has an owner: there is no CODEOWNERS at the top of the repository, in "
                ".github, .gitlab or docs"
            )
            message = f"--owner: {what}. Write one, or leave the option out (no-owners)"
            raise EnforcerError(message)
        near = get_close_matches(name, known, n=1)
        remedy = f'Write "{near[0]}"' if near else f"Write one of {', '.join(known[:10])}"
        message = f'--owner: nothing belongs to "{name}". {remedy} (unknown-owner)'
        raise EnforcerError(message)


def rule_owners(migration_map: MigrationMap) -> tuple[str, ...]:
    """Return all who are responsible for a rule of a map, sorted."""
    return tuple(sorted({name for rule in migration_map for name in split_owners(rule.owner)}))


def _joined(below: tuple[str, ...], file: str) -> str:
    """Return a file's path from the repository's top; empty if it is outside of it.

    Files beside the root have names such as ``../tests/test_cart.py``.
    """
    parts = [*below]
    for part in file.split("/"):
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return ""
    return "/".join(parts)


def _find(root: Path) -> tuple[Path, Path] | None:
    for folder in (root, *root.parents):
        for place in PLACES:
            if (folder / place).is_file():
                return folder, folder / place
        # A file in a worktree or a submodule, else a folder; above it is another repository.
        if (folder / ".git").exists():
            return None
    return None
