"""Lines that ``enforcer fix`` prints: what was rewritten, what was left and why, and the totals."""

from collections.abc import Iterator

from enforcer.output.document import CODE, Document, Line
from enforcer.output.words import counted, visible
from enforcer.rewriting.project import FileFix, ProjectFix
from enforcer.rewriting.unified_diff import unified_diff


def document(found: ProjectFix, *, is_written: bool) -> Document:
    """Return the lines about a whole project, one for each reference, the totals last."""
    for one in found.files:
        yield from _lines(one)
    yield Line(_totals(found, is_written=is_written), "bold")
    if not found.sorts and found.changed:
        yield Line(
            "ruff was not found, so imports were not sorted: they are where the old ones were",
            "dim",
        )


def diff(found: ProjectFix) -> str:
    """Return a unified diff of all files that change."""
    return "".join(unified_diff(one.file, one.result.old, one.result.new) for one in found.changed)


def _lines(one: FileFix) -> Iterator[Line]:
    file = visible(one.file)
    for change in one.result.changes:
        place = f"{file}:{change.line}:{change.column}"
        yield Line(((place, CODE), f" {change.legacy} → {change.canonical}"))
    for left in one.result.left:
        place = f"{file}:{left.line}:{left.column}" if left.line else file
        what = f"{left.legacy} is left" if left.legacy else "is left"
        yield Line(((place, CODE), f" {what}: {left.reason}"), weight="")
    for number, remark in one.result.remarks:
        yield Line(((f"{file}:{number}", CODE), f" {remark}"))


def _totals(found: ProjectFix, *, is_written: bool) -> str:
    files = counted(len(found.changed), "file")
    references = counted(found.rewritten, "reference")
    verb = "rewritten" if is_written else "to rewrite"
    text = f"{references} in {files} {verb}" if found.changed else "nothing to rewrite"
    return f"{text}, {found.left:,} left" if found.left else text
