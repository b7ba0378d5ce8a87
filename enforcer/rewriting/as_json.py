"""Result of a rewriting as JSON, for other programs: fields are only ever added."""

from enforcer.output.document import as_json, fields_of
from enforcer.rewriting.project import FileFix, ProjectFix


def fix_as_json(found: ProjectFix, *, is_written: bool) -> str:
    """Write what was rewritten, or would be, as one JSON document."""
    return as_json(
        {
            "written": is_written,
            "rewritten": found.rewritten,
            "left": found.left,
            "files": [_file(one) for one in found.files],
        },
        fields_of,
    )


def _file(one: FileFix) -> dict[str, object]:
    return {
        "file": one.file,
        "changed": one.result.is_changed,
        "changes": one.result.changes,
        "left": one.result.left,
        "remarks": [{"line": line, "text": text} for line, text in one.result.remarks],
    }
