"""Output of a status as JSON, for other programs: fields are only ever added."""

from collections import Counter

from enforcer.output.document import as_json
from enforcer.output.times import iso
from enforcer.source.rollouts import rollout_records
from enforcer.status.model import MapFound, Status, StoreFound
from enforcer.status.sections import headline, problems


def status_as_json(status: Status) -> str:
    """Return a status as one JSON document."""
    python = status.installation
    document = {
        "enabled": status.state.enabled,
        "summary": headline(status),
        "safe_mode": status.state.safe_mode,
        "problems": problems(status),
        "python": {
            "executable": python.executable,
            "implementation": python.implementation,
            "version": python.version,
            "prefix": python.prefix,
            "base_prefix": python.base_prefix,
            "free_threaded": python.free_threaded,
            "tested": python.is_tested,
        },
        "package": python.package,
        "distributions": python.distributions,
        "startup_files": [{"path": path, "read": read} for path, read in python.startup_files],
        "modes": status.modes,
        "said": status.state.said,
        "map": _map(status.map),
        "stage": status.stage,
        "store": _store(status.store),
        "late": list(status.late),
        "extensions": status.extensions,
    }
    return as_json(document)


def _map(found: MapFound) -> dict[str, object] | None:
    if not found.path:
        return None
    content = found.content
    rules = content.rules if content is not None else ()
    return {
        "path": found.path,
        "chosen_by": found.chosen_by,
        "rules": len(rules),
        "stages": Counter(rule.stage for rule in rules),
        "rollouts": rollout_records(content.rollouts, content.place)
        if content is not None and content.place is not None
        else [],
        "mistakes": [str(mistake) for mistake in found.mistakes],
        "compiled": found.compiled,
    }


def _store(found: StoreFound) -> dict[str, object] | None:
    if not found.path:
        return None
    return {
        "path": found.path,
        "exists": found.exists,
        "error": found.error,
        "processes": found.processes,
        "last_written": iso(found.last_written) if found.last_written else None,
        "blind": found.blind,
    }
