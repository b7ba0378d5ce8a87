"""Each way of enabling, in each kind of child process."""

import sys

import pytest

WAYS = ("environment", "enforcer run", "code")

# Spawned children import this file, so what stands above the guard holds for them too.
PROGRAM = """\
import sys
{enable}
import multiprocessing
import os
import subprocess
from concurrent.futures import ProcessPoolExecutor

from shop.uses import use

CHILD = "{enable}\\nimport shop.uses; shop.uses.use(5)"
WORDS = [sys.executable, "-c", CHILD]

if __name__ == "__main__":
    use(3)
{start}
    use(2)
"""
POOL = """
context = multiprocessing.get_context("{method}")
with context.Pool(2) as pool:
    pool.map(use, [1] * 10, chunksize=1)
    pool.close()
    pool.join()
"""
EXECUTOR = """
context = multiprocessing.get_context("{method}")
with ProcessPoolExecutor(2, mp_context=context) as executor:
    list(executor.map(use, [1] * 10))
"""
PROCESS = """
context = multiprocessing.get_context("{method}")
children = [context.Process(target=use, args=(5,)) for _ in range(2)]
for child in children:
    child.start()
for child in children:
    child.join()
    assert child.exitcode == 0
"""
FORK = """
child = os.fork()
if child == 0:
    use(10)
    {end}
assert os.waitpid(child, 0)[1] == 0
"""
SHELL = """
line = '"$PYTHON" -c "$CHILD" && "$PYTHON" -c "$CHILD"'
environ = {**os.environ, "PYTHON": sys.executable, "CHILD": CHILD}
subprocess.run(line, shell=True, check=True, env=environ)
"""
SPAWN = """
children = [os.posix_spawn(sys.executable, WORDS, os.environ) for _ in range(2)]
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
"""
GRANDCHILD = """
    if os.fork() == 0:
        use(10)
    else:
        assert os.wait()[1] == 0
    sys.exit()
"""
METHODS = ("fork", "spawn", "forkserver")
POOLS = {
    "multiprocessing.Process": PROCESS,
    "multiprocessing.Pool": POOL,
    "ProcessPoolExecutor": EXECUTOR,
}
KINDS = {
    "subprocess": "for _ in range(2): subprocess.run(WORDS, check=True)",
    "subprocess by a shell": SHELL,
    "os.posix_spawn": SPAWN,
    "os.fork": FORK.format(end="sys.exit()"),
    "os.fork twice": FORK.format(end=GRANDCHILD),
    "os.fork, os._exit": FORK.format(end="os._exit(0)"),
    "os.fork, os.exec": FORK.replace("10", "5").format(end="os.execv(sys.executable, WORDS)"),
    **{
        f"{kind}, {method}": program.format(method=method)
        for kind, program in POOLS.items()
        for method in METHODS
    },
}
USES = {"os.fork twice": 25}
# `enforcer run` sets the variable and becomes the program, so these stand for all others.
RUN = {"subprocess", "os.fork", "multiprocessing.Pool, spawn"}
PAIRS = [(kind, way) for kind in KINDS for way in WAYS if way != "enforcer run" or kind in RUN]


@pytest.mark.parametrize(
    ("kind", "way"), [pytest.param(*pair, id=", ".join(pair)) for pair in PAIRS]
)
def test_child(world, kind, way):
    enable, before = world.enable(way)
    start = "\n".join(f"    {line}" for line in KINDS[kind].strip().splitlines())
    world.write("app.py", PROGRAM.format(enable=enable, start=start))
    world.run([*(before or [sys.executable]), "app.py"])
    world.expect(USES.get(kind, 15))


XDIST = """\
import pytest
import shop.uses

@pytest.mark.parametrize("number", range(10))
def test_use(number):
    assert shop.uses.use() == "new"
"""


@pytest.mark.parametrize("way", [pytest.param(way, id=f"pytest-xdist, {way}") for way in WAYS])
def test_xdist(world, way):
    enable, before = world.enable(way)
    # Other plugins only take time.
    world.environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    world.write("conftest.py", enable)
    world.write("test_shop.py", XDIST)
    words = ["-m", "pytest", "-q", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider"]
    world.run([*(before or [sys.executable]), *words, "--rootdir=."])
    world.expect(10)


def test_a_child_that_is_not_given_the_variable_off(world):
    world.enable("environment")
    world.write("child.py", "import shop.uses; shop.uses.use(5)")
    program = "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], env={})"
    world.run([sys.executable, "-c", program])
    assert world.truth == 5
    assert (world.report["processes"], world.report["rules"][0]["uses"]) == (1, 0)
