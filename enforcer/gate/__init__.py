"""The CI gate: whether a change adds uses, and whether rules or baseline entries have expired."""

from enforcer.gate.collection import Gate, gather
from enforcer.gate.findings import Finding, Level

__all__ = ["Finding", "Gate", "Level", "gather"]
