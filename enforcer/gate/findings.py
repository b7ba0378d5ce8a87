"""Findings of the gate: their kinds, severity and text."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from enforcer.output.annotations import Annotation


class Level(StrEnum):
    """Whether a finding closes the gate."""

    ERROR = "error"
    WARNING = "warning"


KINDS: Final = {
    "new-use": "A legacy path is used where it was not used before.",
    "grown-use": "A legacy path is used at more places of a function than the baseline has.",
    "new-reference": "The source names a legacy path where the baseline does not have it.",
    "unreadable-source": "A file can't be read, so it may use any legacy path.",
    "stale-entry": "The baseline has call sites that are gone.",
    "expired-rule": "The day has passed on which a legacy path was to be removed.",
    "expiring-rule": "The day is near on which a legacy path is to be removed.",
    "expired-exemption": "The day has passed until which a caller was exempted.",
    "expiring-exemption": "The day is near until which a caller is exempted.",
    "unknown-path": "The baseline or an exemption speaks of a path that no rule has.",
    "would-be-refused": "The stage of a legacy path refuses a place in the source.",
    "would-break": "A place in the source asks for a name that its canonical module lacks.",
    "canonical-missing": "A canonical path does not exist, so its legacy code still answers.",
    "would-call-another": "A call in the source means something else to the canonical function.",
    "instance-key-missing": "A call gives no key to a class or a factory that needs one.",
    "blind-store": "Something is known to be missing from the store, so any path may be in use.",
    "blind-rule": "Processes of the store did not watch a rule, so it may be in use all the same.",
    "unmatched-entry": "An entry of the map matches no file and no test.",
    "unknown-caller": "The baseline or an exemption speaks of a file that is not there.",
}
"""Every kind of finding, with its description."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding.

    Attributes:
        file: the file to look at, relative to the top of the repository, or absolute.
        line: the line there, from 1; 0 if the whole file is meant.
        kind: one of :data:`KINDS`.
        level: whether it closes the gate.
        message: what is wrong, on one line.
        remedy: what to do.
        path: the legacy path.
        owners: the owners of the file, by CODEOWNERS.
        rule_owners: the owners of the path's rule, by the map.

    """

    file: str
    line: int
    kind: str
    level: Level
    message: str
    remedy: str
    path: str
    owners: tuple[str, ...] = ()
    rule_owners: tuple[str, ...] = ()


def annotation(finding: Finding) -> Annotation:
    """Return a finding as code hosts show it."""
    text = f"{finding.message}. {finding.remedy}"
    identity = f"{finding.path} {finding.file} {finding.message}"
    return Annotation(finding.kind, finding.level, text, finding.file, identity, finding.line)
