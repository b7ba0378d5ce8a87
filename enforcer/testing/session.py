"""Follow a test run: whose uses are whose, which were swallowed, what becomes of the baseline."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from enforcer import startup
from enforcer.baseline import Baseline
from enforcer.baseline.comparing import Judged, Verdict, compare, shrunk
from enforcer.baseline.reading import read_baseline
from enforcer.baseline.record import Record
from enforcer.baseline.renames import follow_renames
from enforcer.errors import EnforcerError
from enforcer.recording.use import BLOCKED, Use
from enforcer.rules.document import find_map
from enforcer.rules.loading import DEFAULT_BASELINE, load_map
from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import ENVIRONMENT_KEY
from enforcer.startup import MAP_KEY
from enforcer.testing.allowing import Allowed, Tolerated, allowed_by
from enforcer.testing.children import Children
from enforcer.testing.legacy_uses import LegacyUses
from enforcer.testing.summary import is_allowed, refusal, write_summary

STAGE = "at-least:strict"
"""The stage of every rule, unless the run says another one."""

_RESULT = "enforcer"


def begin(config: pytest.Config) -> "Session":
    """Enable the enforcer for a run.

    Raises:
        pytest.UsageError: if there is no map, or it or its baseline is broken.

    """
    try:
        return Session(config)
    except EnforcerError as error:
        raise pytest.UsageError(str(error)) from None


class Session:
    """Hold what one process of a run has seen."""

    def __init__(self, config: pytest.Config) -> None:
        """Load the map and the baseline, and enable the enforcer."""
        options = config.known_args_namespace
        self._config = config
        self._map = _load_map(config)
        self._file = Path(
            options.enforcer_baseline
            or self._map.baseline
            or Path(self._map.path).with_name(DEFAULT_BASELINE)
        ).absolute()
        written = read_baseline(self._file) if self._file.is_file() else Baseline()
        self._baseline = follow_renames(written, Path(self._map.root))
        self._tolerated = Tolerated(self._baseline)
        self._record = Record()
        self._where = ["before the tests"]
        self._uses: list[Use] = []
        self._shown: dict[pytest.Item, LegacyUses] = {}
        self._judged: list[Judged] = []
        self._shrunk = False
        self._allowed: dict[pytest.Item, tuple[Allowed, ...]] = {}
        startup.disable()  # what the environment enabled, if it did
        startup.enable(self._map, store=False, baseline=self._tolerated)
        self._children = Children(self._map, self._file, _stage(config))

    # Whose uses are whose.

    def _take(self, where: str) -> list[Use]:
        """Take the uses since the last look: they are of one part of the run."""
        uses, lost = startup.collect()
        if uses:
            self._record.add(uses, where)
            self._uses += uses
        self._record.is_complete = self._record.is_complete and not lost
        return uses

    def _during(self, where: str) -> Generator[None, object, object]:
        self._take(self._where[-1])
        self._where.append(where)
        try:
            return (yield)
        finally:
            self._take(where)
            self._where.pop()

    def uses_of(self, item: pytest.Item) -> LegacyUses:
        """Give what the running test used so far."""

        def take() -> list[Use]:
            self._take(self._where[-1])
            return _summed(self._uses)

        return self._shown.setdefault(item, LegacyUses(take))

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Attribute what is used while tests are collected."""
        return (yield from self._during("collection"))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Attribute what a fixture uses to the fixture."""
        where = f"fixture {fixturedef.argname} ({fixturedef.scope})"
        return (yield from self._during(where))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Attribute what a test uses to the test, and allow what its markers allow."""
        self._uses = []
        self._tolerated.allowed = self._allowed.get(item, ())
        try:
            return (yield from self._during(item.nodeid))
        finally:
            self._shown.pop(item, None)
            if self._tolerated.allowed:
                self._tolerated.allowed = ()
                _look_anew()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Say at once what is wrong with a marker."""
        for item in items:
            allowed = allowed_by(item, self._map)
            if allowed:
                self._allowed[item] = allowed

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail a test whose code swallowed a refusal."""
        report = yield
        self._take(self._where[-1])
        if not self._uses:
            return report
        blocked = [use for use in _summed(self._uses) if use.outcome == BLOCKED]
        shown = self._shown.get(item)
        expected = shown is not None and shown.expects_refusals
        if call.when == "call" and report.passed and blocked and not expected:
            report.outcome = "failed"
            report.longrepr = "\n".join(map(refusal, blocked))
        return report

    # What the run could see.

    def pytest_deselected(self) -> None:
        """Know that some tests did not run."""
        self._record.is_complete = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Know that a test did not run to its end."""
        if not report.passed:
            self._record.is_complete = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Know that tests could not be collected, or were skipped as a whole."""
        if not report.passed:
            self._record.is_complete = False

    # Workers of pytest-xdist.

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - a class of pytest-xdist
        """Take over what a worker has seen; one that crashed has told nothing."""
        document = getattr(node, "workeroutput", {}).get(_RESULT)
        if document is None:
            self._record.is_complete = False
        else:
            self._record.merge(document)

    # The end.

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare with the baseline, and let it shrink."""
        self._take(self._where[-1])
        for site in self._children.seen():
            self._record.add_site(site)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_RESULT] = self._record.as_document()
            return
        self._record.is_complete = self._record.is_complete and _is_whole(self._config)
        self._judged = compare(
            self._baseline, self._record.lines(), is_complete=self._record.is_complete
        )
        if self._config.option.enforcer_record:
            from enforcer.gate.seen import write_record  # noqa: PLC0415 - loads SQLite

            write_record(self._record, Path(self._config.option.enforcer_record))
        gone = [one for one in self._judged if one.verdict in (Verdict.SHRANK, Verdict.STALE)]
        if gone and self._may_shrink():
            from enforcer.baseline.writing import write_baseline  # noqa: PLC0415 - loads tomlkit

            write_baseline(shrunk(self._baseline, self._judged), self._file)
            self._shrunk = True
        if session.exitstatus == pytest.ExitCode.OK and any(map(self._is_bad, self._judged)):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_bad(self, one: Judged) -> bool:
        if one.verdict == Verdict.NEW:
            return not is_allowed(one, self._record)
        if one.verdict in (Verdict.SHRANK, Verdict.STALE):
            return not self._shrunk
        return one.verdict == Verdict.GREW

    def _may_shrink(self) -> bool:
        return bool(self._config.option.enforcer_update) or not os.environ.get("CI")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was new, tolerated and gone."""
        write_summary(
            terminalreporter, self._judged, self._record, file=self._file, is_shrunk=self._shrunk
        )

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        startup.disable()
        self._children.end()


