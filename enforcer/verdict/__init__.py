"""Verdicts: may a legacy path be deleted? Facts and functions of facts, without input or output.

``enforcer.evidence`` reads the facts from a store and a map.
"""
