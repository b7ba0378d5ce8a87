"""A plugin of pytest: name the running test to coverage, and note how long each one takes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.switch_context(item.nodeid)
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and not report.skipped:
        line = json.dumps([report.nodeid, report.duration, report.passed])
        with Path(os.environ["MUTATION_DURATIONS"]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
