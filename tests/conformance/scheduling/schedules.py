"""Let threads import random graphs of modules, each schedule in a process of its own.

Usage: ``python schedules.py FOLDER FIRST_SEED COUNT``. Writes a line of JSON for each schedule
that went wrong, with its seed; the same seed gives the same graph and the same naps. With
``PLAIN=1`` in the environment plain Python runs the graphs, by canonical paths.
"""

import builtins
import faulthandler
import json
import os
import random
import shutil
import sys
import threading
import time
import traceback
import types
from collections import Counter

from graphs import NAP, Graph

import enforcer
from enforcer.rules.loader import load_map

PLAIN = os.environ.get("PLAIN") == "1"
PATIENCE = 300
# What plain Python raises where modules import each other in a circle.
CIRCULAR = ("ImportError", "AttributeError", "_DeadlockError")


class Run:
    """Follow one schedule; the generated modules know it as the built-in ``run_``."""

    def __init__(self, seed, cyclic):
        self.seed = seed
        self.cyclic = cyclic
        self.bodies = []
        self.ended = []
        self.seen = []  # threads append; nothing is added up before they ended
        self.wrong = []

    def begin(self, path):
        self.bodies.append(path)

    def end(self, path):
        self.ended.append(path)

    def nap(self, place, number):
        """Wait for a moment that the seed decides."""
        pause = random.Random(f"{self.seed} {place} {number}").uniform(-NAP, NAP)
        if pause > 0:
            time.sleep(pause)

    def failed(self, written, target, error):
        """Judge an exception."""
        self.seen.append(f"{written} failed")
        if _came_while_parent_was_out((written, target), error):
            return
        if target not in self.cyclic or type(error).__name__ not in CIRCULAR:
            self.wrong.append(f"{written}: {''.join(traceback.format_exception(error))}")

    def got(self, written, target, module, value, importer):
        """Judge what an import gave."""
        self.seen.append(written)
        canonical = sys.modules.get(target)
        if value is not None and value != (target, "V"):
            self.wrong.append(f"{written} gave {value!r}")
        if module is None:
            return
        if not isinstance(module, types.ModuleType):
            self.wrong.append(f"{written} gave {module!r}")
            return
        if getattr(module, "V", None) != (target, "V") and target not in self.cyclic:
            self.wrong.append(f"{written} gave {module!r} for {target}, to {importer}")
        if not getattr(module, "DONE", False) and target not in self.cyclic:
            self.wrong.append(f"{written} gave {module!r}, half-way, to {importer}")
        # An alias whose module is half-way binds when it is asked for a name.
        if getattr(module, "DONE", False) and vars(module) is not vars(canonical):
            self.wrong.append(f"{written} gave another namespace than that of {target}")


def _came_while_parent_was_out(paths, error):
    """Tell whether Python itself lost a race here.

    At the end of a load ``_load_unlocked`` takes a module out of ``sys.modules`` and puts it back
    (Lib/importlib/_bootstrap.py, 3.11 to 3.15); ``_find_and_load_unlocked`` in another thread may
    look for the parent of its module just then.
    """
    if type(error) is not KeyError or error.args[0] not in [p.rpartition(".")[0] for p in paths]:
        return False
    return traceback.extract_tb(error.__traceback__)[-1].name == "_find_and_load_unlocked"


def execute(seed, folder):
    """Run one schedule in this process; give what went wrong."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    graph = Graph(seed)
    graph.write(folder, real=not PLAIN)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    run = builtins.run_ = Run(seed, graph.cyclic())
    if not PLAIN:
        enforcer.enable(load_map("enforcer.toml"), store=False)
    program = __import__("program")
    sys.setswitchinterval(1e-6)
    go = threading.Barrier(len(graph.threads))

    def work(number):
        go.wait()
        getattr(program, f"thread_{number}")()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(graph.threads))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(0.005)
    return run.wrong + _leftovers(graph, run)


def _leftovers(graph, run):
    wrong = []
    ended = Counter(run.ended)
    for path, count in Counter(run.bodies).items():
        if count > 1 or ended[path] != 1:
            wrong.append(f"the body of {path} ran {count} times, {ended[path]} to its end")
        module = sys.modules.get(path)
        if module is None or module.__spec__.name != path:
            wrong.append(f"{path} became {module!r}")
        elif getattr(module.__spec__, "_initializing", False):
            wrong.append(f"{path} still looks initialising")
    if PLAIN:
        return wrong
    for path in graph.paths:
        legacy = "old" + path[3:] if path.startswith("new") else path
        module = sys.modules.get(legacy)
        if module is not None and vars(module) is not vars(sys.modules[path]):
            wrong.append(f"{legacy} shows another namespace than that of {path}")
    return wrong + _miscounted(run)


def _miscounted(run):
    recorded = Counter()
    for use in enforcer.collect()[0]:
        if use.site.mechanism != "probe":
            recorded[use.site.path] += use.count
    wrong = []
    seen = Counter(run.seen)
    for path in {name.partition(" ")[0] for name in seen} | set(recorded):
        if not path.startswith(("old", "par.", "seen")):
            continue
        made, failed = seen[path], seen[f"{path} failed"]
        if not made <= recorded[path] <= made + failed:
            wrong.append(f"{path}: {recorded[path]} uses recorded, {made} made, {failed} failed")
    return wrong


def in_child(seed, folder):
    """Run one schedule in a forked process; give what went wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    report = f"{folder}/report.json"
    stderr = f"{folder}/stderr"
    child = os.fork()
    if not child:
        with open(stderr, "w", encoding="utf-8") as sink:
            os.dup2(sink.fileno(), 2)
        try:
            wrong = execute(seed, folder)
        except BaseException:
            wrong = [traceback.format_exc()]
        with open(report, "w", encoding="utf-8") as sink:
            json.dump(wrong, sink)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.path.exists(report):
        with open(stderr, encoding="utf-8") as source:
            return [f"deadlock or crash, status {status}: {source.read()}"]
    with open(report, encoding="utf-8") as source:
        return json.load(source)


def main():
    folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for seed in range(first, first + count):
        wrong = in_child(seed, os.path.join(folder, "graph"))
        if wrong:
            sys.stdout.write(json.dumps({"seed": seed, "wrong": wrong}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
