"""Findings for other programs: JSON, SARIF and JUnit XML."""

import os
from collections import Counter
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from enforcer import __version__
from enforcer.gate.collection import Gate
from enforcer.gate.findings import KINDS, Finding, Level
from enforcer.output.document import as_json as dump
from enforcer.rules.repository import is_installed, with_slashes

SARIF_VERSION: Final = "2.1.0"
SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT: Final = "%SRCROOT%"


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
    """Return findings as SARIF 2.1.0, which code hosts show beside the code."""
    kinds = list(KINDS)
    driver = {
        "name": "enforcer",
        "semanticVersion": __version__,
        "rules": [{"id": kind, "shortDescription": {"text": KINDS[kind]}} for kind in kinds],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": _results(gate, kinds),
    }
    return dump({"$schema": SARIF_SCHEMA, "version": SARIF_VERSION, "runs": [run]})


def _results(gate: Gate, kinds: list[str]) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for finding in gate.findings:
        # Not the line: a finding is the same where it has moved. Of equal ones each has a number.
        print_ = f"{finding.kind} {finding.path} {finding.file} {finding.message}"
        seen[print_] += 1
        number = f" {seen[print_]}" if seen[print_] > 1 else ""
        results.append(_result(finding, kinds.index(finding.kind), f"{print_}{number}"))
    return results


def _result(finding: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(finding.file)}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    return {
        "ruleId": finding.kind,
        "ruleIndex": index,
        "level": finding.level,
        "message": {"text": f"{finding.message}. {finding.remedy}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"enforcer/v1": fingerprint},
    }


def _artifact(file: str) -> dict[str, str]:
    if PurePath(file).is_absolute():
        return {"uri": PurePath(file).as_uri()}
    return {"uri": quote(file), "uriBaseId": _ROOT}


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
        failure.text = _printable(str(finding))
    else:
        ET.SubElement(case, "system-out").text = _printable(str(finding))


def _printable(text: str) -> str:
    """Remove characters that XML 1.0 can't contain."""
    return "".join(each if each.isprintable() else " " for each in text)
