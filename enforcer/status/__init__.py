"""Whether and how the enforcer is enabled in an interpreter, and its blind spots there."""
