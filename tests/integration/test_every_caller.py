"""Every use in a program with every kind of legacy import is reported, row for row.

The program (tests/fixtures/chat) uses each form of import there is: at the top of a file, in
functions and class bodies, relative, with a star, through strings, entry points and old pickles,
from eight threads at once, from a program of its own and from forked and spawned processes. A
comment stands above each line of it that uses a legacy path:

    # use: chat.websocket.unified_manager import_statement x2

It says which path the next line of code uses, by which mechanism, and how often a run executes it.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.patience import PATIENCE, environment_without

CHAT = Path(__file__).parents[1] / "fixtures" / "chat"
MARKER = re.compile(r"\s*# use: (?P<path>\S+) (?P<mechanism>\S+) x(?P<uses>\d+)$")


class Site(NamedTuple):
    """Name one call site, as the source and the report both know it."""

    file: str
    line: int
    function: str
    path: str
    mechanism: str


def marked_sites(app: Path) -> dict[Site, int]:
    """Read the markers of every file; give the uses of each site."""
    return {
        site: uses
        for file in sorted(app.rglob("*.py"))
        for site, uses in sites_in(file.read_text(), str(file.relative_to(app)))
    }


def sites_in(source: str, file: str) -> Iterator[tuple[Site, int]]:
    functions = dict(functions_by_line(ast.parse(source), ""))
    for number, text in enumerate(source.splitlines(), start=1):
        marker = MARKER.match(text)
        if marker is not None:
            function = functions.get(number + 1, "<module>")
            site = Site(file, number + 1, function, marker["path"], marker["mechanism"])
            yield site, int(marker["uses"])


def functions_by_line(node: ast.AST, scope: str) -> Iterator[tuple[int, str]]:
    """Give the qualified name of the innermost function or class of each line."""
    for child in ast.iter_child_nodes(node):
        name = scope
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{scope}.{child.name}" if scope else child.name
            last = child.end_lineno or child.lineno
            yield from ((line, name) for line in range(child.lineno, last + 1))
        yield from functions_by_line(child, name)


def reported_sites(report: dict[str, Any]) -> dict[Site, int]:
    """Read what ``enforcer report --format json`` printed."""
    sites: dict[Site, int] = {}
    for rule in report["rules"]:
        for row in rule["call_sites"]:
            site = Site(row["file"], row["line"], row["function"], row["path"], row["mechanism"])
            sites[site] = sites.get(site, 0) + row["uses"]
    return sites


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program."""
    folder = tmp_path_factory.mktemp("chat") / "chat"
    return shutil.copytree(CHAT, folder, ignore=shutil.ignore_patterns("__pycache__"))


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python command in the program's folder, without settings from outside."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder / "app",
        env=environment_without("ENFORCER_"),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def ended(chat: Path) -> subprocess.CompletedProcess[str]:
    """The program, run through the enforcer."""
    options = ("--map", str(chat / "enforcer.toml"), "--store", str(chat / "uses.db"))
    return run(chat, "-m", "enforcer", "run", *options, "--", "-m", "chat")


@pytest.fixture(scope="module")
def report(chat: Path, ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the enforcer reports of it."""
    assert ended.returncode == 0, ended.stderr
    shown = run(chat, "-m", "enforcer", "report", "--format", "json", "--store", f"{chat}/uses.db")
    document: dict[str, Any] = json.loads(shown.stdout)
    return document


def test_the_program_alone_fails(chat: Path) -> None:
    """Three of the old paths are gone from the disk."""
    alone = run(chat, "-m", "chat")

    assert alone.returncode == 1
    assert "No module named 'chat.websocket.manager_factory'" in alone.stderr


def test_the_program_runs_as_before(ended: subprocess.CompletedProcess[str]) -> None:
    """It checks by itself that every path led to the same class and the same managers."""
    assert ended.returncode == 0, ended.stderr
    assert "from callers of every path" in ended.stdout


def test_every_reported_row_equals_a_marked_caller(chat: Path, report: dict[str, Any]) -> None:
    """Files, lines, functions, paths, mechanisms and counts are those of the source."""
    assert reported_sites(report) == marked_sites(chat / "app")


def test_nothing_is_dropped(report: dict[str, Any]) -> None:
    """All processes reported everything."""
    assert report["dropped"] == 0
    assert report["processes"] >= 4  # the main one, a program, a spawned and a forked worker


def test_the_markers_are_read() -> None:
    """The comparison above is one of many sites, thousands of uses, and every mechanism."""
    marked = marked_sites(CHAT / "app")

    assert (len(marked), sum(marked.values())) == (20, 4_074)
    assert {site.mechanism for site in marked} >= {"import_statement", "import_module"}
