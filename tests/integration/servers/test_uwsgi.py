"""uWSGI forks its workers in C: no use is lost, none is counted twice, and no worker hangs."""

import os
import signal

import pytest

from tests.integration.servers.conftest import APPLICATION, REQUESTS, Ask, port_of, uwsgi
from tests.patience import wait_until
from tests.worlds import World

pytestmark = pytest.mark.component("uwsgi")

OPTIONS = {
    "prefork": [],
    "--lazy-apps": ["--lazy-apps"],
    "--threads": ["--threads", "4"],
    "--enable-threads": ["--enable-threads"],
    "--py-call-uwsgi-fork-hooks": ["--py-call-uwsgi-fork-hooks"],
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_uses_of_all_workers_are_counted(world: World, ask: Ask, options: list[str]) -> None:
    with uwsgi(world, *options) as server:
        answered = ask(port_of(server))
        server.stop()
    assert len(answered) == 2
    world.expect(REQUESTS)


def test_uses_are_written_while_the_workers_live(world: World, ask: Ask) -> None:
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.1"
    with uwsgi(world) as server:
        ask(port_of(server))
        wait_until(lambda: world.has_counted(REQUESTS))
        server.stop()
    world.expect(REQUESTS)


@pytest.mark.parametrize("hook", ["", "import uwsgidecorators"], ids=["", "uwsgidecorators"])
def test_what_the_master_used_is_written_by_its_workers_once(
    world: World, ask: Ask, hook: str
) -> None:
    """The master runs no Python any more once its workers are forked."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.1"
    world.write("web.py", APPLICATION.format(at_load=f"use(3)\n{hook}\nimport wave\n"))
    with uwsgi(world) as server:
        ask(port_of(server), times=20)
        wait_until(lambda: world.has_counted(23))
        server.stop()
    report = world.expect(23)
    assert (report["processes"], report["watched"]["ended"]) == (3, 3)


def test_a_hook_of_the_application_is_called_as_well(world: World, ask: Ask) -> None:
    world.write(
        "web.py",
        APPLICATION.format(
            at_load="""
import uwsgi
import uwsgidecorators

@uwsgidecorators.postfork
def forked():
    open(f"forked-{os.getpid()}", "w").close()

import wave
"""
        ),
    )
    with uwsgi(world) as server:
        answered = ask(port_of(server))
        server.stop()
    assert {f"forked-{process}" for process in answered} == {
        file.name for file in world.folder.glob("forked-*")
    }
    world.expect(REQUESTS)


def test_workers_that_nobody_asks_are_there_too(world: World) -> None:
    """A worker without a use says that it watches, as any process does."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.1"
    with uwsgi(world) as server:
        port_of(server)
        wait_until(lambda: world.has_counted(0) and world.report["processes"] == 2)
        server.stop()
    assert world.report["watched"]["ended"] == 2


def test_a_worker_that_is_killed_may_have_lost_uses(world: World, ask: Ask) -> None:
    """The report says so; all others are counted."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    with uwsgi(world) as server:
        answered = ask(port_of(server))
        wait_until(lambda: world.has_counted(REQUESTS))
        os.kill(min(answered), signal.SIGKILL)
        wait_until(lambda: world.report["watched"]["vanished"] == 1)
        server.stop()
