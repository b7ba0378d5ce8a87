"""A test run under the enforcer: attributes uses to tests, fails them for swallowed refusals.

Each hook here runs for each test, so it only checks a flag where there is nothing new, and what
only some runs need is imported where they need it.
"""

import inspect
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

import pytest

from enforcer import startup
from enforcer.baseline.run_record import ALLOWED, EXPECTED, Record, SeenSite
from enforcer.errors import EnforcerError
from enforcer.recording.items import Item, current_item
from enforcer.recording.use import BLOCKED, Use
from enforcer.rules.repository import is_installed
from enforcer.rules.stages import REMOVED
from enforcer.testing.children import Children
from enforcer.testing.settings import (
    baseline_file,
    baseline_of,
    fails_for_stale,
    load_map_for,
    stage_of,
)
from enforcer.testing.tolerance import EXPECTING, MARKER, Tolerated

if TYPE_CHECKING:
    from _pytest.nodes import Node  # pytest has no public name for it

    from enforcer.testing.allowances import Allowed, Marks
    from enforcer.testing.legacy_uses import LegacyUses
    from enforcer.testing.run_end import Ending

FIXTURE = "legacy_uses"

_RESULT = "enforcer"
_MARKERS = (MARKER, EXPECTING)


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
    """State of one process of a run."""

    def __init__(self, config: pytest.Config) -> None:
        """Load the map and the baseline, and enable the enforcer."""
        self._config = config
        self._children = Children()
        self._map = load_map_for(config, self._children.store)
        self._file = baseline_file(config, self._map)
        # Validates the option before any test runs.
        fails_for_stale(config)
        self._baseline = baseline_of(self._file, self._map)
        self._tolerated = Tolerated(self._baseline, self._map.allow)
        self._record = Record()
        self._where: str | pytest.Item = "what came before the tests"
        # The fixtures that are being set up, outermost first.
        self._fixtures: list[pytest.FixtureDef[Any]] = []
        self._is_asking_always = False
        # The running test's uses since it began, or since it asked for them; and its refusals that
        # have not failed it yet.
        self._uses: list[Use] = []
        self._refused: list[tuple[Use, str]] = []
        self._shown: LegacyUses | None = None
        # Wishes of single tests: permission to use legacy paths, expected refusals, exact counts.
        self._marks: dict[pytest.Item, Marks] = {}
        self._expected: tuple[Allowed, ...] = ()
        self._counted: set[pytest.Item] = set()
        self._has_run = False
        self._ending: Ending | None = None
        self._enable()
        self._children.begin(self._map, self._file, stage_of(config), config.rootpath)

    def _enable(self) -> None:
        # The environment may have enabled the enforcer before pytest started.
        enabled = startup.active()
        if enabled is not None and enabled.map.path == self._map.path:
            # Not collect(): what the reporter of that process has written would be missing.
            for tally, count in enabled.totals():
                if count:
                    self._record.add(tally.use(count, time_ns()), "what came before the tests")
        startup.disable()
        startup.enable(self._map, store=False, baseline=self._tolerated)
        enforcement = startup.active()
        if enforcement is not None:
            if enforcement.safe_mode is not None:
                self._record.safe_mode = enforcement.safe_mode.text
                self._record.miss(f"the run was in safe mode: {enforcement.safe_mode.text}")
            enforcement.tell(self._tolerated.note)
            enforcement.attribute(self._item)

    def _item(self) -> Item | None:
        """Return what uses without a frame of own code are attributed to now."""
        for fixture in reversed(self._fixtures):
            code = getattr(inspect.unwrap(fixture.func), "__code__", None)
            if code is not None and not is_installed(code.co_filename):
                return Item(code.co_filename, code.co_qualname, code.co_firstlineno)
        item = current_item()
        if item is not None and isinstance(self._where, pytest.Item):
            item.line = (self._where.location[1] or 0) + 1
        return item

    # Attribution of uses.

    def _take(self) -> None:
        """Attribute the uses since the last call to the current part of the run."""
        # Cleared before collecting, so that a use that comes meanwhile sets it again.
        self._tolerated.has_news = self._is_asking_always
        uses, _ = startup.collect()
        where = self._where if isinstance(self._where, str) else self._where.nodeid
        self._uses += uses
        for use in uses:
            if use.outcome == BLOCKED:
                # Recorded once it is known whether the test expects it.
                self._refused.append((use, where))
            else:
                self._record.add(use, where, self._excuse(use))
        # Rules in stage removed refuse without asking what is tolerated, so new refusals don't show
        # there.
        if any(use.stage == REMOVED and use.outcome == BLOCKED for use in uses):
            self._is_asking_always = self._tolerated.has_news = True

    def _excuse(self, use: Use) -> str:
        """Return why a use that was not refused does not concern the baseline; empty if it does.

        A stage milder than strict lets through what a test expects to be refused. In the baseline
        it would never be refused again, and the test would fail in every strict run.
        """
        excuse = self._tolerated.excuse(use.site)
        if excuse or use.site in self._baseline:
            return excuse
        return EXPECTED if any(one.covers(use.site) for one in self._expected) else ""

    def _record_refused(self) -> list[Use]:
        """Record what was refused, and return what the running test did not expect."""
        refused, self._refused = self._refused, []
        has_looked = self._shown is not None and self._shown.expects_refusals
        unexpected = []
        for use, where in refused:
            is_expected = has_looked or any(one.covers(use.site) for one in self._expected)
            self._record.add(use, where, EXPECTED if is_expected else "")
            if not is_expected:
                unexpected.append(use)
        return unexpected

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Attribute uses during collection."""
        if len(self._baseline):
            from enforcer.testing.completeness import LeftOut  # noqa: PLC0415 - where it matters

            self._config.pluginmanager.register(LeftOut(self._record.miss), "enforcer-left-out")
        self._take()
        self._where = "collection"
        try:
            return (yield)
        finally:
            self._take()

    def pytest_runtest_logstart(self) -> None:
        """Record that a test ran, here or in a worker."""
        self._record.has_tests = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Attribute uses from now on to a test, and allow what its markers allow."""
        if self._refused:
            self._record_refused()
        self._shown = None
        self._uses = []
        if self._marks:
            self._mark(item)
        self._children.note(item.nodeid)
        # The item itself: its name is built only if a use needs it.
        self._where = item
        if self._counted and item in self._counted:
            self._take()
            self._uses.clear()

    def _mark(self, item: pytest.Item) -> None:
        """Apply a test's marks in place of the previous test's."""
        marks = self._marks.get(item)
        allowed = marks.allowed if marks is not None else ()
        expected = marks.expected if marks is not None else ()
        before = self._tolerated.allowed
        if allowed or before or expected or self._expected:
            self._take()
            self._uses = []
        self._expected = expected
        self._tolerated.allowed = allowed
        self._children.allow(one.path for one in allowed if not one.is_over)
        for one in allowed:
            if one.is_over:
                item.add_report_section("setup", "enforcer", f"{one} ended on {one.until}\n")
        enforcement = startup.active()
        if before and enforcement is not None and enforcement.watch is not None:
            # The watch caches its decisions by call site, and these are those of the previous test.
            enforcement.watch.forget_sites()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Attribute a fixture's uses to the fixture."""
        before = self._where
        self._take_if_there_is_news()
        self._where = _name_of(fixturedef)
        self._fixtures.append(fixturedef)
        try:
            return (yield)
        finally:
            self._take_if_there_is_news()
            self._fixtures.pop()
            self._where = before

    def _take_if_there_is_news(self) -> None:
        if self._tolerated.has_news:
            self._take()

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Attribute uses during a fixture's teardown."""
        if self._tolerated.has_news:
            before, self._where = self._where, _name_of(fixturedef)
            self._take()
            self._where = before

    def uses_of(self, item: pytest.Item) -> "LegacyUses":
        """Return the uses of the running test so far."""
        from enforcer.testing.legacy_uses import LegacyUses  # noqa: PLC0415 - only some tests

        def take() -> list[Use]:
            self._take()
            return self._uses

        if self._shown is None:
            # The fixture was requested by name in the middle of the test.
            if item not in self._counted:
                take()
                self._uses.clear()
            self._shown = LegacyUses(take)
        return self._shown

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Read the tests' markers, and record whether tests were left out."""
        collected = len(items)
        result = yield
        if len(items) < collected:
            self._record.miss("some tests were left out")
        self._counted = {item for item in items if FIXTURE in getattr(item, "fixturenames", ())}
        marked = items if self._map.expect_refusals else list(_marked(items))
        if marked:
            from enforcer.testing.allowances import marks_of  # noqa: PLC0415 - only where needed

            self._marks = {item: marks_of(item, self._map) for item in marked}
        return result

    # Swallowed refusals.

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_call(self) -> None:
        """Fail a test that passed although it was refused something."""
        if self._tolerated.has_news or self._refused:
            self._judge()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Fail a test whose fixtures were refused something, or that was skipped for it."""
        if self._tolerated.has_news or self._refused or self._tolerated.allowed:
            if item.get_closest_marker("xfail") is not None:
                self._take()
                self._record_refused()
            self._judge()

    def pytest_exception_interact(self) -> None:
        """Accept refusals of a test that failed: they are its reason as a rule."""
        self._take()
        self._record_refused()

    def _judge(self) -> None:
        self._take()
        unexpected = self._record_refused()
        if unexpected:
            from enforcer.testing.refusals import describe  # noqa: PLC0415 - only where needed

            pytest.fail(describe(unexpected), pytrace=False)

    # Completeness of the run.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Record that all tests ran, unless something stopped the run."""
        result = yield
        option = self._config.option
        self._has_run = not (option.collectonly or option.setuponly or option.setupplan)
        return result

    def pytest_deselected(self) -> None:
        """Record that some tests did not run."""
        self._record.miss("some tests were deselected")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record that tests could not be collected, or were skipped as a whole."""
        if not report.passed:
            self._record.miss(f"{report.nodeid or 'collection'} {report.outcome}")

    # Workers of pytest-xdist.

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - a class of pytest-xdist
        """Merge a worker's record; one that crashed has none."""
        document = getattr(node, "workeroutput", {}).get(_RESULT)
        if document is None:
            self._record.miss("a worker crashed")
        else:
            self._record.merge(document)

    # End of the run.

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare with the baseline, and shrink it."""
        self._tolerated.allowed = self._expected = ()
        self._take()
        self._record_refused()
        self._children.report_to(self._record, self._excuse_in_child)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_RESULT] = self._record.as_document()
            return
        self._record.miss(self._why_not_whole(session))
        has_gone = self._record.is_complete and len(self._baseline)
        if not (has_gone or len(self._record) or self._config.option.enforcer_record):
            return
        from enforcer.testing.run_end import Ending  # noqa: PLC0415 - where there is anything

        self._ending = Ending(self._config, self._record, self._baseline, self._file, self._map)
        self._ending.write()
        if session.exitstatus == pytest.ExitCode.OK and self._ending.is_bad:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def end_early(self) -> None:
        """End a run whose conftest files could not be imported; no hook will be called."""
        self._take()
        self._record_refused()
        self._record.miss("the run did not get to its tests")
        if len(self._record):
            from enforcer.testing.run_end import Ending  # noqa: PLC0415 - as above
            from enforcer.testing.summary import StandardError, write_summary  # noqa: PLC0415

            ending = Ending(self._config, self._record, self._baseline, self._file, self._map)
            ending.write()
            write_summary(StandardError(), ending, pytest.ExitCode.USAGE_ERROR)
        self.pytest_unconfigure()

    def _excuse_in_child(self, test: str, site: SeenSite) -> str:
        """Return the excuse of a use by a process that a test started; empty if it has none."""
        marks = next((own for item, own in self._marks.items() if item.nodeid == test), None)
        if marks is not None and any(one.covers(site) for one in marks.allowed):
            return ALLOWED
        is_tolerated = site.outcome != BLOCKED and self._baseline.find(site.key) is not None
        if marks is None or is_tolerated:
            return ""
        return EXPECTED if any(one.covers(site) for one in marks.expected) else ""

    def _why_not_whole(self, session: pytest.Session) -> str:
        """Return why this was not a run of all tests of the map's program; empty if it was one."""
        is_over = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if not (self._has_run and is_over):
            return "the run did not get to its end"
        from enforcer.testing.completeness import why_not_whole  # noqa: PLC0415 - at the end

        return why_not_whole(self._config, Path(self._map.root), self._baseline)

    def pytest_report_header(self) -> str:
        """Return the stage, the map and the baseline for pytest's header."""
        count = sum(entry.count for entry in self._baseline)
        tolerated = f"{count} in {self._file.name}" if self._baseline.path else "no baseline"
        shown = os.path.relpath(self._map.path, self._config.invocation_params.dir)
        return f"enforcer: {stage_of(self._config)}, {shown}, {tolerated}"

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """Write what was new, tolerated and gone."""
        if self._ending is not None:
            from enforcer.testing.summary import write_summary  # noqa: PLC0415 - as above

            write_summary(terminalreporter, self._ending, exitstatus)

    def pytest_unconfigure(self) -> None:
        """Disable the enforcer and clean up."""
        startup.disable()
        self._children.end()


def _marked(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the tests that have a marker; each parent is checked once, not for each test."""
    known: dict[int, bool] = {}

    def is_marked(node: "Node") -> bool:
        return any(mark.name in _MARKERS for mark in node.own_markers) or is_in_marked(node)

    def is_in_marked(node: "Node") -> bool:
        parent = node.parent
        if parent is None:
            return False
        found = known.get(id(parent))
        if found is None:
            found = known[id(parent)] = is_marked(parent)
        return found

    for item in items:
        if is_in_marked(item) or (item.own_markers and is_marked(item)):
            yield item


def _name_of(fixturedef: pytest.FixtureDef[Any]) -> str:
    return f"fixture {fixturedef.argname} ({fixturedef.scope})"
