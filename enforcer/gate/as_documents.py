"""Findings for other programs: JSON, SARIF and JUnit XML."""

import os
from pathlib import Path
from xml.etree import ElementTree as ET

from enforcer.gate.as_lines import line_of
from enforcer.gate.collection import Gate
from enforcer.gate.findings import KINDS, Finding, Level, annotation
from enforcer.output.annotations import as_sarif as sarif
from enforcer.output.document import as_json as dump
from enforcer.rules.repository import is_installed, with_slashes


def as_json(gate: Gate) -> str:
    """Return findings as one JSON document; fields are only ever added."""
    document = {
        "map": gate.map_file,
        "root": gate.root,
        "top": gate.top,
        "open": gate.is_open,
        "tolerated": gate.tolerated,
        "findings": [
            {
                "kind": finding.kind,
                "level": finding.level,
                "file": _from_root(finding.file, gate),
                "line": finding.line,
                "path": finding.path,
                "message": finding.message,
                "remedy": finding.remedy,
                "owners": list(finding.owners),
                "rule_owners": list(finding.rule_owners),
            }
            for finding in gate.findings
        ],
    }
    return dump(document)


def _from_root(file: str, gate: Gate) -> str:
    """Return a file's path as in the report and the baseline."""
    here = Path(gate.top, file)
    is_named = file.startswith("<") or is_installed(file)
    return file if is_named or not here.exists() else with_slashes(os.path.relpath(here, gate.root))


def as_sarif(gate: Gate) -> str:
    """Return findings as SARIF 2.1.0."""
    return sarif(KINDS, map(annotation, gate.findings))


def as_junit(gate: Gate) -> str:
    """Return findings as JUnit XML: a failed test for each, or a passed one if there are none."""
    failed = [finding for finding in gate.findings if finding.level == Level.ERROR]
    count = max(len(gate.findings), 1)
    counts = {"tests": str(count), "failures": str(len(failed)), "errors": "0", "skipped": "0"}
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", {"name": "enforcer gate", **counts, "time": "0"})
    for finding in gate.findings:
        _test_case(suite, finding)
    if not gate.findings:
        passed = {"classname": "enforcer.gate", "name": "legacy paths", "time": "0"}
        ET.SubElement(suite, "testcase", passed)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _test_case(suite: ET.Element, finding: Finding) -> None:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    named = {"classname": f"enforcer.{finding.kind}", "name": _printable(f"{place} {finding.path}")}
    case = ET.SubElement(suite, "testcase", {**named, "time": "0"})
    if finding.level == Level.ERROR:
        failure = ET.SubElement(case, "failure", {"message": _printable(finding.message)})
        failure.text = _printable(line_of(finding).text)
    else:
        ET.SubElement(case, "system-out").text = _printable(line_of(finding).text)


def _printable(text: str) -> str:
    """Remove characters that XML 1.0 can't contain."""
    return "".join(each if each.isprintable() else " " for each in text)
