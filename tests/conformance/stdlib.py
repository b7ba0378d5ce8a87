"""Run CPython's own tests with the enforcer enabled by environment, and without.

Each interpreter that has its tests runs them twice in an environment of its own, with and
without ``ENFORCER_MAP``. Every single test must end alike; what differs is run again, and what
differs only by chance is named and does not count. The store of each run must show that the
enforcer watched: uses by the suites' own files in both stages, and heartbeats of children.

Between the own interpreter and the newest, the suites of multiprocessing are left out for their
length, unless ``--all`` asks for everything.

Usage: ``python -m tests.conformance.stdlib [--on VERSION]… [--suite NAME]… [--quick | --all]``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conformance.everywhere import NEWEST
from tests.conformance.stdlib_evidence import Evidence, read_evidence
from tests.conformance.stdlib_results import (
    differing,
    file_of,
    is_repeated,
    read_results,
    suite_of,
)
from tests.conformance.stdlib_setting import ALIASED, PARTS, Setting
from tests.interpreters.__main__ import bring
from tests.interpreters.finding import Interpreter, own

QUICK = (
    "test_import",
    "test_importlib",
    "test_inspect",
    "test_modulefinder",
    "test_pickle",
    "test_pkgutil",
    "test_pydoc",
    "test_runpy",
    "test_zipimport",
)
USUAL = (*QUICK, "test_multiprocessing_fork", "test_multiprocessing_spawn")
ALL = (*USUAL, "test_multiprocessing_forkserver", "test_multiprocessing_main_handling")

SPLIT = tuple(name for name in ALL if name.startswith("test_multiprocessing_"))[:3]

LEFT_OUT = {
    "*.test_locks.Frozen_LifetimeTests.test_all_locks": (
        "it says that importlib's dictionary of locks gets empty; the enforcer's gates stand there"
    ),
    "*.test_pydoc.TestInternalUtilities.test__get_version": (
        "it wants json's file to lie in the standard library, and here json is one that moved"
    ),
    "*.MiscTestCase.test_large_pool": (
        "it ends 200 processes at once; one that can't write to the store within the second that "
        "an exit may take says so on standard error, where the test wants nothing"
    ),
    "*.WithThreadsTestPool.test_terminate": (
        "up to 3.12, and by chance, it waits five minutes for a thread, with and without"
    ),
}
"""Tests that are not run, and why."""

RERUNS = 3
TIMEOUT = 900  # of one file; CPython's own limits grow with larger ones
LIMIT = 3600  # of a whole run

say = sys.stdout.write


class Run:
    """Hold what one run of some test files gave.

    Attributes:
        results: outcome by test.
        evidence: what the store says; None without the enforcer.

    """

    def __init__(self, setting: Setting, files: list[str], *, watched: bool) -> None:
        """Run the files, those that have to lie in a folder of ours by themselves."""
        self.results: dict[str, str] = {}
        self.output = ""
        self.folder = Path(tempfile.mkdtemp(prefix="run", dir=setting.folder))
        self.environment = {
            key: value
            for key, value in setting.interpreter.environment().items()
            if not key.startswith(("ENFORCER_", "PYTHON"))
        }
        if watched:
            self.environment["ENFORCER_MAP"] = str(setting.write_map(self.folder))
        apart = [name for name in files if setting.split and name.startswith(SPLIT)]
        cores = os.cpu_count() or 1
        self._run(setting, [name for name in files if name not in apart], [f"-j{cores + 1}"])
        # These wait more than they compute.
        self._run(setting, apart, [f"-j{2 * cores + 1}", "--testdir", str(setting.split)])
        self.evidence: Evidence | None = None
        if watched:
            places = (setting.library / "test", setting.split or setting.library / "test")
            self.evidence = read_evidence(self.folder / "uses.db", places, setting.moved)

    def _run(self, setting: Setting, files: list[str], options: list[str]) -> None:
        if not files:
            return
        xml = self.folder / f"results{len(options)}.xml"
        command = [str(setting.python), "-m", "test", "--junit-xml", str(xml)]
        command += [f"--timeout={TIMEOUT}", *options]
        command += [part for pattern in LEFT_OUT for part in ("--ignore", pattern)]
        done = subprocess.run(
            setting.interpreter.command(*command, *files, folder=self.folder),
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LIMIT,
        )
        if not xml.exists():
            say(f"libregrtest ended with {done.returncode} and without results\n")
        self.output += done.stdout
        self.results.update(read_results(xml, done.stdout))


class Comparison:
    """Hold what came out on one interpreter.

    Attributes:
        without: outcomes without the enforcer.
        with_it: outcomes with it.
        evidence: what the store says of the run with it.
        real: what differs, by test.
        flaky: what differed by chance.

    """

    def __init__(self, setting: Setting, files: list[str]) -> None:
        """Run without, with, and again what differs."""
        self.setting = setting
        self.files = files
        plain = Run(setting, files, watched=False)
        watched = Run(setting, files, watched=True)
        self.without = plain.results
        self.with_it = watched.results
        self.evidence = watched.evidence or Evidence()
        self.output = watched.output
        found = differing(self.without, self.with_it)
        pairs = {name: [pair] for name, pair in found.items()}
        self._repeat(pairs)
        self.real = {name: tried for name, tried in pairs.items() if is_repeated(tried)}
        self.flaky = {name: tried for name, tried in pairs.items() if name not in self.real}

    def _repeat(self, pairs: dict[str, list[tuple[str, str]]]) -> None:
        again = sorted({file_of(name, self.files) for name in pairs})
        for _ in range(RERUNS if again else 0):
            plain = Run(self.setting, again, watched=False).results
            watched = Run(self.setting, again, watched=True).results
            for name, tried in pairs.items():
                tried.append((plain.get(name, "absent"), watched.get(name, "absent")))


def files_of(suites: list[str]) -> list[str]:
    """Name the test files of some suites, the longest first."""
    split = [f"{suite}.test_{part}" for suite in SPLIT if suite in suites for part in PARTS]
    return sorted(split, reverse=True) + [suite for suite in suites if suite not in SPLIT]


def lacking(evidence: Evidence, suites: list[str]) -> list[str]:
    """Say what the store should show of a run, and does not."""
    wanted = [
        f"{suite}: no use in stage {stage} by its files"
        for suite in suites
        for stage in ("alias", "observe")
        if not evidence.uses[suite, stage]
    ]
    if not evidence.started and len(suites) >= len(QUICK):
        wanted.append("no heartbeat of a started child")
    if not evidence.forked and "test_multiprocessing_fork" in suites:
        wanted.append("no heartbeat of a forked child")
    unused = sorted(ALIASED.keys() - evidence.rules) if len(suites) >= len(USUAL) else []
    return wanted + [f"{legacy}: no use" for legacy in unused]


def show(version: str, compared: Comparison, suites: list[str], seconds: float) -> bool:
    """Print the table's rows of one interpreter; tell whether all is well."""
    names = compared.without.keys() | compared.with_it.keys()
    tests = Counter(suite_of(name) for name in names if not name.startswith("file: "))
    real = Counter(suite_of(name) for name in compared.real)
    uses = compared.evidence.uses
    for suite in sorted(tests.keys() | real.keys()):
        say(
            f"{version:8} {suite:34} {tests[suite]:5} {tests[suite] - real[suite]:5} "
            f"{real[suite]:5}   {uses[suite, 'observe']:8,} {uses[suite, 'alias']:8,}\n"
        )
    found = compared.evidence
    say(
        f"{version:8} {sum(tests.values())} tests in {seconds:.0f} s; {found.total:,} uses of "
        f"{len(found.rules)} rules; heartbeats of {found.tests} test processes, "
        f"{found.started} started and {found.forked} forked children\n"
    )
    for title, differences in (("flaky", compared.flaky), ("DIFFERENT", compared.real)):
        for name, pairs in differences.items():
            tried = "; ".join(f"{before} → {after}" for before, after in pairs)
            say(f"  {title}: {name}: {tried}\n")
    missing = lacking(found, suites)
    for text in missing:
        say(f"  NOT WATCHED: {text}\n")
    if compared.real:
        say(compared.output)
    return not compared.real and not missing and bool(tests)


