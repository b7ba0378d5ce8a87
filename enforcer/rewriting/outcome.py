"""Records of what was rewritten in a file, what was left and why, and remarks on the result."""

from dataclasses import dataclass, field

from enforcer.rewriting.source_text import Edit


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One reference that was rewritten.

    Attributes:
        line: its line in the old file, from 1.
        column: its first character, from 1.
        legacy: the legacy path.
        canonical: the canonical path that is written instead.
        rule: the ``legacy`` of the rule, as the map has it.

    """

    line: int
    column: int
    legacy: str
    canonical: str
    rule: str


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """One reference that was left as it is.

    Attributes:
        line: its line, from 1; 0 if the whole file is meant.
        column: its first character, from 1.
        legacy: the legacy path; empty if unknown.
        rule: the ``legacy`` of the rule; empty if unknown.
        reason: why, without a full stop.

    """

    line: int
    column: int
    legacy: str
    rule: str
    reason: str


@dataclass(slots=True)
class Collected:
    """Everything that the rewriter of one file collects.

    Attributes:
        edits: the edits of the text.
        changes: the references that they rewrite.
        left: the references that were left.
        remarks: line and text of what a person should look at.

    """

    edits: list[Edit] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)
