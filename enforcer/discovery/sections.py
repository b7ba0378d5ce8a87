"""What ``enforcer init`` prints: the proposals by their source, what was not read, what is next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from enforcer.discovery.proposal import GIT, GIVEN, PATHS, SHIM, Proposal
from enforcer.output.document import BLANK, CODE, STRONG, Document, Line
from enforcer.output.words import counted, first, visible

_MOST_NOTES: Final = 20

_HEADINGS: Final = {
    GIVEN: "As you wrote",
    SHIM: "From shims in the tree",
    GIT: "From git's history",
    PATHS: "From several paths to one thing",
}

NEXT: Final = (
    ("enforcer check", "what each rule will meet"),
    ("enforcer run -- COMMAND", "run the program, and see who uses the old paths: enforcer report"),
)
"""The two next steps, each with its purpose."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a map.

    Attributes:
        file: the map, as a user would name it.
        proposals: the proposals that fit to it; some with an objection.
        notes: what was not read, and moves that no rule can express.
        skipped: how many proposals the map had already.

    """

    file: str
    proposals: Sequence[Proposal] = ()
    notes: Sequence[str] = ()
    skipped: int = 0

    @property
    def in_force(self) -> list[Proposal]:
        """Return the proposals that become rules."""
        return [one for one in self.proposals if not one.objection]

    @property
    def commented(self) -> list[Proposal]:
        """Return the proposals that become comments."""
        return [one for one in self.proposals if one.objection]


def document(found: Found) -> Document:
    """Arrange the proposals."""
    for source, heading in _HEADINGS.items():
        of_source = [one for one in found.in_force if one.source == source]
        if of_source:
            yield Line(((heading, STRONG),), below=tuple(map(line_of, of_source)))
            yield BLANK
    if found.commented:
        heading = "As comments only: in force, each would be a finding of enforcer check"
        yield Line(((heading, STRONG),), below=tuple(map(line_of, found.commented)))
        yield BLANK
    if found.notes:
        shown = first(list(map(visible, found.notes)), _MOST_NOTES, "note")
        yield Line((("Not proposed, or not read", STRONG),), below=tuple(map(Line, shown)))
        yield BLANK
    yield Line(summary(found))


def line_of(proposal: Proposal) -> Line:
    """Arrange one proposal with its evidence."""
    details = [visible(sentence) for sentence in proposal.evidence]
    for key, values in (("names", proposal.names), ("arguments", proposal.arguments)):
        if values:
            pairs = ", ".join(f"{old} → {new or '(left out)'}" for old, new in values.items())
            details.append(f"{key}: {pairs}")
    if proposal.implementation:
        details.append("implementation = true: the code still lives at the legacy path")
    below = [Line(text, style="dim") for text in details]
    if proposal.objection:
        below.insert(0, Line(visible(proposal.objection), weight="warns"))
    words = ((proposal.legacy, CODE), " → ", (proposal.canonical, CODE))
    kind = ("  (factory)",) if proposal.is_factory else ()
    return Line((*words, *kind), below=tuple(below))


def summary(found: Found) -> str:
    """Return how many rules there are, in one sentence."""
    if not found.proposals:
        known = f"; it has {counted(found.skipped, 'rule')} for what was found" * bool(
            found.skipped
        )
        return f"Nothing new was found for {found.file}{known}."
    parts = [counted(len(found.in_force), "rule")]
    if found.commented:
        parts.append(f"{counted(len(found.commented), 'rule')} as a comment")
    known = f" ({found.skipped} more are in it already)" * bool(found.skipped)
    return f"{' and '.join(parts)} for {found.file}{known}"


def next_steps(proposals: Sequence[Proposal]) -> Iterator[Line]:
    """Arrange the two next steps; before them, if no proposal became a rule, how one does."""
    yield Line("Next:")
    if all(one.objection for one in proposals):
        yield Line("  no rule is in force yet: mend what the map's comments name, and uncomment it")
    width = max(len(command) for command, _ in NEXT)
    for command, purpose in NEXT:
        yield Line((f"  {command:{width}}  ", (purpose, "dim")))
