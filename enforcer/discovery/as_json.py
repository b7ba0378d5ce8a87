"""Proposals and import paths as JSON, for other programs: fields are only ever added."""

from typing import TYPE_CHECKING

from enforcer.discovery.paths import Group, ImportPath
from enforcer.discovery.proposal import Evidence, Proposal
from enforcer.discovery.sections import Found
from enforcer.output.document import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable


def found_as_json(found: Found, *, is_written: bool) -> str:
    """Write what was found as one JSON document."""
    return as_json(
        {
            "map": found.file,
            "written": is_written,
            "rules": [_plain(one) for one in found.proposals],
            "already_there": found.skipped,
            "notes": list(found.notes),
        }
    )


def groups_as_json(groups: "Iterable[tuple[Group, Evidence]]") -> str:
    """Write groups of import paths, with the rules for them, as one JSON document."""
    return as_json(
        {
            "groups": [
                {
                    "name": group.name,
                    "canonical": group.canonical,
                    "paths": [_path(one) for one in group.paths],
                    "rules": [_plain(one) for one in evidence.proposals],
                    "notes": list(evidence.notes),
                }
                for group, evidence in groups
            ]
        }
    )


def _path(one: ImportPath) -> dict[str, object]:
    return {
        "path": one.path,
        "module": one.module,
        "name": one.name,
        "kind": one.kind,
        "role": one.role,
        "repeats": one.repeats,
        "file": one.file,
        "line": one.line,
        "callers": [
            {"file": caller.file, "line": caller.line, "is_test": caller.is_test}
            for caller in one.callers
        ],
    }


def _plain(proposal: Proposal) -> dict[str, object]:
    return {
        "kind": proposal.kind,
        "legacy": proposal.legacy,
        "canonical": proposal.canonical,
        "names": dict(proposal.names),
        "arguments": dict(proposal.arguments),
        "implementation": proposal.implementation,
        "since": proposal.since,
        "source": proposal.source,
        "evidence": list(proposal.evidence),
        "in_force": not proposal.objection,
        "objection": proposal.objection,
    }
