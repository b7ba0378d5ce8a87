"""Counters per call site: exact, and only differences are handed out."""

import os
import threading
from contextvars import copy_context

import pytest

from enforcer.recording import unseen_forks
from enforcer.recording.recorder import (
    DEFAULT_LIMIT,
    OVERFLOW,
    Recorder,
)
from enforcer.recording.use import ALIASED, PROBE, CallSite
from enforcer.rules.model import Rule

RULE = Rule("old", "new")


def site(line: int = 1) -> CallSite:
    return CallSite(
        "old", file="a.py", line=line, function="f", module="a", mechanism="import_statement"
    )


def test_collect_gives_only_what_came_since_the_last_time() -> None:
    """A reporter adds up what it gets, so nothing may be given twice."""
    recorder = Recorder()
    tally = recorder.tally(RULE, ALIASED, site())
    tally.count()
    tally.count()
    assert [use.count for use in recorder.collect()[0]] == [2]
    assert recorder.collect() == ([], 0)
    tally.count()
    assert [use.count for use in recorder.collect()[0]] == [1]


def test_equal_sites_share_a_tally() -> None:
    """A site is what it says, not which object says it."""
    recorder = Recorder()
    assert recorder.tally(RULE, ALIASED, site()) is recorder.tally(RULE, ALIASED, site())
    assert recorder.tally(RULE, ALIASED, site()) is not recorder.tally(RULE, ALIASED, site(2))


def test_sites_beyond_the_limit_share_one_row() -> None:
    """The number of rows is bounded; the number of uses is still right."""
    recorder = Recorder(limit=2)
    for line in range(10):
        recorder.tally(RULE, ALIASED, site(line)).count()
    counts = {use.site.file: use.count for use in recorder.collect()[0]}
    assert counts == {"a.py": 1, OVERFLOW: 8}


def test_limit_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no number is passed by."""
    for value, limit in (("7", 7), ("-1", 0), ("many", DEFAULT_LIMIT), ("", DEFAULT_LIMIT)):
        monkeypatch.setenv("ENFORCER_MAX_CALL_SITES", value)
        assert Recorder().limit == limit


def test_overflow_of_a_tree_is_its_top_packages() -> None:
    """The row for the rest stands at the path of the rule, not below it."""
    recorder = Recorder(limit=0)
    recorder.tally(Rule("old.*", "new.*"), ALIASED, site()).count()

    assert [use.site.path for use in recorder.collect()[0]] == ["old"]


def test_probes_beyond_the_limit_stay_probes() -> None:
    """They are no reason to keep a path, there either."""
    recorder = Recorder(limit=0)
    recorder.tally(RULE, ALIASED, site()).count()
    probe = site()
    probe.mechanism = PROBE
    recorder.tally(RULE, ALIASED, probe).count()

    assert [use.site.mechanism for use in recorder.collect()[0]] == ["", PROBE]


def test_pending_are_the_uses_that_nobody_collected() -> None:
    """To ask for them collects nothing."""
    recorder = Recorder()
    tallies = [recorder.tally(RULE, ALIASED, site(line)) for line in (1, 2)]
    for tally in tallies:
        tally.count()
    assert recorder.pending() == recorder.pending() == 2
    recorder.collect()
    assert recorder.pending() == 0
    tallies[0].count()
    assert recorder.pending() == 1


def test_reset_forgets_what_was_counted() -> None:
    """A forked child starts from zero."""
    recorder = Recorder()
    recorder.tally(RULE, ALIASED, site()).count()
    recorder.reset()
    assert recorder.collect() == ([], 0)


def test_a_new_site_is_announced() -> None:
    """A forked child's reporter starts with its first use."""
    recorder = Recorder()
    announced: list[int] = []
    recorder.on_new_site = lambda: announced.append(1)
    for _ in range(3):
        recorder.tally(RULE, ALIASED, site()).count()
    assert announced == [1]


def test_counting_while_collecting_loses_nothing() -> None:
    """What readers take from a counter is subtracted."""
    recorder = Recorder()
    tally = recorder.tally(RULE, ALIASED, site())
    each, threads = 20_000, 4

    def count() -> None:
        for _ in range(each):
            tally.count()

    running = [threading.Thread(target=count) for _ in range(threads)]
    for thread in running:
        thread.start()
    total = 0
    while any(thread.is_alive() for thread in running):
        total += sum(use.count for use in recorder.collect()[0])
    total += sum(use.count for use in recorder.collect()[0])
    assert total == each * threads


def test_totals_take_nothing_from_who_collects() -> None:
    """And the other way round: each reader counts the tickets of all."""
    recorder = Recorder()
    tally = recorder.tally(RULE, ALIASED, site())
    for _ in range(3):
        tally.count()
    assert [total for _, total in recorder.totals()] == [3]
    assert [use.count for use in recorder.collect()[0]] == [3]
    tally.count()
    assert [total for _, total in recorder.totals()] == [4]
    assert [total for _, total in recorder.totals()] == [4]
    assert [use.count for use in recorder.collect()[0]] == [1]


def test_totals_come_in_the_order_of_first_uses() -> None:
    """Also where there are more than are looked at in one go; new ones come last."""
    recorder = Recorder()
    for line in range(1, 2502):
        recorder.tally(RULE, ALIASED, site(line)).count()
    assert [tally.site.line for tally, _ in recorder.totals()] == list(range(1, 2502))


def test_a_context_is_kept_with_a_new_call_site_only() -> None:
    """Further uses of it ask for none."""
    recorder = Recorder()
    contexts = iter([copy_context()])
    recorder.context = contexts.__next__
    tally = recorder.tally(RULE, ALIASED, site())
    assert tally.context is not None
    assert recorder.tally(RULE, ALIASED, site()) is tally


def test_a_context_that_nobody_comes_for_is_let_go() -> None:
    """It may hold what belongs to a request."""
    recorder = Recorder()
    recorder.context = copy_context
    tally = recorder.tally(RULE, ALIASED, site())
    tally.take(tally.first_seen + 59_000_000_000)
    assert tally.context is not None
    tally.take(tally.first_seen + 61_000_000_000)
    assert tally.context is None


def test_a_child_that_c_code_forked_is_noticed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a new call site nor a look at all of them mixes up two processes' uses."""
    recorder = Recorder()
    recorder.tally(RULE, ALIASED, site()).count()
    noticed = []

    def notice() -> None:
        noticed.append(recorder.is_empty)
        recorder.reset()

    monkeypatch.setattr(unseen_forks, "_begin_anew", notice)
    for known in ("_pid", "_begun_in"):
        monkeypatch.setattr(unseen_forks, known, os.getpid())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    recorder.tally(RULE, ALIASED, site(2)).count()
    assert noticed == [False]
    monkeypatch.setattr(os, "getpid", lambda: -2)
    recorder.collect()
    assert noticed == [False, False]


def test_a_child_that_c_code_forked_starts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its second call site doesn't forget the first one."""
    recorder = Recorder()
    for known in ("_pid", "_begun_in"):
        monkeypatch.setattr(unseen_forks, known, os.getpid())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    recorder.tally(RULE, ALIASED, site()).count()
    recorder.tally(RULE, ALIASED, site(2)).count()

    assert [use.site.line for use in recorder.collect()[0]] == [1, 2]


def test_uses_that_a_fork_lost_are_reported_once() -> None:
    """They can't be told from the parent's, so only their number is known."""
    recorder = Recorder()
    recorder.reset(lost=3)

    assert recorder.collect() == ([], 3)
    assert recorder.collect() == ([], 0)
