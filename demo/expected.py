"""Know the callers of the demo: they are marked in its source.

A comment stands above each line that uses a legacy path:

    # use: chat.websocket.unified_manager import_statement x2

It says which path the next line of code uses, by which mechanism, and how often a run of
the demo executes it. Whatever the enforcer reports has to equal these markers.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

_MARKER: Final = re.compile(r"\s*# use: (?P<path>\S+) (?P<mechanism>\S+) x(?P<uses>\d+)$")


class Site(NamedTuple):
    """Name one call site, as the source and the report both know it."""

    file: str
    line: int
    function: str
    path: str
    mechanism: str

    def __str__(self) -> str:
        """Write it for a person."""
        return f"{self.file}:{self.line} in {self.function}: {self.path} by {self.mechanism}"


def marked_sites(app: Path) -> dict[Site, int]:
    """Read the markers of every file below a folder; give the uses of each site."""
    return {
        site: uses
        for file in sorted(app.rglob("*.py"))
        for site, uses in _sites_in(file.read_text(), str(file.relative_to(app)))
    }


def reported_sites(report: dict[str, Any]) -> dict[Site, int]:
    """Read what ``enforcer report --format json`` printed."""
    sites: dict[Site, int] = {}
    for rule in report["rules"]:
        for row in rule["call_sites"]:
            site = Site(row["file"], row["line"], row["function"], row["path"], row["mechanism"])
            sites[site] = sites.get(site, 0) + row["uses"]
    return sites


def differences(marked: dict[Site, int], reported: dict[Site, int]) -> list[str]:
    """Say in words what the report has too much, too little or wrong."""
    lines = []
    for site in sorted(marked.keys() | reported.keys()):
        if site not in reported:
            lines.append(f"not reported: {site}, {marked[site]} uses")
        elif site not in marked:
            lines.append(f"not expected: {site}, {reported[site]} uses")
        elif marked[site] != reported[site]:
            lines.append(f"{marked[site]} uses expected, {reported[site]} reported: {site}")
    return lines


def _sites_in(source: str, file: str) -> Iterator[tuple[Site, int]]:
    functions = dict(_functions_by_line(ast.parse(source), ""))
    lines = source.splitlines()
    for number, text in enumerate(lines, start=1):
        marker = _MARKER.match(text)
        if marker is None:
            continue
        if not lines[number].strip() or lines[number].strip().startswith("#"):
            sys.exit(f"{file}:{number}: put the marker right above the line that it speaks of")
        function = functions.get(number + 1, "<module>")
        site = Site(file, number + 1, function, marker["path"], marker["mechanism"])
        yield site, int(marker["uses"])


def _functions_by_line(node: ast.AST, scope: str) -> Iterator[tuple[int, str]]:
    """Give the qualified name of the innermost function or class of each line."""
    for child in ast.iter_child_nodes(node):
        name = scope
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{scope}.{child.name}" if scope else child.name
            last = child.end_lineno or child.lineno
            yield from ((line, name) for line in range(child.lineno, last + 1))
        yield from _functions_by_line(child, name)
