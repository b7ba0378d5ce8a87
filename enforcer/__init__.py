"""Move a Python module without breaking its callers, and see every caller."""

__version__ = "0.1.0"
