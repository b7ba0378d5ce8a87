"""Show the enforcer at work on a small chat backend, and check every row it reports.

1. Without the enforcer the backend can't start: its old modules are gone.
2. With it, it runs as before, and the report names every caller of an old path.
3. The report is compared with the callers that are marked in the source.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from expected import differences, marked_sites, reported_sites

DEMO = Path(__file__).resolve().parent
APP = DEMO / "app"
MAP = DEMO / "enforcer.toml"
BACKEND = (sys.executable, "-m", "chat")
ENFORCER = (sys.executable, "-m", "enforcer")


def main() -> int:
    """Run the three steps; give 0 if the report equals what the source says."""
    say("1. The chat backend on its own: its callers still import what has moved")
    print_failure()
    with tempfile.TemporaryDirectory(prefix="enforcer-demo-") as folder:
        store = Path(folder, "uses.db")
        say("2. The same backend through the enforcer")
        run_with_enforcer(store)
        say("3. Every reported row against the callers that are marked in the source")
        return compare(read_report(store))


def say(heading: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m{heading}\033[0m\n" if sys.stdout.isatty() else f"\n{heading}\n", flush=True)


def print_failure() -> None:
    """Run the backend without the enforcer and print how it fails."""
    print("$ python -m chat")
    run = start(BACKEND, is_captured=True)
    if run.returncode == 0:
        sys.exit("The backend started without the enforcer, so the demo would show nothing")
    print(run.stderr.strip().splitlines()[-1])


def run_with_enforcer(store: Path) -> None:
    """Run the backend with the enforcer, which prints its report at the end."""
    print("$ enforcer run --report -- python -m chat", flush=True)
    run = start((*ENFORCER, "run", "--report", *options(store), "--", *BACKEND))
    if run.returncode:
        sys.exit(f"The backend failed with exit code {run.returncode}")


def read_report(store: Path) -> dict[str, Any]:
    """Ask for the report again, for programs this time."""
    run = start((*ENFORCER, "report", "--format", "json", *options(store)), is_captured=True)
    if run.returncode:
        sys.exit(run.stderr)
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def options(store: Path) -> tuple[str, ...]:
    """Name the map, and a store that is not the one of the next run."""
    return ("--map", str(MAP), "--store", str(store))


def start(
    command: tuple[str, ...], *, is_captured: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command in the backend's folder, without settings of the enforcer from outside."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("ENFORCER_")
    }
    return subprocess.run(
        command, cwd=APP, env=environment, check=False, capture_output=is_captured, text=True
    )


def compare(report: dict[str, Any]) -> int:
    """Print whether the report equals the source; give the exit code."""
    marked, reported = marked_sites(APP), reported_sites(report)
    wrong = differences(marked, reported)
    outcome = "counts differ" if wrong else "counts equal"
    uses = sum(reported.values())
    print(f"{len(marked)} call sites expected, {len(reported)} seen, {outcome} ({uses:,} uses)")
    for line in wrong:
        print(f"  {line}")
    if report["dropped"]:
        print(f"  {report['dropped']} uses were dropped")
    return 1 if wrong or report["dropped"] else 0


if __name__ == "__main__":
    sys.exit(main())
