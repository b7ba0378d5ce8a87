"""Counts of uses by call site, and the process that they belong to."""
