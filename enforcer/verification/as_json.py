"""Write a verification as JSON, for other programs: fields are only ever added."""

from enforcer.output.document import as_json
from enforcer.verification.model import Result, Verification


def verification_as_json(found: Verification) -> str:
    """Write a verification as one JSON document."""
    document = {
        "map": found.map_file,
        "root": found.root,
        "enforced": found.is_enforced,
        "holds": found.holds,
        "invariants": [_invariant(result) for result in found.results],
    }
    return as_json(document)


def _invariant(result: Result) -> dict[str, object]:
    invariant = result.invariant
    return {
        "invariant": invariant.slug,
        "category": invariant.category,
        "severity": invariant.severity,
        "demand": invariant.demand,
        "result": result.outcome,
        "seen": result.summary,
        "impact": " ".join(result.impacts) or None,
        "paths": [
            {"path": case.path, "result": case.outcome, "seen": case.seen} for case in result.cases
        ],
    }
