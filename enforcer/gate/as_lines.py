"""Findings as lines: for people, and as GitHub annotations."""

from collections.abc import Iterator

from enforcer.gate.collection import Gate
from enforcer.gate.findings import Finding, Level
from enforcer.output.words import counted

_OF_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_OF_PROPERTIES = {**_OF_DATA, ":": "%3A", ",": "%2C"}


def as_text(gate: Gate) -> str:
    """Return findings for people, one per line, and the conclusion."""
    return "".join(f"{line}\n" for line in (*map(str, gate.findings), conclusion(gate)))


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
    for finding in gate.findings:
        properties = {"file": finding.file, "title": f"enforcer: {finding.kind}"}
        if finding.line:
            properties["line"] = str(finding.line)
        shown = ",".join(
            f"{key}={_escaped(text, _OF_PROPERTIES)}" for key, text in properties.items()
        )
        yield f"::{finding.level} {shown}::{_escaped(_text(finding), _OF_DATA)}"
    yield conclusion(gate)


def _text(finding: Finding) -> str:
    return f"{finding.message}. {finding.remedy}"


def _escaped(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)
