"""Proposals as JSON, for other programs: fields are only ever added."""

from enforcer.discovery.proposal import Proposal
from enforcer.discovery.sections import Found
from enforcer.output.document import as_json


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
