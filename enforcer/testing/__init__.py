"""Test runs under the enforcer: what the pytest plugin (``enforcer_pytest``) loads if asked for."""
