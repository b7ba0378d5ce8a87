"""Verification of a program: run the child process, and judge the facts that it reports."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from enforcer.errors import EnforcerError
from enforcer.rules.factory_model import ERROR
from enforcer.rules.model import MigrationMap
from enforcer.source.module_files import SOURCE_FOLDER
from enforcer.startup import MAP_KEY
from enforcer.verification.facts import Job, Sampled, from_lines
from enforcer.verification.import_paths import find_import_paths
from enforcer.verification.instance_judgement import judge_instances, judge_sharing
from enforcer.verification.judgement import (
    judge_definitions,
    judge_factories,
    judge_import_paths,
    judge_services,
)
from enforcer.verification.model import Verification
from enforcer.verification.seen import Seen
from enforcer.verification.source_facts import read_source

PATIENCE: Final = 120.0
"""Default limit for the child process, in seconds."""

_JUDGES: Final = (
    judge_import_paths,
    judge_instances,
    judge_factories,
    judge_services,
    judge_sharing,
    judge_definitions,
)


def verify(
    migration_map: MigrationMap, *, is_enforced: bool = True, patience: float = PATIENCE
) -> Verification:
    """Verify that a program's legacy paths lead to one canonical object each.

    Args:
        migration_map: the map; it has to come from a file.
        is_enforced: whether to enable the enforcer; otherwise the program is seen as it is.
        patience: how many seconds the child process may take.

    Raises:
        BaselineError: if a rule is strict, and the map's baseline can't be read.
        EnforcerError: if the program ends the child process, or takes too long.

    """
    search = (migration_map.root, str(Path(migration_map.root, SOURCE_FOLDER)))
    job = Job(
        migration_map.path,
        is_enforced,
        tuple(folder for folder in search if Path(folder).is_dir()),
        find_import_paths(migration_map),
        tuple(
            Sampled(rule.canonical, rule.key, rule.sample, rule.missing == ERROR)
            for rule in migration_map.instances
        ),
    )
    source = read_source(migration_map) if is_enforced else None
    seen = Seen(job, from_lines(_lines(job, patience)), source)
    results = tuple(judge(seen) for judge in _JUDGES)
    return Verification(migration_map.path, migration_map.root, is_enforced, results)


def _lines(job: Job, patience: float) -> list[dict[str, Any]]:
    """Run the child process and return its lines."""
    # The child decides by its job whether to enable the enforcer. With -P its working directory,
    # the program's root, can't shadow modules that it imports first.
    environ = {key: value for key, value in os.environ.items() if key != MAP_KEY}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "enforcer.verification.examination"],
            input=json.dumps(job.as_document()).encode(),
            capture_output=True,
            cwd=job.search[0] if job.search else None,
            env=environ,
            timeout=patience,
            check=False,
        )
        output, said = done.stdout, done.stderr
        ending = f"the process ended with exit code {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, said = error.stdout or b"", error.stderr or b""
        ending = f"it did not finish in {patience:g} {'second' if patience == 1 else 'seconds'}"
    # A last line without its end was cut off when the child died.
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")
    ]
    doing = [str(line["now"]) for line in lines if "now" in line]
    if not doing or doing[-1]:
        raise _ended(ending, doing[-1] if doing else "starting", said.decode(errors="replace"))
    return lines


def _ended(ending: str, doing: str, said: str) -> EnforcerError:
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    quoted = f' Its last words: "{last.strip()}".' if last else ""
    return EnforcerError(
        f"the program can't be verified: while {doing}, {ending}.{quoted} "
        "Mend what ends it, or leave it out of the map (verify-ended)"
    )
