"""Write a check as JSON, for other programs: fields are only ever added."""

from collections.abc import Iterable

from enforcer.output.document import as_json
from enforcer.rules.mistakes import MapError
from enforcer.source.definitions import Definition
from enforcer.source.findings import (
    FactoryCheck,
    Finding,
    InstancesCheck,
    LegacyName,
    MapCheck,
    MissingName,
    RuleCheck,
)
from enforcer.source.module_files import Located
from enforcer.source.resolution import Site
from enforcer.source.rollouts import rollout_records


def check_as_json(found: MapCheck) -> str:
    """Write a check as one JSON document."""
    document = {
        "map": found.map_file,
        "root": found.root,
        "files": found.files,
        "imported": found.imported,
        "findings": found.findings,
        "mistakes": [],
        "rules": [_rule(rule) for rule in found.rules],
        "factories": [_factory(check) for check in found.factories],
        "instances": [_instances(check) for check in found.instances],
        "unreadable": [{"file": one.file, "error": one.error} for one in found.unreadable],
        "unmatched": [one._asdict() for one in found.unmatched],
        "rollouts": rollout_records(found.rollouts, found.place) if found.place is not None else [],
    }
    return as_json(document)


def mistakes_as_json(path: str, error: MapError) -> str:
    """Write the mistakes of a map as one JSON document."""
    mistakes = [
        {
            "file": mistake.file,
            "line": mistake.line,
            "key": mistake.key,
            "message": mistake.message,
            "remedy": mistake.remedy,
            "slug": mistake.slug,
        }
        for mistake in error.mistakes
    ]
    return as_json({"map": path, "mistakes": mistakes})


def _rule(check: RuleCheck) -> dict[str, object]:
    rule = check.rule
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "kind": rule.kind,
        "stage": rule.stage,
        "line": rule.line,
        "findings": _findings(check.findings),
        "canonical_code": _located(check.canonical),
        "legacy_code": _located(check.legacy),
        "failed_imports": [
            {"module": failed.module, "error": failed.error} for failed in check.failed_imports
        ],
        "uses": _sites(check.uses),
        "strings": _sites(check.strings),
        "inside_legacy": check.inside_legacy,
        "would_break": _missing(check.would_break),
        "unmoved": _missing(check.unmoved),
        "broken_already": _missing(check.broken_already),
        "served": _missing(check.served),
        "unsure": _missing(check.unsure),
        "unsure_why": check.unsure_why,
        "typing_only": _missing(check.typing_only),
        "canonical_imports_legacy": _sites(check.circular),
        "renamed_missing": [
            {"old": renamed.old, "new": renamed.new, "nearest": list(renamed.nearest)}
            for renamed in check.renamed_missing
        ],
        "unasked": _unasked(check.unasked),
        "changed": [
            {
                "module": changed.module,
                "name": changed.name,
                "findings": _findings(changed.findings),
                "sites": _sites(changed.sites),
            }
            for changed in check.changed
        ],
        "doubled": [
            {
                "module": one.module,
                "name": one.name,
                "canonical": one.canonical,
                "sites": _sites(one.sites),
            }
            for one in check.doubled
        ],
        "refused": _sites(check.refused),
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
        "findings": _findings(check.findings),
        "canonical_code": _definition(check.answering),
        "legacy_code": _definition(check.legacy),
        "refused": _sites(check.refused),
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
        "findings": _findings(check.findings),
        "canonical_code": _definition(check.canonical),
        "keyless": _sites(check.keyless),
    }


def _findings(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"slug": finding.slug, "message": finding.message} for finding in findings]


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


def _sites(sites: Iterable[Site]) -> list[dict[str, object]]:
    return [
        {
            "file": site.file,
            "line": site.line,
            "form": site.form,
            "typing_only": site.typing_only,
            "function": site.function,
            "through": site.through or None,
        }
        for site in sites
    ]


def _missing(names: Iterable[MissingName]) -> list[dict[str, object]]:
    return [
        {
            "module": missing.module,
            "name": missing.name,
            "canonical_module": missing.canonical_module,
            "canonical_name": missing.canonical_name,
            "nearest": list(missing.nearest),
            "sites": _sites(missing.sites),
            "by_star": missing.by_star,
        }
        for missing in names
    ]


def _unasked(names: Iterable[LegacyName]) -> list[dict[str, object]]:
    return [{"module": one.module, "name": one.name} for one in names]
