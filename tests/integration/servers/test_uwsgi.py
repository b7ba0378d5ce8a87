"""uWSGI forks its workers in C: no use is lost, none is counted twice, and no worker hangs."""

import os
import signal
from contextlib import suppress
from http.client import HTTPException

import pytest

from tests.integration.servers.conftest import APPLICATION, REQUESTS, Ask, port_of, uwsgi
from tests.patience import wait_until
from tests.worlds import World

pytestmark = pytest.mark.component("uwsgi")

HANGS = """
def hang():
    with open("hang") as file:
        if int(file.read()) == os.getpid():
            time.sleep(3600)

counted = use

def use():
    counted()
    if os.path.exists("hang"):
        hang()
"""
OPTIONS = {
    "prefork": [],
    "--lazy-apps": ["--lazy-apps"],
    "--threads": ["--threads", "4"],
    "--enable-threads": ["--enable-threads"],
    "--py-call-uwsgi-fork-hooks": ["--py-call-uwsgi-fork-hooks"],
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_uses_of_all_workers_are_counted(world: World, ask: Ask, options: list[str]) -> None:
    """A worker that is busy when the server ends is ended without Python's exit: not waited for."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.5"
    with uwsgi(world, *options) as server:
        answered = ask(port_of(server))
        wait_until(lambda: world.has_counted(REQUESTS))
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


@pytest.mark.parametrize("end", ["SIGKILL", "harakiri"])
def test_a_worker_that_is_killed_may_have_lost_uses(world: World, ask: Ask, end: str) -> None:
    """The report says so; all others are counted."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    world.write("web.py", APPLICATION.format(at_load=HANGS))
    with uwsgi(world, "--harakiri", "2") as server:
        answered = ask(port_of(server))
        wait_until(lambda: world.has_counted(REQUESTS))
        if end == "SIGKILL":
            os.kill(min(answered), signal.SIGKILL)
        else:
            world.write("hang", str(min(answered)))
            with suppress(OSError, HTTPException):
                ask(port_of(server), times=20)
        wait_until(lambda: world.report["watched"]["vanished"] == 1)
        server.stop()


def test_a_reload_loses_nothing(world: World, ask: Ask) -> None:
    """The workers end, and the master loads the application anew."""
    with uwsgi(world) as server:
        port = port_of(server)
        first = ask(port, times=60)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: server.said.count("spawned uWSGI worker 2") == 2)
        second = ask(port_of(server), times=60)
        server.stop()
    assert not set(first) & set(second)
    world.expect(120)