def _summed(uses: list[Use]) -> list[Use]:
    """Give each call site once, with all its uses."""
    found: dict[tuple[object, str], Use] = {}
    for use in uses:
        known = found.get((use.site, use.outcome))
        if known is None:
            found[use.site, use.outcome] = use
            continue
        found[use.site, use.outcome] = Use(
            use.rule,
            stage=use.stage,
            outcome=use.outcome,
            site=use.site,
            count=known.count + use.count,
            first_seen=known.first_seen,
            last_seen=use.last_seen,
        )
    return list(found.values())


def _look_anew() -> None:
    """Decide of each call site once more: what was tolerated before need not be now."""
    enforcement = startup.active()
    if enforcement is not None and enforcement.watch is not None:
        enforcement.watch.forget_sites()


def _load_map(config: pytest.Config) -> MigrationMap:
    named = config.known_args_namespace.enforcer_map
    in_ini = config.getini("enforcer_map")
    # pytest's root is above the tests and above each file that an option names; where pytest was
    # called says more.
    folder = config.invocation_params.dir
    path = str(folder / named) if named else ""
    path = path or (str(config.rootpath / in_ini) if in_ini else os.environ.get(MAP_KEY, ""))
    path = path or find_map(str(folder)) or find_map(str(config.rootpath)) or ""
    if not path:
        message = (
            f'no migration map: there is no enforcer.toml in "{folder}" or above it. '
            "Write one, or name it with --enforcer-map (no-map)"
        )
        raise EnforcerError(message)
    return load_map(path, environ={**os.environ, ENVIRONMENT_KEY: _stage(config)}, cached=True)


def _stage(config: pytest.Config) -> str:
    named = config.known_args_namespace.enforcer_stage or config.getini("enforcer_stage")
    return str(named or os.environ.get(ENVIRONMENT_KEY) or STAGE)


def _is_whole(config: pytest.Config) -> bool:
    """Tell whether a run was not asked for a part of the tests."""
    source = pytest.Config.ArgsSource
    return config.args_source in (source.TESTPATHS, source.INVOCATION_DIR)
