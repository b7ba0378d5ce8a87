"""Rewriting of a call site's import to the canonical path, where that is safe.

Safe means that the code around it does the same: names that the statement binds stay what they are.
Everything else gets the sentence that callers read in warnings
(``enforcer.runtime.imports.messages``).
"""

import ast
import re
from dataclasses import dataclass
from typing import Final

from enforcer.recording.use import IMPORT_MODULE, IMPORT_STATEMENT, CallSite
from enforcer.rules.model import FACTORY, NAME, Rule
from enforcer.runtime.imports.messages import canonical_path

_MOST_LINES: Final = 60

_Import = ast.Import | ast.ImportFrom


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


def rewrite(lines: tuple[str, ...], rule: Rule, site: CallSite) -> Rewrite | None:
    """Rewrite the statement at a call site; return None if that is not safe.

    Args:
        lines: the lines of the file.
        rule: the rule that covers the path.
        site: the call site.

    """
    if rule.kind == FACTORY or not 1 <= site.line <= len(lines):
        return None
    if site.mechanism == IMPORT_MODULE:
        return _rewrite_call(lines, rule, site)
    if site.mechanism != IMPORT_STATEMENT:
        return None
    found = _statement_at(lines, site.line)
    made = _Statement(rule, site).write(found[0]) if found else None
    if found is None or made is None:
        return None
    statement, count = found
    old = lines[site.line - 1 : site.line - 1 + count]
    indent = old[0][: len(old[0]) - len(old[0].lstrip())]
    # The offsets of ast count bytes of UTF-8.
    offset = statement.end_col_offset or 0
    last = old[-1].lstrip() if count == 1 else old[-1]
    after = last.encode()[offset:].decode()
    new = [f"{indent}{line}" for line in made]
    return Rewrite(site.line, old, (*new[:-1], new[-1] + after))


class _Statement:
    """Rewriter of import statements for one rule and call site."""

    def __init__(self, rule: Rule, site: CallSite) -> None:
        self._rule = rule
        self._module, _, self._name = site.path.partition(":")
        self._path = site.path

    def write(self, node: _Import) -> list[str] | None:
        if isinstance(node, ast.Import):
            return self._import(node)
        if node.level:
            # The file's own package is not known for certain.
            return None
        if any(alias.name == "*" for alias in node.names):
            is_whole = node.module == self._path and not self._rule.names
            return [f"from {self._canonical} import *"] if is_whole else None
        if self._rule.kind == NAME:
            return self._split(node, self._name) if node.module == self._module else None
        if node.module == self._path:
            return self._from(node)
        package, _, leaf = self._path.rpartition(".")
        return self._split(node, leaf) if node.module == package else None

    @property
    def _canonical(self) -> str:
        return canonical_path(self._rule, self._path)

    def _import(self, node: ast.Import) -> list[str] | None:
        # "import a.old" binds "a", and the code below uses it as "a.old": changing the import alone
        # would break that.
        if not any(alias.name == self._path and alias.asname for alias in node.names):
            return None
        return [
            f"import {self._canonical} as {alias.asname}"
            if alias.name == self._path and alias.asname
            else f"import {_shown(alias)}"
            for alias in node.names
        ]

    def _from(self, node: ast.ImportFrom) -> list[str]:
        names = []
        for alias in node.names:
            new = self._rule.canonical_name(self._path, alias.name)
            bound = alias.asname or alias.name
            names.append(new if new == bound else f"{new} as {bound}")
        return [f"from {self._canonical} import {', '.join(names)}"]

    def _split(self, node: ast.ImportFrom, name: str) -> list[str] | None:
        """Move one name of the statement into a statement of its own."""
        taken = [alias for alias in node.names if alias.name == name]
        if not taken:
            return None
        kept = [alias for alias in node.names if alias.name != name]
        lines = [f"from {node.module} import {', '.join(map(_shown, kept))}"] if kept else []
        return lines + [self._from_package(alias) for alias in taken]

    def _from_package(self, alias: ast.alias) -> str:
        package, new = self._rule.target, self._rule.target_name
        if self._rule.kind != NAME:
            package, _, new = self._canonical.rpartition(".")
        bound = alias.asname or alias.name
        as_before = "" if new == bound else f" as {bound}"
        return f"from {package} import {new}{as_before}" if package else f"import {new}{as_before}"


def _rewrite_call(lines: tuple[str, ...], rule: Rule, site: CallSite) -> Rewrite | None:
    """Rewrite the string that names the path, or a name below it as in ``mock.patch``."""
    line = lines[site.line - 1]
    canonical = canonical_path(rule, site.path)
    named = re.compile(rf"""(["'])({re.escape(site.path)})(?:([.:])(\w+))?(?=[.:"'])""")
    found = list(named.finditer(line))
    if len(found) != 1 or rule.kind == NAME:
        return None
    quote, _, separator, name = found[0].groups(default="")
    moved = f"{quote}{canonical}{separator}{rule.canonical_name(site.path, name)}"
    new = line[: found[0].start()] + moved + line[found[0].end() :]
    return Rewrite(site.line, (line,), (new,))


def _statement_at(lines: tuple[str, ...], number: int) -> tuple[_Import, int] | None:
    """Return the import statement that begins at a line, and how many lines it has."""
    if not lines[number - 1].lstrip().startswith(("import ", "from ")):
        return None
    for count in range(1, _MOST_LINES + 1):
        text = "\n".join(lines[number - 1 : number - 1 + count]).lstrip()
        try:
            (node,) = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            # The statement may continue on the next line.
            continue
        return (node, count) if isinstance(node, ast.Import | ast.ImportFrom) else None
    return None


def _shown(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name
