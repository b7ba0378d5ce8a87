"""Write batches of uses to a store, as the reporter of one process does, and time each visit.

``python -m tests.benchmarks.store_writer PATH NAME SITES BATCHES BEGIN`` waits until BEGIN (by
the clock), and prints JSON: when it ended, and how long each visit took and waited.
"""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from time import perf_counter, sleep, time, time_ns
from typing import Final

from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, CallSite, Use
from enforcer.rules.model import Rule
from enforcer.store import waiting
from enforcer.store.sqlite import Store
from enforcer.store.tallies import Known
from enforcer.store.waiting import Patience

RULES: Final = 200
COUNT: Final = 3
PATIENCE: Final = 120.0


def main() -> None:
    """Write what the command line says."""
    path, name, sites, batches, begin = sys.argv[1:]
    rules = [Rule(f"shop.old{number}", f"shop.new{number}") for number in range(RULES)]
    process = Process(id=name.rjust(32, "0"), pid=1, service="shop", started=time_ns())
    where = [_site(rules[number % RULES], number) for number in range(int(sites))]
    known, waits = Known(), _Waits()
    sleep(max(0.0, float(begin) - time()))
    visits = []
    for sequence in range(int(batches)):
        uses = [_use(rules[number % RULES], site) for number, site in enumerate(where)]
        start = perf_counter()
        with closing(Store(path, Patience(PATIENCE), known)) as store:
            if not sequence:
                store.watch(process, rules)
            store.write(process, sequence, uses)
        visits.append(perf_counter() - start)
    print(json.dumps({"ended": time(), "visits": visits, "waited": waits.total}))


class _Waits:
    """Sum how long this process slept because others wrote."""

    def __init__(self) -> None:
        self.total = 0.0
        original: Callable[[float], None] = waiting.sleep

        def counted(seconds: float) -> None:
            start = perf_counter()
            original(seconds)
            self.total += perf_counter() - start

        waiting.sleep = counted  # type: ignore[attr-defined]


def _site(rule: Rule, number: int) -> CallSite:
    return CallSite(
        rule.module,
        file=f"shop/part{number % 300}/views.py",
        line=number,
        function="checkout",
        module="shop.views",
        mechanism="import_statement",
        names=("Cart",),
    )


def _use(rule: Rule, site: CallSite) -> Use:
    now = time_ns()
    return Use(
        rule, stage="alias", outcome=ALIASED, site=site, count=COUNT, first_seen=now, last_seen=now
    )


if __name__ == "__main__":
    main()
