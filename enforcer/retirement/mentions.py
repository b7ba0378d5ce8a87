"""Mentions of a legacy path in docs and comments: rewritten where that keeps the meaning.

Executed code is never changed here. A line of history (a changelog), a line that has both paths,
and the name of a file are listed for a person instead.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from enforcer.retirement.changes import Changes
from enforcer.retirement.legacy_code import ByHand, module_file
from enforcer.rules.model import FACTORY, NAME, TREE, MigrationMap, Rule
from enforcer.source.files import read_source
from enforcer.source.tree import exclusions, own_files

_PROSE: Final = (".md", ".rst", ".txt")
_CODE: Final = (".py", ".pyi", ".pyw")
_HISTORY: Final = re.compile(r"change|history|news|release|migrat|upgrad", re.IGNORECASE)
_MOST_BYTES: Final = 4_000_000
"""Largest size of a text that is searched: larger ones are data."""


class Mentions:
    """Search for the mentions of one rule's legacy path.

    Attributes:
        by_hand: the places that were not rewritten.
        rewritten: how many mentions were rewritten.

    """

    def __init__(self, rule: Rule, migration_map: MigrationMap, changes: Changes) -> None:
        """Prepare the patterns.

        Args:
            rule: the rule that is retired.
            migration_map: the map.
            changes: gets the rewritten files; deleted ones are not searched.

        """
        self._rule = rule
        self._map = migration_map
        self._changes = changes
        self._pattern = _pattern_of(rule)
        module = re.escape(rule.module.replace(".", "/"))
        ending = r"(?:/|\.pyi?\b)" if rule.kind == TREE else r"\.pyi?\b"
        self._canonical = module_file(rule.target, migration_map)
        self._as_file = re.compile(rf"(?<![\w]){module}{ending}")
        self.by_hand: list[ByHand] = []
        self.rewritten = 0

    def rewrite(self) -> None:
        """Search all files of the repository, and rewrite what is safe."""
        passed_over = {Path(self._map.path), Path(self._map.baseline or self._map.path)}
        exclude = exclusions(self._map)
        for file in own_files(self._changes.top, (*_PROSE, *_CODE), exclude=exclude):
            if file in passed_over or file in self._changes.deleted:
                continue
            try:
                if file.stat().st_size <= _MOST_BYTES:
                    self._rewrite(file)
            except OSError:
                continue
            except (ValueError, SyntaxError, tokenize.TokenError) as error:
                reason = "is not UTF-8" if isinstance(error, UnicodeError) else "can't be parsed"
                self._list(file, 0, f"it {reason}, and may name the path")

    def _rewrite(self, file: Path) -> None:
        data = read_source(file)
        # Most files mention nothing, and need no decoding.
        if self._rule.module.rpartition(".")[2].encode() not in data:
            return
        data = self._changes.read(file)
        text = data.decode("utf-8")
        if not (self._pattern.search(text) or self._as_file.search(text)):
            return
        regions = _comments(text) if file.suffix in _CODE else {}
        lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            spans = regions.get(number, ()) if file.suffix in _CODE else ((0, len(line)),)
            # From the right: a rewritten part may have another length, which moves the spans after
            # it.
            for begin, end in reversed(spans):
                lines[number - 1] = self._line(file, number, lines[number - 1], begin, end)
        changed = "\n".join(lines).encode("utf-8")
        if changed != data:
            self._changes.change(file, changed)

    def _line(self, file: Path, number: int, line: str, begin: int, end: int) -> str:
        part = line[begin:end]
        if self._as_file.search(part):
            self._list(file, number, "it names the file: name the canonical one, or remove it")
        found = self._pattern.search(part)
        if found is None:
            return line
        if _HISTORY.search(file.stem):
            self._list(file, number, "it is history, in which the old path may stay")
            return line
        if file.with_suffix(".py") == self._canonical:
            self._list(file, number, "it is in the canonical module: it may describe the move")
            return line
        # A target such as "shop" is in each mention of "shop.old", and shows nothing.
        if self._rule.target in part and self._rule.target not in self._rule.module:
            self._list(file, number, "it has both paths: it may describe the move")
            return line
        new, count = self._pattern.subn(self._instead, part)
        self.rewritten += count
        return line[:begin] + new + line[end:]

    def _instead(self, found: re.Match[str]) -> str:
        rule = self._rule
        separator, name = found["separator"] or "", found["name"] or ""
        if rule.kind in (NAME, FACTORY):
            return f"{rule.target}{separator}{rule.canonical.partition(':')[2]}"
        return f"{rule.target}{separator}{rule.names.get(name, name)}"

    def _list(self, file: Path, number: int, reason: str) -> None:
        self.by_hand.append(ByHand(file, number, reason))


def _pattern_of(rule: Rule) -> re.Pattern[str]:
    """Return the pattern of a whole path: neither ``shop.older`` nor ``my.shop.old``."""
    module = rf"(?<![\w.]){re.escape(rule.module)}"
    if rule.kind in (NAME, FACTORY):
        name = re.escape(rule.legacy.partition(":")[2])
        return re.compile(rf"{module}(?P<separator>[.:])(?P<name>{name})(?!\w)")
    return re.compile(rf"{module}(?![\w])(?:(?P<separator>[.:])(?P<name>[^\W\d]\w*))?")


def _comments(text: str) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return the parts of each line, from 1, that are comments or docstrings."""
    found: dict[int, list[tuple[int, int]]] = {}
    # Not splitlines(), which also splits at form feeds: tokenize does not count those as lines.
    lines = text.split("\n")
    docstrings = {node.lineno for node in _docstrings(ast.parse(text))}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and token.start[0] in docstrings
        if token.type != tokenize.COMMENT and not is_docstring:
            continue
        (first, begin), (last, end) = token.start, token.end
        for number in range(first, last + 1):
            whole = len(lines[number - 1]) if number < last else end
            found.setdefault(number, []).append((begin if number == first else 0, whole))
    return {number: tuple(sorted(spans)) for number, spans in found.items()}


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr):
            value = node.body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value
