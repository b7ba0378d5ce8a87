"""Measure ``enforcer init`` on a repository with a long history, from start to the written map."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Final

from rich.console import Console

from tests.benchmarks.harness import Interpreter

COMMITS: Final = 5_000
RENAMES: Final = 50
FILES: Final = 500
MOST_SECONDS: Final = 10.0

_LINES: Final = 120


def measure_initial_map(
    interpreter: Interpreter, folder: Path, *, rounds: int
) -> dict[str, object]:
    """Time the command, and count the rules that it writes."""
    write_history(folder)
    seconds, processor = [], []
    for _ in range(rounds):
        (folder / "enforcer.toml").unlink(missing_ok=True)
        start, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
        words = [interpreter.path, "-m", "enforcer", "init", "--yes"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
        after = getrusage(RUSAGE_CHILDREN)
        used = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        processor.append(used)
    rules = (folder / "enforcer.toml").read_text().count("\n[[rule]]")
    return {"seconds": seconds, "processor": processor, "rules": rules}


def print_initial_map(console: Console, measured: dict[str, object]) -> None:
    """Print the time, and whether every rename became a rule."""
    seconds, processor = measured["seconds"], measured["processor"]
    assert isinstance(seconds, list)
    assert isinstance(processor, list)
    middle = median(seconds)
    verdict = "met" if middle <= MOST_SECONDS else "MISSED"
    console.print(
        f"enforcer init, {COMMITS:,} commits with {RENAMES} renames, {FILES:,} files: "
        f"{middle:.1f} s (from {min(seconds):.1f} to {max(seconds):.1f}), "
        f"{median(processor):.1f} s of processor time, "
        f"{measured['rules']} rules; target: at most {MOST_SECONDS:.0f} s: {verdict}\n"
    )


def write_history(folder: Path) -> None:
    """Write the repository: each commit changes a file, and one in a hundred renames one."""
    folder.mkdir(parents=True)
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    with tempfile.TemporaryFile() as stream:
        stream.write("".join(_stream()).encode())
        stream.seek(0)
        subprocess.run([*git, "fast-import", "--quiet"], stdin=stream, check=True)
    subprocess.run([*git, "checkout", "--quiet", "--force", "main"], check=True)


def _stream() -> Iterator[str]:
    """Yield the history in the format of ``git fast-import``."""
    names = [f"shop/part{number % 20}/module{number}.py" for number in range(FILES)]
    versions = dict.fromkeys(range(FILES), 0)
    yield _commit(0)
    yield _file("shop/__init__.py", "")
    for number in range(20):
        yield _file(f"shop/part{number}/__init__.py", "")
    for number, name in enumerate(names):
        yield _file(name, _source(number, 0))
    every = COMMITS // RENAMES
    for commit in range(1, COMMITS):
        yield _commit(commit)
        number = commit % FILES
        versions[number] += 1
        yield _file(names[number], _source(number, versions[number]))
        if commit % every == every // 2:
            moved = (commit // every) * 7 % FILES
            new = names[moved].replace("module", "renamed")
            yield f"R {names[moved]} {new}\n"
            names[moved] = new


def _commit(number: int) -> str:
    author = f"Ada <ada@example.org> {1_700_000_000 + number * 60} +0000"
    parent = "" if number else "reset refs/heads/main\n"
    return f"{parent}commit refs/heads/main\ncommitter {author}\ndata 1\n.\n"


def _file(name: str, text: str) -> str:
    return f"M 100644 inline {name}\ndata {len(text)}\n{text}\n"


def _source(number: int, version: int) -> str:
    """Return a module of some functions, of which a version changes one."""
    functions = []
    for index in range(_LINES // 6):
        changed = version if index == version % (_LINES // 6) else 0
        functions.append(
            f"def work{number}_{index}(items, rate):\n"
            f"    total = {number} * rate\n"
            f"    for item in items:\n"
            f"        total += item.price * {changed}\n"
            f"    return total\n\n"
        )
    return "\n".join(functions)
