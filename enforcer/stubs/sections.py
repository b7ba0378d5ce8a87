"""What ``enforcer stubs`` prints, and what ``enforcer check`` says of stale files."""

from pathlib import Path

from enforcer.output.document import CODE, STRONG, Document, Line
from enforcer.output.words import agreed, counted, first, visible
from enforcer.stubs.plan import Plan

_MOST_FILES = 20


def document(planned: Plan, root: Path, *, is_check: bool) -> Document:
    """Arrange what was written and deleted, or would be.

    Args:
        planned: the files.
        root: the folder that they are shown relative to.
        is_check: whether nothing was written.

    """
    would = "would be " * is_check
    for files, act in ((planned.stale, "written"), (planned.orphans, "deleted")):
        if files:
            heading = f"{counted(len(files), 'file')} {would}{act}"
            yield Line(((heading, STRONG),), below=_shown(files, root))
    fresh = len(planned.files) - len(planned.stale)
    if fresh:
        yield Line(f"{counted(fresh, 'file')} {agreed(fresh, 'is', 'are')} up to date")
    if planned.skipped:
        skipped = tuple(Line(visible(reason)) for reason in planned.skipped)
        yield Line((("Rules without files", STRONG),), below=skipped)
    if not planned.files and not planned.orphans:
        yield Line("No rule needs a file.")


def stale_lines(planned: Plan, root: Path) -> Document:
    """Arrange a finding of ``enforcer check``."""
    files = (*planned.stale, *planned.orphans)
    verb = agreed(len(files), "is", "are")
    text = f"{counted(len(files), 'generated file')} {verb} stale. Run: enforcer stubs (stale-stub)"
    yield Line(text, below=_shown(files, root))


def _shown(files: tuple[Path, ...], root: Path) -> tuple[Line, ...]:
    paths = [file.relative_to(root).as_posix() for file in files]
    return tuple(Line(((path, CODE),)) for path in first(paths, _MOST_FILES))
