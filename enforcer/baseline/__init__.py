"""Keep a file of the call sites that strict mode still tolerates, which only gets shorter."""

from enforcer.baseline.model import Baseline, Entry, Key

__all__ = ["Baseline", "Entry", "Key"]
