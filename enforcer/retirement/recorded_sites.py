"""Call sites that a store has: whether the source shows them still, and words for who uses it."""

from collections.abc import Container

from enforcer.recording.use import IMPORT_STATEMENT, THIRD_PARTY, CallSite
from enforcer.report.model import SiteReport
from enforcer.report.words import function, place
from enforcer.source.findings import FactoryCheck, RuleCheck
from enforcer.verdict.code_kind import OTHERS, TESTS, whose


def is_in_source(
    site: SiteReport, check: RuleCheck | FactoryCheck | None, files: Container[str]
) -> bool:
    """Return whether the check of the source judges a recorded use better than the record.

    These are import statements in files that were scanned. A path that is computed is in no source,
    third parties are not scanned, and a file that is not here may be another repository's.

    Args:
        site: the recorded call site.
        check: the check of its rule.
        files: the files that were scanned, relative to the root.

    """
    if site.relation == THIRD_PARTY or site.mechanism != IMPORT_STATEMENT:
        return False
    return site.file in files and isinstance(check, RuleCheck)


def is_mended(
    site: SiteReport, check: RuleCheck | FactoryCheck | None, files: Container[str]
) -> bool:
    """Return whether the source shows that a recorded import statement is gone."""
    if not isinstance(check, RuleCheck) or not is_in_source(site, check, files):
        return False
    return all(site.file != one.file for one in (*check.uses, *check.refused))


def call_site_of(site: SiteReport) -> CallSite:
    """Return the call site of a report, as the running program knew it."""
    return CallSite(
        site.path,
        file=site.file,
        line=site.line,
        function=site.function,
        module=site.module,
        mechanism=site.mechanism,
        names=site.names,
        via=site.via,
    )


def file_of_place(site: SiteReport) -> str:
    """Return the file of a call site for people; of installed code the inner path."""
    return place(site).rpartition(":")[0] if site.line else place(site)


def whom(site: SiteReport) -> str:
    """Return who uses a path, to begin a sentence with: a distribution, a test or a function."""
    kind = whose(site.file, site.relation)
    if kind == OTHERS:
        return f"{site.distribution or 'code of others'} "
    inside = f"{function(site)} " if function(site) else ""
    return f"the test {inside}" if kind == TESTS else inside
