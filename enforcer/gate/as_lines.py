"""Findings as lines: for people, and as GitHub annotations."""

from collections.abc import Iterator

from enforcer.gate.collection import Gate
from enforcer.gate.findings import Level, annotation
from enforcer.output.annotations import as_commands
from enforcer.output.words import counted


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
    yield from as_commands(map(annotation, gate.findings))
    yield conclusion(gate)
