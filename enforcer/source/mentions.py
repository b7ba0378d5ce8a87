"""Search of a file's bytes for what it must contain to refer to a legacy path.

Most files of a project contain none of it, and are not parsed at all. The search must never miss a
reference, and may find too much.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from enforcer.rules.model import NAME, TREE_SUFFIX, MigrationMap
from enforcer.source.import_calls import IMPORT_CALLS

# A relative import names no package, and a star brings names that it does not mention.
_RELATIVE: Final = re.compile(rb"\bfrom[\s\\]*\.")
_COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)
# Encodings in which ASCII characters may be other bytes, so that a search would miss them.
_UNLIKE_ASCII: Final = ("utf-7", "utf7", "utf-16", "utf16", "utf-32", "utf32", "rot", "idna")
# PEP 263: an encoding is declared in the first two lines.
_TWO_LINES: Final = 512
_STAR: Final = re.compile(rb"\bimport[\s\\]*\*")
_MANY: Final = 40


class Mentions:
    """Search for the paths of one map."""

    def __init__(self, migration_map: MigrationMap) -> None:
        """Compile the patterns of a map."""
        named = [entry.name or entry.module for entry in migration_map]
        named += [entry.name for entry in migration_map.instances]
        self._paths = _paths_of(migration_map)
        self._words = frozenset(name.rpartition(".")[2] for name in named)
        # What bytes other characters are depends on the encoding.
        self._is_ascii = all(word.isascii() for word in self._words)
        self._has_names = any(rule.kind == NAME for rule in migration_map.rules)
        self._folders = frozenset(
            rule.module.rpartition(".")[2] for rule in migration_map.rules if rule.kind != NAME
        )
        self._wholes = {
            word.encode(): re.compile(rb"\b" + re.escape(word.encode()) + rb"\b")
            for word in sorted({*self._words, *IMPORT_CALLS})
        }
        self._any = re.compile(b"|".join(map(re.escape, self._wholes)))

    def may_refer(self, file: str, content: bytes) -> bool:
        """Return whether a Python file may refer to a legacy path.

        Args:
            file: its path, with forward slashes.
            content: its content.

        """
        if not self._is_ascii or self.is_legacy(file) or _is_encoded_otherwise(content):
            return True
        if not content.isascii():
            # Identifiers are compared after normalisation: a name in wide letters is the same name.
            content = unicodedata.normalize("NFKC", content.decode("utf-8", "replace")).encode()
        found = self._found_in(content)
        if self._has_names and b"*" in content and _STAR.search(content):
            return True
        if not found:
            return False
        if any(word.decode() not in self._words for word in found):
            return True  # the name may be computed
        if file.endswith("__init__.py") and b"__all__" in content:
            return True  # it may list a submodule
        # An absolute path, in whatever form, has each of its words somewhere in the file.
        return _RELATIVE.search(content) is not None or self.may_name(content)

    def _found_in(self, content: bytes) -> list[bytes]:
        """Return the words that a file has."""
        # To look for a few words one by one takes a tenth of the time of a pattern for all.
        if len(self._wholes) > _MANY and self._any.search(content) is None:
            return []
        return [
            word
            for word, whole in self._wholes.items()
            if word in content and whole.search(content) is not None
        ]

    def is_legacy(self, file: str) -> bool:
        """Return whether a file may be in a legacy package, which relative imports don't name."""
        return any(part.partition(".")[0] in self._folders for part in file.split("/"))

    def may_name(self, content: bytes) -> bool:
        """Return whether a file contains all words of a legacy path."""
        return any(all(word in content for word in path) for path in self._paths)


def _paths_of(migration_map: MigrationMap) -> Collection[tuple[bytes, ...]]:
    """Return the words of each path."""
    paths = [entry.legacy.removesuffix(TREE_SUFFIX) for entry in migration_map if entry.module]
    paths += [entry.canonical for entry in migration_map.instances]
    return {tuple(path.replace(":", ".").encode().split(b".")) for path in paths}


def _is_encoded_otherwise(content: bytes) -> bool:
    start = content[:_TWO_LINES]
    if b"coding" not in start:
        return False
    found = _COOKIE.search(start)
    return found is not None and found[1].decode("ascii").lower().startswith(_UNLIKE_ASCII)
