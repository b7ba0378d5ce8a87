"""References in the source as call sites that a run would record, for a baseline."""

from collections.abc import Iterable
from typing import Final

from enforcer.baseline.model import asked_names
from enforcer.baseline.run_record import ALLOWED, EXPECTED, Record, SeenSite
from enforcer.findings import ScanFinding
from enforcer.recording.use import ATTRIBUTE, IMPORT_MODULE, IMPORT_STATEMENT
from enforcer.source.markers import EXPECTING

WHERE: Final = "the source"

_MECHANISMS: Final = {
    "attribute": ATTRIBUTE,
    "call": IMPORT_MODULE,
    "from": IMPORT_STATEMENT,
    "import": IMPORT_STATEMENT,
}
"""Mechanisms of uses by form; other forms are kinds of their own, which no run records."""

_DOCUMENTS: Final = ("markdown",)
"""Kinds of files that only speak of a path."""


def sites_in_source(findings: Iterable[ScanFinding]) -> Record:
    """Return the references that are uses, or texts that lead to one, by the keys of a baseline."""
    record = Record()
    for finding in findings:
        if not finding.is_use or finding.kind in _DOCUMENTS:
            continue
        kind = _MECHANISMS.get(finding.form, finding.form)
        excuse = EXPECTED if finding.excuse == EXPECTING else ALLOWED if finding.excuse else ""
        record.add_site(
            SeenSite(
                finding.legacy,
                finding.file,
                finding.function,
                kind,
                finding.line,
                "",
                "",
                WHERE,
                excuse,
                asked_names(finding.legacy, kind, finding.names),
            )
        )
    return record
