"""A scan of three large packages finds what a plain walk over their syntax trees finds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.findings import PYTHON
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.source_scan import scan_source
from tests.integration.moved_packages import PACKAGES, Package, unpack

FORMS = ("import", "from", "call", "string")
"""What both find; attributes need to know what a name is bound to."""


def base_of(node: ast.ImportFrom, package: list[str]) -> str:
    parents = package[: len(package) - node.level + 1] if node.level else []
    return ".".join([*parents, *([node.module] if node.module else [])])


def asked(node: ast.AST, package: list[str]) -> Iterator[str]:
    """Yield the paths that a node names, in the plainest way."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{base_of(node, package)}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from [node.value] if all(map(str.isidentifier, node.value.split("."))) else []


def through_stars(root: Path, name: str) -> Iterator[tuple[str, int]]:
    """Yield imports from modules that have names by a star; a plain walk does not follow those."""
    starring = {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for file in (root / name).rglob("*.py")
        if "import *" in file.read_text("utf-8")
    }
    for file in (root / name).rglob("*.py"):
        package = list(file.relative_to(root).parent.parts)
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and base_of(node, package) in starring:
                yield file.relative_to(root).as_posix(), node.lineno


def plainly(root: Path, name: str, rules: list[Rule]) -> Iterator[tuple[str, int, str]]:
    for file in sorted((root / name).rglob("*.py")):
        package = list(file.relative_to(root).parent.parts)
        for node in ast.walk(ast.parse(file.read_bytes())):
            for path in asked(node, package):
                for rule in rules:
                    if path == rule.module or path.startswith(f"{rule.module}."):
                        line: int = node.lineno  # type: ignore[attr-defined]
                        yield file.relative_to(root).as_posix(), line, rule.legacy


@pytest.mark.long
@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_findings_are_those_of_a_plain_walk(package: Package, tmp_path: Path) -> None:
    root = unpack(package, tmp_path)
    # The legacy code itself is read too: a plain walk knows nothing of what will run.
    rules = [
        Rule(f"{old}.*", f"{new}.*", implementation=True) for old, new in package.moves.items()
    ]
    found = scan_source(MigrationMap(rules, root=str(root)), is_cached=False)
    proven = [one for one in found.proven if one.kind == PYTHON and one.form in FORMS]
    places = {
        (one.file, one.line, one.rule) for one in proven if one.file.startswith(f"{package.name}/")
    }

    expected = set(plainly(root, package.name, rules))

    assert len(expected) > 100
    assert expected <= places
    beyond = {(file, line) for file, line, _ in places - expected}
    assert beyond <= set(through_stars(root, package.name))