def interpreters(chosen: list[str]) -> tuple[list[Interpreter], bool]:
    """Return those that have CPython's tests, the own one first, and whether all could be had."""
    found, went_well = bring()
    here = own()
    asked = [here] if not chosen or "own" in chosen or here.is_named(chosen) else []
    asked += [one for one in found if not chosen or one.is_named(chosen)]
    having = []
    for one in asked:
        command = one.command(one.path, "-c", "import test.libregrtest, test._test_multiprocessing")
        environment = one.environment()
        if subprocess.run(command, check=False, capture_output=True, env=environment).returncode:
            say(f"CPython {one.name} has no tests here\n")
        else:
            having.append(one)
    return having, went_well


def main() -> int:
    """Compare on every interpreter; say what differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--on", action="append", default=[], metavar="VERSION", help="such as own, 3.15, 3.13t"
    )
    parser.add_argument("--suite", action="append", default=[], choices=ALL, metavar="NAME")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="no multiprocessing")
    extent.add_argument("--all", action="store_true", help="the slow ones too")
    chosen = parser.parse_args()
    asked = chosen.suite or list(QUICK if chosen.quick else ALL if chosen.all else USUAL)
    heading = f"{'CPython':8} {'suite':34} tests  same  diff    observed  aliased\n"
    for pattern, reason in LEFT_OUT.items():
        say(f"left out: {pattern}: {reason}\n")
    found, went_well = interpreters(chosen.on)
    failed = [] if went_well else ["the CPythons of Debian"]
    if chosen.on and not found:
        failed.append("there is none")
    for one in found:
        is_end = one.minor == NEWEST or one is found[0]
        suites = asked if chosen.suite or chosen.all or is_end else list(QUICK)
        with tempfile.TemporaryDirectory(prefix="stdlib") as folder:
            began = time.monotonic()
            compared = Comparison(Setting(Path(folder), one), files_of(suites))
            say(heading)
            if not show(one.name, compared, suites, time.monotonic() - began):
                failed.append(one.name)
        sys.stdout.flush()
    if failed:
        say(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
