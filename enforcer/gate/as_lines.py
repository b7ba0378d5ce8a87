"""Findings as lines: for people, and as GitHub annotations."""

from collections.abc import Iterator
from typing import Final

from enforcer.gate.collection import Gate
from enforcer.gate.findings import Finding, Level, annotation
from enforcer.output.annotations import as_commands
from enforcer.output.document import STRONG, Document, Line, Words
from enforcer.output.words import counted, visible
from enforcer.owners import joined

_LEVELS: Final = {Level.ERROR: "bold red", Level.WARNING: "bold yellow"}


def document(gate: Gate) -> Document:
    """Yield findings for people, one per line as compilers write them, and the conclusion."""
    for finding in gate.findings:
        yield line_of(finding)
    yield Line(conclusion(gate), "bold green" if gate.is_open else "bold red")


def line_of(finding: Finding) -> Line:
    """Return a finding on one line: its place, its level, what is wrong, what to do, its kind."""
    words: Words = (
        (visible(finding.file), STRONG),
        (f":{finding.line}" if finding.line else "", "dim"),
        ": ",
        (finding.level.value, _LEVELS[finding.level]),
        visible(f": {finding.message}. {finding.remedy} "),
        (f"({finding.kind})", "dim"),
        visible(f" {joined(finding.owners)}") if finding.owners else "",
    )
    return Line(words, hang=2)


def conclusion(gate: Gate) -> str:
    """Return in one line whether a change may pass."""
    errors = sum(finding.level == Level.ERROR for finding in gate.findings)
    warnings = len(gate.findings) - errors
    parts = [counted(errors, "finding")]
    if warnings:
        parts.append(counted(warnings, "warning"))
    if gate.tolerated:
        parts.append(f"{gate.tolerated:,} in the baseline")
    return f"gate {'open' if gate.is_open else 'closed'}: {', '.join(parts)}"


def as_github(gate: Gate) -> str:
    """Return findings as GitHub workflow commands, which annotate the findings' lines."""
    return "".join(f"{line}\n" for line in _commands(gate))


def _commands(gate: Gate) -> Iterator[str]:
    yield from as_commands(map(annotation, gate.findings))
    yield conclusion(gate)
