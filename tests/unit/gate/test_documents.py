"""What a gate found, as other programs read it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from enforcer.gate import Finding, Gate, Level
from enforcer.gate.as_documents import as_json, as_junit, as_sarif
from enforcer.gate.as_lines import line_of


def finding(file: str, line: int = 3, level: Level = Level.ERROR) -> Finding:
    return Finding(file, line, "new-use", level, f"{file} is wrong", "Mend it", "old")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Find the same thing twice, and one that is only a warning."""
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "cart.py").touch()
    (tmp_path / "tests.py").touch()
    files = ("backend/cart.py", "backend/cart.py", "tests.py", "gone.py", "<stdin>")
    findings = [finding(file, line) for line, file in enumerate(files)]
    findings[2] = finding("tests.py", 2, Level.WARNING)
    return Gate(tuple(findings), "enforcer.toml", str(tmp_path / "backend"), str(tmp_path), 0)


def test_files_are_named_as_the_report_does(gate: Gate) -> None:
    """From the map's root; what is not there keeps its name."""
    found = json.loads(as_json(gate))["findings"]

    assert [one["file"] for one in found] == [
        "cart.py",
        "cart.py",
        "../tests.py",
        "gone.py",
        "<stdin>",
    ]


def test_equal_results_have_fingerprints_of_their_own(gate: Gate) -> None:
    """A code host would show one of them only; the line is no part of it."""
    (run,) = json.loads(as_sarif(gate))["runs"]
    prints = [one["partialFingerprints"]["enforcer/v1"] for one in run["results"]]

    assert prints[1] == f"{prints[0]} 2"
    assert len(set(prints)) == len(prints) == 5
    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    assert ["region" in place for place in places] == [False, True, True, True, True]


def test_a_failed_case_has_the_whole_finding(gate: Gate) -> None:
    """A warning is no failure, and its text is there as well."""
    text = as_junit(gate)
    suite = ET.fromstring(text)[0]  # noqa: S314 - our own

    assert text.startswith("<?xml")
    assert text.count("\n") > len(gate.findings)
    assert (suite.get("tests"), suite.get("failures")) == ("5", "4")
    for case, found in zip(suite, gate.findings, strict=True):
        (result,) = case
        assert result.text == line_of(found).text
        assert result.tag == ("failure" if found.level == Level.ERROR else "system-out")
