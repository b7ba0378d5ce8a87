"""Each way of enabling, in Celery's pools."""

import sys

import pytest

TASKS = 12
WAYS = ("environment", "enforcer run", "code")

# The worker sends the tasks to itself, through files.
APPLICATION = """\
{enable}
from celery import Celery
from celery.signals import worker_ready

from shop.uses import use

app = Celery("shop", broker="filesystem://")
folder = {folder!r}
app.conf.broker_transport_options = {{
    "data_folder_in": folder,
    "data_folder_out": folder,
    "control_folder": folder + "/control",
    "polling_interval": 0.05,
}}


@app.task
def sell():
    use()


@worker_ready.connect
def send(**_):
    for _ in range({tasks}):
        sell.delay()
"""
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
POOLS = {
    "celery --pool prefork": ["--concurrency", "2"],
    "celery --max-tasks-per-child": ["--concurrency", "2", "--max-tasks-per-child", "3"],
    "celery --pool threads": ["--pool", "threads", "--concurrency", "4"],
    "celery --pool solo": ["--pool", "solo"],
}
PAIRS = [(pool, way) for pool in POOLS for way in WAYS if way == "environment" or "prefork" in pool]


@pytest.mark.parametrize(
    ("pool", "way"), [pytest.param(*pair, id=", ".join(pair)) for pair in PAIRS]
)
def test_worker(world, server, pool, way):
    enable, before = world.enable(way)
    folder = world.folder / "queue"
    (folder / "control").mkdir(parents=True)
    source = APPLICATION.format(enable=enable, folder=str(folder), tasks=TASKS)
    world.write("tasks.py", source)
    words = ["-m", "celery", "-A", "tasks", "worker", *QUIET, *POOLS[pool]]
    with server(world, [*(before or [sys.executable]), *words]) as worker:
        worker.wait_for(lambda: world.truth >= TASKS)
        worker.stop()
    world.expect(TASKS)
