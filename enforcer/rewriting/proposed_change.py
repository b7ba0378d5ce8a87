"""Change of one call site, for pages and digests: what ``enforcer fix`` would write there."""

import ast
import time
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Final

from enforcer.rewriting.context import Options
from enforcer.rewriting.rewriter import Rewriter, Rewritten
from enforcer.rewriting.source_text import LINE_END, SourceText, UndecodableError
from enforcer.rules.model import MigrationMap
from enforcer.source.importer import Importer
from enforcer.source.module_files import Locator, search_path
from enforcer.source.tree import ModuleNamer

_MOST_FILES: Final = 256
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A change of some lines.

    Attributes:
        first: the number of the first line that changes.
        old: the lines as they are.
        new: the lines to write.

    """

    first: int
    old: tuple[str, ...]
    new: tuple[str, ...]


class ProposedChanges:
    """Changes that the rewriter would make in the files of one program."""

    def __init__(self, migration_map: MigrationMap) -> None:
        """Bind to a map, which has a root."""
        self._map = migration_map
        self._rules = frozenset(rule.legacy for rule in migration_map)
        # A page asks for many call sites of one file. The rewriter knows modules as they were when
        # it read them, and the dashboard runs for days, so nothing outlives a page.
        self._result = lru_cache(maxsize=_MOST_FILES)(self._rewrite)
        self._reader = lru_cache(maxsize=1)(self._read)

    def at(self, file: Path, data: bytes, rule: str, line: int) -> tuple[Rewrite | None, str]:
        """Return the change of the statement at a line, or why there is none.

        Args:
            file: the file.
            data: its content.
            rule: the legacy path of the rule to follow, as the map has it.
            line: the line, from 1.

        Returns:
            The change, or None; and the reason why the reference is left, if that is known.

        """
        if rule not in self._rules:
            return None, ""
        result = self._result(file, data, rule, int(time.monotonic() / _SECONDS))
        first, last = _statement_at(data, line)
        change = _hunk(result, first, last) if result.is_changed else None
        reasons = [one.reason for one in result.left if first <= one.line <= last]
        return change, "" if change or not reasons else reasons[0]

    def _rewrite(self, file: Path, data: bytes, rule: str, period: int) -> Rewritten:
        rewriter, modules_of = self._reader(period)
        is_package = file.name == "__init__.py"
        importers = [Importer(one, is_package=is_package) for one in modules_of(str(file))]
        return rewriter.rewrite(data, importers, Options(chosen=frozenset({rule})))

    def _read(self, _period: int) -> tuple[Rewriter, ModuleNamer]:
        search = search_path(self._map.root)
        return Rewriter(self._map, Locator(search)), ModuleNamer(search)


def _statement_at(data: bytes, line: int) -> tuple[int, int]:
    """Return the first and last line of the innermost statement that a line is in."""
    found = line, line
    try:
        tree = SourceText(data).parse()
    except (UndecodableError, SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in ast.walk(tree):
        is_simple = isinstance(node, ast.stmt) and not hasattr(node, "body")
        if is_simple and node.lineno <= line <= (node.end_lineno or node.lineno):  # type: ignore[attr-defined]
            found = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
    return found


def _hunk(result: Rewritten, first: int, last: int) -> Rewrite | None:
    """Return the change of some lines; None if they stay."""
    old, new = _lines(result.old), _lines(result.new)
    changed = [
        codes
        for codes in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if codes[0] != "equal" and codes[1] < last and codes[2] >= first
    ]
    if not changed:
        return None
    _, begin, _, new_begin, _ = changed[0]
    _, _, end, _, new_end = changed[-1]
    return Rewrite(begin + 1, old[begin:end], new[new_begin:new_end])


def _lines(data: bytes) -> tuple[str, ...]:
    return tuple(LINE_END.split(SourceText(data).text))
