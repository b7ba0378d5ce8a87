"""Conditions on source: no statement of the tree, and no installed distribution names the path."""

import re
from collections.abc import Iterable, Iterator

from enforcer.findings import RecordedScan, ScanFinding
from enforcer.output.times import short
from enforcer.output.words import counted, listed, visible
from enforcer.rules.model import TREE_SUFFIX
from enforcer.verdict.case import Case
from enforcer.verdict.code_kind import is_test_file
from enforcer.verdict.model import (
    MET,
    NAMED,
    NOT_KNOWN,
    TESTS,
    THIRD_PARTIES,
    UNKNOWN,
    UNMET,
    Condition,
)
from enforcer.verdict.terms import SCAN_AGE

_MOST = 3
_SCAN = "enforcer scan --record"
# From git's usual abbreviation to a whole SHA-256.
_REVISION = re.compile(r"[0-9a-f]{7,64}")
_PROSE = ("markdown",)


def named_in_source(case: Case) -> Condition:
    """Return whether no statement or code string of the deployed tree names the path."""
    reason = scan_fault(case)
    if reason:
        return Condition("source", NOT_KNOWN, (reason,), f"Run {_SCAN}.", UNKNOWN)
    if case.rule.keeps_own_code:
        text = "its own code is the implementation, so it can't be deleted"
        act = "Move the code to the canonical path."
        return Condition("source", UNMET, (text,), act, NAMED)
    found = _code(case)
    if found:
        tests = all(is_test_file(one.file) for one in found)
        path = case.rule.legacy.removesuffix(TREE_SUFFIX)
        act = f"Change {counted(len(found), 'line')}, and scan again: enforcer fix --rule {path}."
        # With the scan's time: callers that were changed since are named until the next one.
        text = f"named in {_places(found)}, scanned {short(_scan(case).scanned)} UTC"
        return Condition("source", UNMET, (text,), act, TESTS if tests else NAMED)
    # Uses outside of production delay no verdict, but a recent one proves code that the scan has
    # not seen.
    late = _used_after_scan(case)
    if late:
        text = f"tests and other environments used it after the scan: {listed(late, _MOST)}"
        return Condition("source", UNMET, (text,), "Change these callers.", TESTS)
    return Condition("source", MET, tuple(_met(case)))


def named_by_distributions(case: Case) -> Condition:
    """Return whether no installed distribution of the recorded environment names the path."""
    reason = scan_fault(case)
    if reason:
        return Condition("installed", NOT_KNOWN, (reason,), f"Run {_SCAN}.", UNKNOWN)
    names = sorted(
        {
            f"{one.distribution} {one.version}".rstrip()
            for one in _scan(case).installed
            if one.rule == case.rule.legacy
        }
    )
    if not names:
        return Condition("installed", MET, ("no installed distribution names it",))
    own = [one for one in _code(case) if not is_test_file(one.file)]
    text = f"named by {listed([visible(name) for name in names], _MOST)}"
    act = "Upgrade or replace these distributions, and scan again."
    return Condition("installed", UNMET, (text,), act, NAMED if own else THIRD_PARTIES)


def scan_fault(case: Case) -> str:
    """Return why the recorded scan is no evidence; empty if it is."""
    scan = case.fleet.scan
    if scan is None:
        return "no scan of the source is recorded"
    if case.rule.legacy not in scan.rules:
        return "the recorded scan did not search for it: the rule is newer"
    if case.now - scan.scanned > SCAN_AGE:
        return f"the recorded scan is older than 7 days: it is of {short(scan.scanned)} UTC"
    if scan.is_dirty:
        return f"the scanned tree differed from its commit {scan.revision[:12]}"
    return _other_source(case, scan)


def _other_source(case: Case, scan: RecordedScan) -> str:
    """Return what runs that the scan has not seen; empty if there is nothing."""
    others = sorted(_other_revisions(case, scan))
    if others:
        return (
            f"the scan is of revision {scan.revision[:12]}, and {listed(others, _MOST)} "
            f"{'runs' if len(others) == 1 else 'run'} in production"
        )
    newer = sorted(set(_deployed_after(case, scan)))
    if newer:
        return f"deployed after the scan of {short(scan.scanned)} UTC: {listed(newer, _MOST)}"
    return ""


def uncomparable_versions(case: Case) -> list[str]:
    """Return the versions that run and are no revisions: the scanned tree may be another one."""
    scan = case.fleet.scan
    if scan is None or not scan.revision:
        return []
    return sorted(
        {
            f"{one.service} {one.version}".strip()
            for one in case.coverage.running
            if not _REVISION.fullmatch(one.version)
        }
    )


def _other_revisions(case: Case, scan: RecordedScan) -> Iterator[str]:
    if not scan.revision:
        return
    for service, version in {(one.service, one.version) for one in case.coverage.running}:
        if not _REVISION.fullmatch(version):
            continue
        # Either of the two may be abbreviated.
        if not (scan.revision.startswith(version) or version.startswith(scan.revision)):
            yield visible(f"{service} {version[:12]}".strip())


def _deployed_after(case: Case, scan: RecordedScan) -> Iterator[str]:
    """Yield what began to run after the scan, in a version that is no revision to compare."""
    for one in case.coverage.running:
        # A process that names no version may run other code after each start.
        first = case.coverage.first_seen[one.service, one.version] if one.version else one.began
        is_revision = scan.revision and _REVISION.fullmatch(one.version)
        if first > scan.scanned and not is_revision:
            yield visible(f"{one.service} {one.version}".strip()) or "a service without a name"


def _scan(case: Case) -> RecordedScan:
    if case.fleet.scan is None:  # callers ask scan_fault() first
        message = "no scan"
        raise ValueError(message)
    return case.fleet.scan


def _code(case: Case) -> list[ScanFinding]:
    """Return the proven references in code and configuration; docs and comments don't count."""
    found = case.findings
    return [one for one in found if one.is_proven and one.kind not in _PROSE]


def _places(found: Iterable[ScanFinding]) -> str:
    places = [visible(f"{one.file}:{one.line}") for one in found]
    return listed(places, _MOST)


def _used_after_scan(case: Case) -> list[str]:
    scanned = _scan(case).scanned
    return sorted(
        {visible(f"{one.file}:{one.line}") for one in case.elsewhere if one.last_seen > scanned}
    )


def _met(case: Case) -> Iterator[str]:
    scan = _scan(case)
    revision = f" at {scan.revision[:12]}" if scan.revision else ""
    yield (
        f"no statement names it in {counted(scan.files, 'file')}{revision}, "
        f"scanned {short(scan.scanned)} UTC"
    )
    prose = [one for one in case.findings if one.kind in _PROSE]
    if prose:
        yield f"documents name it, which does not count: {_places(prose)}"
