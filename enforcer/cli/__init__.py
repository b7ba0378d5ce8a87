"""Offer the enforcer on the command line."""
