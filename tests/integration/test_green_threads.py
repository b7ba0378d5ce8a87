"""Code that other loops than threads run: call sites and counts are exact."""

import sys
import textwrap
from pathlib import Path

import pytest

from tests.worlds import World

PROGRAM = """\
import enforcer
{patch}
from shop.uses import use

{work}

enforcer.flush()
"""


def run(world: World, work: str, patch: str = "") -> str:
    """Run a program whose uses are written by our thread while it runs, and at its end."""
    world.environment["ENFORCER_MAP"] = str(world.map)
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    world.write("program.py", PROGRAM.format(work=textwrap.dedent(work), patch=patch))
    return world.run([sys.executable, "-W", "error", "program.py"])


def test_asyncio_task_group(world: World) -> None:
    run(
        world,
        """
        import asyncio

        async def work():
            for _ in range(10):
                use()
                await asyncio.sleep(0)

        async def main():
            async with asyncio.TaskGroup() as group:
                for _ in range(12):
                    group.create_task(work())

        asyncio.run(main())
    """,
    )
    world.expect(120)


def test_contexts(world: World) -> None:
    """A use that runs in another context belongs to its own line."""
    run(
        world,
        """
        import contextvars

        for _ in range(120):
            contextvars.copy_context().run(use)
    """,
    )
    world.expect(120)


def test_to_thread(world: World) -> None:
    run(
        world,
        """
        import asyncio

        async def main():
            await asyncio.gather(*(asyncio.to_thread(use) for _ in range(120)))

        asyncio.run(main())
    """,
    )
    world.expect(120)


@pytest.mark.component("trio")
def test_trio(world: World) -> None:
    run(
        world,
        """
        import trio

        async def work():
            for _ in range(10):
                use()
                await trio.sleep(0)

        async def main():
            async with trio.open_nursery() as nursery:
                for _ in range(10):
                    nursery.start_soon(work)
                for _ in range(20):
                    nursery.start_soon(trio.to_thread.run_sync, use)

        trio.run(main)
    """,
    )
    world.expect(120)


@pytest.mark.component("greenlet")
def test_greenlets(world: World) -> None:
    """Each greenlet has frames of its own, and the use belongs to the one that runs."""
    run(
        world,
        """
        from greenlet import greenlet

        def work():
            for _ in range(10):
                use()
                main.switch()

        import greenlet as greenlets
        main = greenlets.getcurrent()
        workers = [greenlet(work) for _ in range(12)]
        while any(not worker.dead for worker in workers):
            for worker in workers:
                worker.switch()
    """,
    )
    world.expect(120)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a program that uses one legacy path."""
    return World(tmp_path)


WHERE = {
    "patched first": "from gevent import monkey; monkey.patch_all()",
    "patched after the first use": (
        "from shop.uses import use; use(); from gevent import monkey; monkey.patch_all()"
    ),
}


@pytest.mark.component("gevent")
@pytest.mark.parametrize("patch", WHERE.values(), ids=WHERE)
def test_gevent(world: World, patch: str) -> None:
    """Our thread and our locks are real ones: a hub that is busy doesn't hold them up."""
    output = run(
        world,
        """
        import gevent
        import time

        def work():
            for _ in range(10):
                use()
                gevent.sleep(0)

        gevent.joinall([gevent.spawn(work) for _ in range(12)], raise_error=True)

        # The hub does not run meanwhile; our thread writes all the same.
        from enforcer.report import build
        from enforcer.startup import active
        from gevent.monkey import get_original

        sleep = get_original("time", "sleep")
        until = time.monotonic() + 300
        while sum(rule.uses for rule in build(active().map.store).rules) < expected():
            assert time.monotonic() < until
            sleep(0.01)
        import threading
        print(threading.active_count())
    """.replace("expected()", "120" if patch == WHERE["patched first"] else "121"),
        patch,
    )
    assert output == "1\n"
    world.expect(120 if patch == WHERE["patched first"] else 121)


@pytest.mark.component("gevent")
def test_gevent_with_a_pool_of_threads_and_forks(world: World) -> None:
    run(
        world,
        """
        import gevent
        import os

        pool = gevent.get_hub().threadpool
        for _ in range(60):
            pool.spawn(use).get()
        child = os.fork()
        if not child:
            gevent.joinall([gevent.spawn(use) for _ in range(60)], raise_error=True)
            raise SystemExit
        assert os.waitpid(child, 0)[1] == 0
    """,
        WHERE["patched first"],
    )
    assert world.expect(120)["processes"] == 2
