"""Verify on a program itself that its legacy paths lead to one canonical object each.

Where ``enforcer check`` reads source, this imports: in a child process, with the enforcer and
without, modules are imported, factories called and instances made. What was seen comes back as
plain facts, and is judged here.
"""

from enforcer.verification.model import Case, Invariant, Outcome, Result, Verification
from enforcer.verification.verifying import verify

__all__ = ["Case", "Invariant", "Outcome", "Result", "Verification", "verify"]
