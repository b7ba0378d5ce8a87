"""Paths of modules that are named in files that are no Python: configuration, and documents."""

import re
from collections.abc import Iterator
from typing import Final

from enforcer.rules.model import TREE_SUFFIX, MigrationMap
from enforcer.source.file_references import Reference

_LINE_END: Final = re.compile(r"\r\n?|\n")
_HEADER: Final = re.compile(r"^[ \t]*\[+[ \t]*([^\]\n]*)", re.MULTILINE)

# Sections of configuration files that name legacy paths to forbid them, or are a map.
_FORBIDDING: Final = ("enforcer", "banned-api", "importlinter")

# Records of test runs, and what commands print with --json, speak of legacy paths.
_OWN_DOCUMENT: Final = re.compile(r'\s*\{\s*"(?:is_complete|map|rules)"\s*:')

# What follows a word of a file's name, and not a package.
_ENDINGS: Final = "cfg|com|html|ini|io|ipynb|json|md|org|py|pyi|rst|sh|toml|txt|yaml|yml"


class TextSearch:
    """Search of texts for the legacy paths of one map."""

    def __init__(self, migration_map: MigrationMap) -> None:
        """Compile the patterns of a map."""
        paths = sorted({entry.legacy.removesuffix(TREE_SUFFIX) for entry in migration_map})
        dotted = [_either(rule) for rule in paths if "." in rule or ":" in rule]
        single = [re.escape(path) for path in paths if "." not in path and ":" not in path]
        parts = []
        if dotted:
            parts.append(rf"(?<![\w./-])(?:{'|'.join(dotted)})(?![\w-])")
        if single:
            # A path without a dot is an ordinary word, unless it is imported or continued.
            words = "|".join(single)
            parts.append(rf"(?<=[\"'])(?:{words})(?=[.:]\w)(?!\.(?:{_ENDINGS})\b)")
            parts += [rf"(?<={before} )(?:{words})(?![\w-])" for before in ("import", "from", "-m")]
        self._pattern = re.compile(rf"(?:{'|'.join(parts)})(?:[.:][^\W\d]\w*)*") if parts else None

    def references(self, text: str, kind: str) -> Iterator[Reference]:
        """Yield each place where a text names a legacy path, or what is below it.

        Args:
            text: the text.
            kind: the kind of its file.

        """
        if self._pattern is None:
            return
        if kind == "json" and _OWN_DOCUMENT.match(text):
            return
        forbidding = list(_forbidding(text)) if kind in ("toml", "ini") else []
        starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
        line = 0
        for found in self._pattern.finditer(text):
            if any(start <= found.start() < end for start, end in forbidding):
                continue
            while line + 1 < len(starts) and starts[line + 1] <= found.start():
                line += 1
            column = found.start() - starts[line] + 1
            span = (line + 1, column, line + 1, column + len(found[0]))
            yield Reference(line + 1, "text", found[0], spans=(span,))


def _either(path: str) -> str:
    """Return a pattern for a path, with a colon or a dot before its name."""
    return r"[.:]".join(map(re.escape, path.split(":")))


def _forbidding(text: str) -> Iterator[tuple[int, int]]:
    """Yield where sections begin and end that name legacy paths to forbid them."""
    headers = [*_HEADER.finditer(text)]
    ends = [*(header.start() for header in headers[1:]), len(text)]
    for header, end in zip(headers, ends, strict=False):  # without headers, one end remains
        if any(word in header[1] for word in _FORBIDDING):
            yield header.start(), end
