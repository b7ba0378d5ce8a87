"""Owners of files and of rules: whom to ask, by CODEOWNERS and by the map.

The team of a caller is the owner of the caller's file. The owner of a rule is responsible for the
migration. They are mostly different teams, and every output keeps them apart.
"""

from enforcer.owners.files import Owners, rule_owners
from enforcer.owners.names import NOBODY, is_among, joined, split_owners

__all__ = ["NOBODY", "Owners", "is_among", "joined", "rule_owners", "split_owners"]
