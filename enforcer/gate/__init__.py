"""Decide in CI whether a change may pass: nothing new, nothing expired, nothing stale."""

from enforcer.gate.findings import Finding, Level
from enforcer.gate.gathering import Gate, gather

__all__ = ["Finding", "Gate", "Level", "gather"]
