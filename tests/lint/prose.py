"""Count what can be counted of the house style's prose, for ``make lint``.

- Docstrings that begin with one of the style's verbs to avoid: at most 5 % of all docstrings.
- Lines that are a comment, without those that only speak to a tool: at least 1.5 % of all lines.

Run as ``python -m tests.lint.prose``: it prints both figures, and where one is missed the files
that are furthest from it. It ends with 1 then.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "enforcer"
AVOIDED = re.compile(r"(Give|Tell|Say|Take|Hold|Have|Let|Stand|Put into words)(?![\w-])")
MOST_AVOIDED = 0.05
FEWEST_COMMENTS = 0.015
SHOWN_FILES = 15

_COMMENT = re.compile(r"\s*#(?! *(?:noqa|type:|pragma|pyright|fmt:|!))")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Prose:
    """The prose of one file, counted."""

    path: Path
    docstrings: int
    avoided: tuple[str, ...]
    comments: int
    lines: int


def measure(path: Path) -> Prose:
    """Count the prose of one file."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    docstrings = list(_docstrings(tree))
    in_strings = _lines_in_strings(tree)
    lines = text.splitlines()
    comments = [
        number
        for number, line in enumerate(lines, 1)
        if _COMMENT.match(line) and number not in in_strings
    ]
    return Prose(
        path,
        len(docstrings),
        tuple(words for words in docstrings if AVOIDED.match(words)),
        len(comments),
        len(lines),
    )


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            words = ast.get_docstring(node)
            if words:
                yield words.partition("\n")[0]


def _lines_in_strings(tree: ast.Module) -> set[int]:
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for number in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    }


def misses(files: list[Prose]) -> Iterator[str]:
    """Describe each figure that is missed, with the files that are furthest from it."""
    docstrings = sum(file.docstrings for file in files)
    avoided = sum(len(file.avoided) for file in files)
    if avoided > MOST_AVOIDED * docstrings:
        yield f"{avoided} of {docstrings} docstrings begin with a verb to avoid:"
        worst = sorted(
            (file for file in files if file.avoided), key=lambda file: -len(file.avoided)
        )
        for file in worst[:SHOWN_FILES]:
            yield f"  {file.path}: {len(file.avoided)}, such as {file.avoided[0]!r}"
    lines = sum(file.lines for file in files)
    comments = sum(file.comments for file in files)
    if comments < FEWEST_COMMENTS * lines:
        yield f"{comments} of {lines} lines are comments, fewer than {FEWEST_COMMENTS:.1%}:"
        furthest = sorted(files, key=lambda file: file.comments - FEWEST_COMMENTS * file.lines)
        for file in furthest[:SHOWN_FILES]:
            yield f"  {file.path}: {file.comments} of {file.lines}"


def main() -> int:
    """Print both figures; return 1 if one of them is missed."""
    files = [measure(path) for path in sorted(PACKAGE.rglob("*.py"))]
    avoided = sum(len(file.avoided) for file in files) / sum(file.docstrings for file in files)
    comments = sum(file.comments for file in files) / sum(file.lines for file in files)
    sys.stdout.write(
        f"prose: {avoided:.1%} docstrings with verbs to avoid, {comments:.1%} comments\n"
    )
    missed = list(misses(files))
    sys.stdout.writelines(f"{line}\n" for line in missed)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
