"""Put into words what verifying a program showed."""

from pathlib import Path

from enforcer.verification.model import Outcome, Result, Verification


def title(found: Verification) -> str:
    """Name what was verified, and how."""
    return f"{Path(found.map_file).name}, {_mode(found)}"


def heading(number: int, result: Result) -> str:
    """Name an invariant and its severity, and say how it was found."""
    invariant = result.invariant
    return f"{number}. {invariant.category} ({invariant.severity}): {result.outcome}"


def conclusion(found: Verification) -> str:
    """Say on one line whether everything holds."""
    by_outcome = {
        outcome: sum(result.outcome == outcome for result in found.results) for outcome in Outcome
    }
    total = len(found.results)
    parts = []
    if by_outcome[Outcome.VIOLATED]:
        parts.append(f"{by_outcome[Outcome.VIOLATED]} of {total} invariants violated")
    if by_outcome[Outcome.UNVERIFIED]:
        parts.append(f"{by_outcome[Outcome.UNVERIFIED]} of {total} not verified")
    if not parts:
        parts.append(f"{by_outcome[Outcome.PASSED]} of {total} invariants hold")
        if by_outcome[Outcome.NOTHING]:
            parts.append(f"nothing to verify for {by_outcome[Outcome.NOTHING]}")
    return f"{', '.join(parts)}, {_mode(found)}"


def _mode(found: Verification) -> str:
    return "with the enforcer" if found.is_enforced else "without the enforcer"
