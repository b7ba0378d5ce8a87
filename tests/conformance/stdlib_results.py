"""Read what libregrtest reports, and compare two runs test by test."""

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

PROGRESS = re.compile(r"\[ *\d+/\d+(?:/\d+)?\] (?P<file>[\w.]+) (?P<state>.*)")
TAIL = re.compile(r" \((?:\d+ (?:min|sec)|[\d.]+ (?:sec|ms)).*?\)$")
SUITE = re.compile(r"\btest_\w+")
OUTPUT = frozenset(("output", "system-out", "system-err"))


def read_results(xml: Path, output: str) -> dict[str, str]:
    """Give each test's outcome, and each file's state as ``file: NAME``.

    Args:
        xml: libregrtest's JUnit file; it is missing where no test ran.
        output: what it printed.

    """
    outcomes: dict[str, list[str]] = defaultdict(list)
    for case in ET.parse(xml).iter("testcase") if xml.exists() else ():  # noqa: S314 - our own run
        outcomes[_name(case.get("name", ""))].append(_outcome(case))
    results = {name: ", ".join(sorted(found)) for name, found in outcomes.items()}
    for found in PROGRESS.finditer(output):
        state = TAIL.sub("", found["state"].partition(" -- ")[0])
        results[f"file: {found['file'].removeprefix('test.')}"] = state
    return results


def _name(name: str) -> str:
    """Name a test alike on all versions: without ``test.``, doctests by their suite."""
    name = name.removeprefix("test.")
    return name if name.startswith(("test_", "unittest.")) else f"test_{name}"


def _outcome(case: ET.Element) -> str:
    tags = sorted(child.tag for child in case if child.tag not in OUTPUT)
    status = (case.get("status"), case.get("result"))
    if status != ("run", "completed"):
        tags.insert(0, " ".join(str(part) for part in status))
    return " ".join(tags) or "passed"


def suite_of(name: str) -> str:
    """Give the suite that a test belongs to, also one that could not be loaded or set up."""
    found = SUITE.search(name)
    return found[0] if found else name


def file_of(name: str, files: list[str]) -> str:
    """Give the test file, as libregrtest is told of it, that holds a test."""
    fitting = [file for file in files if re.search(rf"\b{re.escape(file)}\b", name)]
    return max(fitting, key=len) if fitting else suite_of(name)


def differing(without: dict[str, str], with_it: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Give what differs: a test's name, its outcome without and with the enforcer."""
    return {
        name: (without.get(name, "absent"), with_it.get(name, "absent"))
        for name in sorted(without.keys() | with_it.keys())
        if without.get(name) != with_it.get(name)
    }


def is_repeated(pairs: list[tuple[str, str]]) -> bool:
    """Tell whether a difference is the enforcer's, from several runs of one test in both ways.

    It has to show more than once, as an outcome that the test never has without the enforcer.
    """
    without = {before for before, _ in pairs}
    return sum(after not in without for _, after in pairs) > 1
