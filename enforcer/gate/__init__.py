"""The CI gate: whether a change adds uses, and whether rules or baseline entries have expired."""

from enforcer.gate.findings import Finding, Level
from enforcer.gate.gathering import Gate, gather

__all__ = ["Finding", "Gate", "Level", "gather"]
