"""What ``enforcer discover`` prints: the import paths to one thing, and what each one is."""

from collections.abc import Iterator, Sequence

from enforcer.discovery.paths import Group, ImportPath, origin
from enforcer.discovery.proposal import Evidence
from enforcer.discovery.sections import line_of
from enforcer.output.document import BLANK, CODE, STRONG, Document, Line, Table
from enforcer.output.words import counted, visible

_ROLES = {
    "canonical": "proposed as canonical",
    "wrapper": "leads to the canonical module",
    "implementation": "the canonical module's code",
    "other wrapper": "leads to the canonical module's code",
    "apart": "defined apart",
}


def document(group: Group, evidence: Evidence, command: str) -> Document:
    """Arrange the paths of a group, and the rules that would lead them together.

    Args:
        group: the paths.
        evidence: the rules.
        command: the command that writes the rules.

    """
    own = [one for one in group.paths if not one.repeats]
    if not own:
        yield Line(f'No class or function here has a name like "{visible(group.name)}".')
        yield from (Line(visible(note)) for note in group.notes)
        return
    yield Line(f"Found {counted(len(own), f'{visible(group.name)} import path')}:")
    yield from (Line(f"{number}. {one.path}") for number, one in enumerate(own, 1))
    again = [one for one in group.paths if one.repeats]
    if again:
        yield Line(f"and {counted(len(again), 'other path')} to these names:")
        yield from (Line(f"   {one.path}") for one in again)
    yield BLANK
    yield Table(
        ("", "path", ">callers", ">in tests", "is"),
        tuple(_rows(own, again, group)),
    )
    yield BLANK
    if evidence.proposals:
        yield Line((("Rules that lead them together", STRONG),), below=_lines(evidence))
        yield BLANK
    yield from (Line(visible(note)) for note in evidence.notes)
    if evidence.proposals:
        yield Line("Next:")
        yield Line((f"  {command}  ", ("write these rules, as far as they pass the check", "dim")))


def _lines(evidence: Evidence) -> tuple[Line, ...]:
    return tuple(map(line_of, evidence.proposals))


def _rows(
    own: Sequence[ImportPath], again: Sequence[ImportPath], group: Group
) -> Iterator[tuple[str | tuple[tuple[str, str], ...], ...]]:
    numbered = [(str(number), one) for number, one in enumerate(own, 1)]
    for number, one in [*numbered, *(("", one) for one in again)]:
        tests = sum(caller.is_test for caller in one.callers)
        what = f"{one.kind}, {_ROLES[one.role]}"
        target = origin(one, group)
        if target is not None:
            what = f"{one.kind} of {target.name}, {_ROLES[one.role]}"
        yield (
            number,
            ((one.path if one.repeats else one.name, CODE),),
            f"{len(one.callers) - tests:,}",
            f"{tests:,}",
            what,
        )
