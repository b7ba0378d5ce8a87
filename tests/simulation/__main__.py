"""Ask for verdicts in simulated fleets, and compare them with what really happens afterwards.

``python -m tests.simulation --seeds 1000 --jobs 2`` writes what it found. The exit code is 1 if a
yes was wrong, if too many came late, or if a condition refused nothing that the others let pass.
"""

import argparse
import sys

from tests.simulation.running import run_all
from tests.simulation.summary import Summary


def main() -> int:
    """Run the seeds that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes to use")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    summary = Summary()
    for number, judgement in enumerate(run_all(seeds, arguments.jobs), 1):
        summary.judgements.append(judgement)
        if number % 10 == 0 or judgement.wrong:
            sys.stderr.write(
                f"{number} of {len(seeds)} seeds, {len(summary.wrong)} wrong, "
                f"{summary.in_time:.1%} in time\n"
            )
    sys.stdout.writelines(f"{line}\n" for line in summary.lines())
    return 1 if summary.mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
