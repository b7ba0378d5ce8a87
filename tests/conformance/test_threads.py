"""Threads that import by every form at once, beside everything else that a program may do.

On a free-threaded build they really run at once; elsewhere they switch as often as can be.
"""

import os

import pytest

THREADS = 8
EACH = 200
CHILDREN = 40

FORMS = (
    "import oldtop",
    "import oldtop as m",
    "from oldtop import Y",
    "from oldtop import *",
    "import par.old",
    "import par.old as m",
    "from par import old",
    "from par.old import Y",
    "from seen.a import V",
    "import seen.a as m",
    'importlib.import_module("par.old")',
    'importlib.import_module("seen.a")',
    '__import__("par.old", fromlist=["Y"])',
    'pickle.loads(b"coldtop\\nY\\n.")',
    "live.gone",
    "from live import kept",
)

WORK = f"""
import gc, sys, time
sys.setswitchinterval(1e-6)
FORMS = {FORMS!r}
import live
work = [compile(form, f"form {{number}}", "exec") for number, form in enumerate(FORMS)]
meeting = threading.Barrier({THREADS})
def run():
    meeting.wait()
    for _ in range({EACH}):
        for code in work:
            exec(code, {{"importlib": importlib, "pickle": pickle, "live": live}})
workers = [threading.Thread(target=run) for _ in range({THREADS})]
done = threading.Event()
def beside(act):
    def again():
        while not done.is_set():
            act()
    thread = threading.Thread(target=again)
    thread.start()
    return thread
def finish(*others):
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    done.set()
    for other in others: other.join()
"""


@pytest.fixture
def threads(case):
    # Counted to the last use: nothing here may come from a fork.
    case.has_own_interpreter = True
    case.rule("oldtop", "new.sub")
    case.rule("par.old", "new.sub")
    case.rule("seen.a", "new.sub", stage="observe")
    case.rule("live:gone", "live:current")
    case.rule("live:kept", "live:current")
    case.write("seen/__init__.py")
    case.write("seen/a.py", "V = 1\n")
    case.write("live.py", "def current(): pass\ndef kept(): pass\n")
    return case


def counts(case):
    """How often each form was counted."""
    found = dict.fromkeys(range(len(FORMS)), 0)
    for row in case.rows:
        found[int(row["file"].rpartition(" ")[2])] += row["count"]
    return {FORMS[number]: count for number, count in found.items()}


EXACT = dict.fromkeys(FORMS, THREADS * EACH)


def test_every_use_counts_once(threads):
    """No form loses a use, and none counts one twice."""
    threads.check(WORK + "finish()\n")
    assert counts(threads) == EXACT


@pytest.mark.parametrize(
    "act",
    [
        "enforcer.flush(); time.sleep(0.001)",
        "gc.collect()",
        "importlib.reload(sys.modules['new.sub'])",
        "importlib.reload(sys.modules['oldtop'])",
        "enforcer.enable('enforcer.toml', store=False)",
    ],
)
def test_every_use_counts_once_beside_other_things(threads, act):
    """Flushes, collections and reloads in another thread change no count."""
    beside = f"import enforcer\ndef act():\n    {act}\nfinish(beside(act))\n"
    threads.check(WORK + beside)
    assert counts(threads) == EXACT


def test_enabling_and_disabling_beside_breaks_nothing(threads):
    """What was imported while it was enabled may count; nothing fails, and nothing counts twice."""
    threads.check(
        WORK
        + """
import enforcer
from enforcer.rules.loader import load_map
rules = load_map("enforcer.toml")
def act():
    enforcer.disable()
    enforcer.enable(rules, store=False)
finish(beside(act))
enforcer.enable(rules, store=False)
""",
        guard=False,
    )
    assert all(count <= THREADS * EACH for count in counts(threads).values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_of_a_program_with_threads_go_on(threads):
    """A thread that imports, and one that changes how aliases look names up, hold up no child."""
    threads.check(
        f"""
        import signal, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        import oldtop, par.old, seen.a
        from enforcer.runtime.imports import alias
        done = threading.Event()
        def importing():
            while not done.is_set():
                import oldtop
                import par.old as m
        def changing():
            while not done.is_set():
                alias.ask(sys.modules["oldtop"])
                alias.quicken(sys.modules["oldtop"])
        threads = [threading.Thread(target=one) for one in (importing, changing)]
        for thread in threads: thread.start()
        codes = set()
        for _ in range({CHILDREN}):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                import oldtop
                alias.ask(oldtop)
                os._exit(3 if oldtop.Y is par.old.Y else 4)
            codes.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        done.set()
        for thread in threads: thread.join()
        assert codes == {{3}}, codes
        """,
        guard=False,
    )
