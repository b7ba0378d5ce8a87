"""Whether and how the enforcer is enabled in an interpreter, and what it can't see there."""
