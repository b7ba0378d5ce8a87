"""Reading of the evidence for verdicts from a store, the files beside it, and the map."""

from enforcer.evidence.reading import (
    read_evidence,
    read_standings,
    read_verdicts,
    with_watched,
)

__all__ = ["read_evidence", "read_standings", "read_verdicts", "with_watched"]
