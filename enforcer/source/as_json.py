"""Write a check as JSON, for other programs: fields are only ever added.

The records of :mod:`enforcer.source.findings` are written by their fields, so a field of one is a
field here.
"""

from collections.abc import Sequence

from enforcer.output.document import as_json, fields_of
from enforcer.rules.mistakes import MapError
from enforcer.source.definitions import Definition
from enforcer.source.findings import (
    FactoryCheck,
    InstancesCheck,
    MapCheck,
    RuleCheck,
)
from enforcer.source.module_files import Located
from enforcer.source.resolution import Site
from enforcer.source.rollouts import rollout_records


def check_as_json(found: MapCheck, stale: Sequence[str] = ()) -> str:
    """Write a check as one JSON document.

    Args:
        found: the check.
        stale: generated files that are not what the map asks for.

    """
    document = {
        "map": found.map_file,
        "root": found.root,
        "files": found.files,
        "imported": found.imported,
        "findings": found.findings,
        "mistakes": [],
        "rules": list(map(_rule, found.rules)),
        "factories": list(map(_factory, found.factories)),
        "instances": list(map(_instances, found.instances)),
        "unreadable": found.unreadable,
        "unproven": found.unproven,
        "stale_stubs": list(stale),
        "unmatched": [one._asdict() for one in found.unmatched],
        "rollouts": rollout_records(found.rollouts, found.place) if found.place is not None else [],
    }
    return as_json(document, _plain)


def mistakes_as_json(path: str, error: MapError) -> str:
    """Write the mistakes of a map as one JSON document."""
    names = ("file", "line", "key", "message", "remedy", "slug")
    mistakes = [{name: getattr(one, name) for name in names} for one in error.mistakes]
    return as_json({"map": path, "mistakes": mistakes})


def _rule(check: RuleCheck) -> dict[str, object]:
    rule = check.rule
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "kind": rule.kind,
        "stage": rule.stage,
        "line": rule.line,
        "findings": check.findings,
        "canonical_code": _located(check.canonical),
        "legacy_code": _located(check.legacy),
        "failed_imports": check.failed_imports,
        "uses": check.uses,
        "strings": check.strings,
        "inside_legacy": check.inside_legacy,
        "would_break": check.would_break,
        "unmoved": check.unmoved,
        "broken_already": check.broken_already,
        "served": check.served,
        "unsure": check.unsure,
        "unsure_why": check.unsure_why,
        "typing_only": check.typing_only,
        "canonical_imports_legacy": check.circular,
        "renamed_missing": check.renamed_missing,
        "unasked": check.unasked,
        "changed": check.changed,
        "doubled": check.doubled,
        "refused": check.refused,
        "callers": check.callers,
    }


def _located(located: Located | None) -> dict[str, object] | None:
    if located is None:
        return None
    file = None if located.file is None else str(located.file)
    return {"module": located.path, "kind": located.kind, "file": file}


def _factory(check: FactoryCheck) -> dict[str, object]:
    rule = check.rule
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "adapter": rule.adapter,
        "arguments": rule.arguments,
        "stage": rule.stage,
        "line": rule.line,
        "findings": check.findings,
        "canonical_code": _definition(check.answering),
        "legacy_code": _definition(check.legacy),
        "refused": check.refused,
        "callers": check.callers,
    }


def _instances(check: InstancesCheck) -> dict[str, object]:
    rule = check.rule
    return {
        "canonical": rule.canonical,
        "key": rule.key,
        "maximum": rule.maximum or None,
        "missing": rule.missing,
        "stage": rule.stage,
        "line": rule.line,
        "findings": check.findings,
        "canonical_code": _definition(check.canonical),
        "keyless": check.keyless,
    }


def _definition(found: Definition) -> dict[str, object] | None:
    if found.kind == "missing":
        return None
    return {
        "module": found.module,
        "kind": found.kind,
        "file": str(found.file) if found.file else None,
        "line": found.line,
        "parameters": str(found.parameters) if found.parameters is not None else None,
        "form": found.parameters.form if found.parameters is not None else None,
    }


def _plain(record: object) -> object:
    """Return the fields of what a check found; of a site without what excuses it."""
    if not isinstance(record, Site):
        return fields_of(record)
    names = ("file", "line", "form", "typing_only", "function")
    site = {name: getattr(record, name) for name in names}
    _, column, end_line, end_column = record.at
    place = {"column": column, "end_line": end_line, "end_column": end_column}
    return {**site, "through": record.through or None, **place}
