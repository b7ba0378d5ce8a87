"""Run-time verification that a program's legacy paths lead to one canonical object each.

``enforcer check`` reads source; this imports: in a child process, with the enforcer and without,
modules are imported, factories called and instances made. The observations come back as plain
facts, and are judged here.
"""

from enforcer.verification.model import Case, Invariant, Outcome, Result, Verification
from enforcer.verification.verifying import verify

__all__ = ["Case", "Invariant", "Outcome", "Result", "Verification", "verify"]
