"""Rewriting of callers to the canonical paths of a map: what ``enforcer fix`` writes.

Edits are made by position on the decoded text, so that everything else in a file stays as it is,
to the byte. What a name refers to is decided on the syntax tree (``scopes``); what can't be proved
safe is left, with the reason.
"""
