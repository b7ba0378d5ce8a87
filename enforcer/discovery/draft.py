"""Draft of a map: its text with proposals in its own layout, and the check of it.

Nothing is written before the draft has passed ``enforcer check``: what the check finds fault with
becomes a comment. The file appears whole or not at all, and is not replaced if it has changed.
"""

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT, Array, Table

from enforcer.baseline.model import Baseline
from enforcer.discovery.proposal import Proposal
from enforcer.errors import EnforcerError
from enforcer.rules.atomic import replace as replace_file
from enforcer.rules.atomic import write_new
from enforcer.rules.document import read_document
from enforcer.rules.key_lines import key_lines
from enforcer.rules.location import PROJECT_FILE
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import FACTORY, MigrationMap
from enforcer.rules.regular_files import read_regular
from enforcer.rules.stages import OBSERVE
from enforcer.source.check import check_map

_RULE: Final = "rule"
_BOM: Final = "\ufeff"

_NEW_MAP: Final = """\
# The migration map, begun by "enforcer init". Each rule says what it was made from.
# Stage observe changes nothing: uses are recorded. Then alias, warn, strict, removed.

[enforcer]
default_stage = "observe"
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a map is, or will be.

    Attributes:
        file: the map's absolute path.
        root: the folder with the program's own code.
        data: the content of the file; None if there is none yet.
        migration_map: its rules; None if there is none yet.

    """

    file: Path
    root: Path
    data: bytes | None = None
    migration_map: MigrationMap | None = None


