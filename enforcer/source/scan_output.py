"""Output of a scan: a line for each finding, JSON, SARIF, and workflow commands of GitHub."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from enforcer.findings import PYTHON, ScanFinding
from enforcer.output.annotations import Annotation, as_commands
from enforcer.output.annotations import as_sarif as sarif
from enforcer.output.document import as_json as dump
from enforcer.output.words import counted, visible
from enforcer.rules.repository import top_of, with_slashes
from enforcer.source.source_scan import SourceScan

KINDS: Final = {
    "legacy-reference": "A legacy path is named in the source.",
    "unproven-reference": "It is unknown whether a legacy path is named in the source.",
}
"""Every kind of finding, with its description."""


def as_text(scan: SourceScan) -> str:
    """Return a line for each finding, as linters write them, and the totals."""
    here = os.path.relpath(scan.root)
    lines = [line_of(finding, here) for finding in (*scan.references, *scan.unproven)]
    return "".join(f"{visible(line)}\n" for line in (*lines, totals(scan)))


def line_of(finding: ScanFinding, folder: str = os.curdir) -> str:
    """Return a finding on one line: its place, what it names, what to write instead, its form.

    Args:
        finding: the finding.
        folder: the root that its file is relative to, as it is shown.

    """
    file = with_slashes(os.path.normpath(Path(folder, finding.file)))
    place = ":".join([file, *(str(at) for at in (finding.line, finding.column) if at)])
    form = finding.form if finding.kind == PYTHON else finding.kind
    notes = [form]
    if finding.through:
        notes.append(f"through {finding.through}")
    if finding.typing_only:
        notes.append("for type checkers")
    if finding.unproven:
        notes.append(f"unproven: {finding.unproven}")
    paths = f"{finding.legacy} → {finding.canonical} " if finding.legacy else ""
    return f"{place} {paths}[{', '.join(notes)}]"


def totals(scan: SourceScan) -> str:
    """Return in one line how much was found."""
    files = counted(scan.files, "file")
    found = scan.references
    if not found:
        text = f"no reference to a legacy path in {files}"
    else:
        paths = counted(len({finding.legacy for finding in found}), "legacy path")
        within = len({finding.file for finding in found})
        text = f"{counted(len(found), 'reference')} to {paths} in {within:,} of {files}"
    if scan.inside_legacy:
        text += f", {scan.inside_legacy:,} more in legacy files"
    return f"{text}, {len(scan.unproven):,} unproven" if scan.unproven else text


def as_json(scan: SourceScan) -> str:
    """Return a scan as one JSON document; fields are only ever added."""
    document = {
        "map": scan.map_file,
        "root": scan.root,
        "files": scan.files,
        "findings": scan.proven,
        "unproven": scan.unproven,
        "inside_legacy": scan.inside_legacy,
    }
    return dump(document)


def as_sarif(scan: SourceScan) -> str:
    """Return a scan as SARIF 2.1.0."""
    return sarif(KINDS, _annotations(scan))


def as_github(scan: SourceScan) -> str:
    """Return a scan as GitHub workflow commands, and the totals."""
    return "".join(f"{line}\n" for line in (*as_commands(_annotations(scan)), totals(scan)))


def _annotations(scan: SourceScan) -> Iterator[Annotation]:
    """Yield findings with files relative to the top of the repository, as code hosts know them."""
    top = top_of(scan.root, scan.map_file)
    for kind, level, findings in (
        ("legacy-reference", "warning", scan.references),
        ("unproven-reference", "note", scan.unproven),
    ):
        yield from _each(findings, kind, level, scan.root, top)


def _each(
    findings: Iterable[ScanFinding], kind: str, level: str, root: str, top: str
) -> Iterator[Annotation]:
    for finding in findings:
        file = with_slashes(os.path.relpath(Path(root, finding.file), top))
        if file.startswith("../"):
            file = str(Path(root, finding.file))
        yield Annotation(
            kind,
            level,
            _message(finding),
            file,
            f"{finding.legacy} {finding.file} {finding.function} {finding.form}",
            finding.line,
            finding.column,
            finding.end_line,
            finding.end_column,
        )


def _message(finding: ScanFinding) -> str:
    if finding.unproven:
        reached = f'may name "{finding.legacy}"' if finding.legacy else "may name a legacy path"
        return f"This {reached}: {finding.unproven}."
    return f'"{finding.legacy}" is a legacy path. Use "{finding.canonical}".'
