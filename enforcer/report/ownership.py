"""Owners of a report's call sites, and the part of a report that concerns one of them."""

from dataclasses import replace

from enforcer.owners import Owners, is_among
from enforcer.recording.use import THIRD_PARTY
from enforcer.report.model import Report, RuleReport


def add_owners(report: Report, owners: Owners) -> None:
    """Set the owners of each call site in own code, by CODEOWNERS."""
    for rule in report.rules:
        for site in rule.call_sites:
            site.owners = () if site.relation == THIRD_PARTY else owners.of(site.file)


def of_owner(report: Report, owner: str) -> Report:
    """Return the call sites in files of one owner, and the rules that these use.

    The rules that this owner is responsible for are not meant: their callers are other teams.

    Args:
        report: a report whose call sites have their owners.
        owner: the owner, or :data:`enforcer.owners.NOBODY`.

    """
    kept = [_of_owner(rule, owner) for rule in report.rules]
    used = sorted((rule for rule in kept if rule.call_sites), key=lambda rule: -rule.uses)
    return replace(report, rules=tuple(used), owner=owner)


def _of_owner(rule: RuleReport, owner: str) -> RuleReport:
    sites = tuple(site for site in rule.call_sites if is_among(owner, site.owners))
    return replace(rule, call_sites=sites)
