"""What docs/deciding.md says of licences and costs is what is installed and what was measured."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = (ROOT / "docs" / "deciding.md").read_text("utf-8")
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SPDX: Final = {
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""How older metadata call a licence. Of those that say "BSD License" all have three clauses."""


def table(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


LICENCES: Final = {name: (licence, why) for name, licence, why in table("Whose code comes along")}


def direct() -> Iterator[tuple[Requirement, str]]:
    """Yield what the project requires, and why the page has to say so."""
    for text in PROJECT["dependencies"]:
        yield Requirement(text), "needed"
    for extra, texts in PROJECT["optional-dependencies"].items():
        for text in texts:
            yield Requirement(text), f"extra `{extra}`"


def installed() -> dict[str, Distribution]:
    """Find what is installed of all that is required, and of what that requires."""
    found: dict[str, Distribution] = {}
    waiting = [requirement for requirement, _ in direct()]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        is_wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not is_wanted or name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # an extra that is not installed here
            continue
        waiting += [Requirement(text) for text in found[name].requires or ()]
    return found


def licence_of(found: Distribution) -> str:
    metadata = found.metadata
    classified = [
        text.rpartition(" :: ")[2]
        for text in metadata.get_all("Classifier") or ()
        if text.startswith("License :: ")
    ]
    named = [metadata["License-Expression"] or ""] if "License-Expression" in metadata else []
    names = named or classified or [metadata["License"]]
    return " OR ".join(sorted(SPDX.get(name, name) for name in names))


def test_each_requirement_is_on_the_page() -> None:
    """With the reason for which it comes along."""
    for requirement, why in direct():
        assert LICENCES[canonicalize_name(requirement.name)][1] == why


@pytest.mark.parametrize("name", sorted(installed()))
def test_licence_is_that_of_the_metadata(name: str) -> None:
    """Of what is required by what is required, too."""
    assert LICENCES[name][0] == licence_of(installed()[name])


def test_every_package_is_there_for_one_that_is_there() -> None:
    """A row that nothing requires any more is taken out."""
    wanted = {canonicalize_name(requirement.name) for requirement, _ in direct()}
    for name, (_, why) in LICENCES.items():
        assert name in wanted or why.removeprefix("for ") in LICENCES, name


@pytest.mark.parametrize(("what", "figure", "place"), table("What it costs"))
def test_figure_was_measured(what: str, figure: str, place: str) -> None:
    """It stands in the section that the row leads to."""
    heading = re.fullmatch(r"\[(.+)\]\(benchmarks\.md#[\w-]+\)", place)
    assert heading is not None, what
    benchmarks = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    section = benchmarks.partition(f"\n## {heading[1]}\n")[2].partition("\n## ")[0]

    assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?!\d|,\d)", section)
