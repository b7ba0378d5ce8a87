"""The baseline: a file of call sites that strict mode still tolerates, which only gets shorter."""

from enforcer.baseline.model import Baseline, Entry, Key

__all__ = ["Baseline", "Entry", "Key"]