class Draft:
    """The text of a map with proposals.

    Attributes:
        proposals: the proposals, with the objections that the check had.

    """

    def __init__(self, place: Place, proposals: Sequence[Proposal]) -> None:
        self._place = place
        self.proposals = list(proposals)

    def settle(self) -> None:
        """Check the draft until nothing in force is faulty; what is gets an objection.

        Raises:
            MapError: if the map itself has mistakes.

        """
        # Again after each objection: what it takes out of force, another rule may have relied on.
        while any(not proposal.objection for proposal in self.proposals):
            # enforcer check needs a map that can be loaded.
            objections = self._mistakes() or self._findings()
            if not objections:
                return
            self.proposals = [
                replace(one, objection=objections.get(one.legacy, one.objection))
                for one in self.proposals
            ]

    def write(self) -> None:
        """Write the map: a new file, or the old one with what is new.

        Raises:
            EnforcerError: if the file has changed since it was read.
            OSError: if it can't be written.

        """
        # Replacing a link would leave the map that it leads to as it was.
        file = Path(os.path.realpath(self._place.file))
        if self._place.data is None:
            try:
                write_new(str(file), self.data())
            except FileExistsError:
                raise _changed(self._place.file) from None
            return
        if read_regular(str(file)) != self._place.data:
            raise _changed(self._place.file)
        mode = file.stat().st_mode & 0o7777

        def write_draft(path: str) -> None:
            write_new(path, self.data())
            Path(path).chmod(mode)

        replace_file(str(file), write_draft)

    def data(self) -> bytes:
        """Return the map's content, with the line ends and the mark that it had."""
        before = self._place.data
        if before is None:
            root = os.path.relpath(self._place.root, self._place.file.parent)
            option = "" if root == os.curdir else f"root = {_quoted(Path(root).as_posix())}\n"
            return self._with_rules(f"{_NEW_MAP}{option}").encode()
        text = before.decode("utf-8")
        mark = _BOM if text.startswith(_BOM) else ""
        is_crlf = "\r\n" in text
        # tomlkit ends the lines that it adds with \n, whatever the others have.
        text = text.removeprefix(_BOM).replace("\r\n", "\n")
        text = mark + self._with_rules(text)
        return (text.replace("\n", "\r\n") if is_crlf else text).encode()

    def _with_rules(self, text: str) -> str:
        document = tomlkit.parse(text)
        tables: Any = document
        if self._place.file.name == PROJECT_FILE:
            tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
            tables = tool.setdefault("enforcer", tomlkit.table(is_super_table=True))
        for proposal in self.proposals:
            if not proposal.objection:
                _append(tables, FACTORY if proposal.is_factory else _RULE, self._table(proposal))
        text = tomlkit.dumps(document)
        commented = [one for one in self.proposals if one.objection]
        if commented:
            text = "\n".join([text.rstrip("\n"), *map(self._as_comment, commented), ""])
        return text

    def _table(self, proposal: Proposal) -> Table:
        table = tomlkit.table()
        for sentence in proposal.evidence:
            for line in f"{proposal.source}: {sentence}".splitlines():
                table.add(tomlkit.comment(_printable(line)))
        table.add("legacy", proposal.legacy)
        table.add("canonical", proposal.canonical)
        for key, values in (("names", proposal.names), ("arguments", proposal.arguments)):
            if values:
                inline = tomlkit.inline_table()
                inline.update(values)
                table.add(key, inline)
        if proposal.implementation:
            table.add("implementation", value=True)
        if proposal.since:
            table.add("since", dt.date.fromisoformat(proposal.since))
        of_map = self._place.migration_map
        if of_map is not None and of_map.default_stage != OBSERVE:
            # A map's default stage may refuse callers: a rule from evidence begins harmless.
            table.add("stage", OBSERVE)
        return table

    def _as_comment(self, proposal: Proposal) -> str:
        """Return a rule as a comment, which says why it is none."""
        kind = FACTORY if proposal.is_factory else _RULE
        prefix = "tool.enforcer." if self._place.file.name == PROJECT_FILE else ""
        lines = tomlkit.dumps(self._table(proposal)).splitlines()
        why = f"# not in force: {_printable(proposal.objection)}"
        table = [f"[[{prefix}{kind}]]", *(line for line in lines if not line.startswith("#"))]
        evidence = [line for line in lines if line.startswith("#")]
        return "\n".join(["", why, *evidence, *(f"# {line}" for line in table)])

    # The check.

    def _mistakes(self) -> dict[str, str]:
        """Return what the map's own validation says, by legacy path."""
        data = self.data()
        try:
            read_document(str(self._place.file), data.removeprefix(_BOM.encode()))
        except MapError as error:
            starts = self._starts(data.decode())
            found: dict[str, str] = {}
            for mistake in error.mistakes:
                above = [line for line in starts if line <= mistake.line]
                if not above:
                    raise
                found.setdefault(starts[max(above)], f"{mistake.message} ({mistake.slug})")
            return found
        return {}

    def _starts(self, text: str) -> dict[int, str]:
        """Return the legacy path of each proposal by the line that its table begins at."""
        lines = key_lines(text.removeprefix(_BOM))
        prefix = ("tool", "enforcer") if self._place.file.name == PROJECT_FILE else ()
        starts: dict[int, str] = {}
        for kind in (_RULE, FACTORY):
            in_force = [
                one.legacy
                for one in self.proposals
                if not one.objection and one.is_factory == (kind == FACTORY)
            ]
            number = 0
            while (*prefix, kind, number) in lines:
                number += 1
            # The proposals were appended, so theirs are the last tables.
            for index, legacy in enumerate(in_force, number - len(in_force)):
                starts[lines[*prefix, kind, index]] = legacy
        return starts

    def _findings(self) -> dict[str, str]:
        """Return what ``enforcer check`` finds, by legacy path."""
        data = self.data().removeprefix(_BOM.encode())
        options, entries, _ = read_document(str(self._place.file), data)
        checked = check_map(
            MigrationMap(
                entries,
                root=str(self._place.root),
                exclude=options["exclude"],
                path=str(self._place.file),
            ),
            baseline=Baseline(),
        )
        found = [(one.rule.legacy, one.findings) for one in checked.rules]
        found += [(one.rule.legacy, one.findings) for one in checked.factories]
        own = {proposal.legacy for proposal in self.proposals}
        return {
            legacy: _joined(f"{finding.message} ({finding.slug})" for finding in findings)
            for legacy, findings in found
            if findings and legacy in own
        }


def _append(tables: Any, kind: str, table: Table) -> None:  # noqa: ANN401 - of a document
    """Append a table the way that the map has its others."""
    existing = tables.get(kind)
    if isinstance(existing, Array):
        # An array of inline tables has no place for comments between them.
        inline = tomlkit.inline_table()
        inline.update(table.unwrap())
        existing.append(inline)
        return
    if not isinstance(existing, AoT):
        existing = tomlkit.aot()
        tables.add(tomlkit.nl())
        tables.append(kind, existing)
        existing = tables[kind]
    existing.append(table)


def _joined(messages: Iterable[str]) -> str:
    first, *others = messages
    return f"{first}, and {len(others)} more" if others else first


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def _printable(text: str) -> str:
    """Return a text that a comment may contain: TOML allows no control characters there."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _changed(file: Path) -> EnforcerError:
    return EnforcerError(
        f'"{file}" has changed while this ran, and was not touched. '
        "Run enforcer init again (map-changed)"
    )
