"""Import, or enable and disable, very often, and say what was left behind after each tenth.

Usage: ``python leaking.py FOLDER imports|cycles COUNT store|nothing``. Writes one line of JSON:
the time it took, what was found after each tenth, and what was found changed.
"""

import _imp
import _thread
import atexit
import builtins
import gc
import importlib
import json
import os
import pickle
import signal
import sys
import threading
import time
import types
import weakref
from pathlib import Path

registered = {"fork": 0, "exit": 0}
_register_at_fork, _register_at_exit = os.register_at_fork, atexit.register
_unregister_at_exit = atexit.unregister


def register_at_fork(**hooks):
    """Count the hooks: they can't be taken back."""
    registered["fork"] += 1
    _register_at_fork(**hooks)


def register_at_exit(call, *arguments, **keywords):
    """Count what is registered."""
    registered["exit"] += 1
    return _register_at_exit(call, *arguments, **keywords)


def unregister_at_exit(call):
    """Count what is no longer."""
    registered["exit"] -= 1
    _unregister_at_exit(call)


os.register_at_fork, atexit.register = register_at_fork, register_at_exit
atexit.unregister = unregister_at_exit

import enforcer  # noqa: E402 - the hooks that it sets are counted
from enforcer.rules.loader import load_map  # noqa: E402

TENTHS = 10
MODULES = {
    "new/__init__.py": "",
    "new/a.py": "class X: pass\ndef f(): pass\n",
    "new/b.py": "Y = 1\ndef __getattr__(name):\n    if name == 'Z':\n        return 2\n"
    "    raise AttributeError(name)\n",
    "par/__init__.py": "",
    "par/mod.py": "def current(): pass\ndef old(): pass\n",
    "seen/__init__.py": "",
    "seen/s.py": "W = 1\n",
    "par/strict.py": "",
    "star.py": "from old.a import *\nfrom seen.s import *\n",
}
RULES = (
    ("old.*", "new.*", "alias"),
    ("par.old", "new.a", "alias"),
    ("par.mod:old", "par.mod:current", "alias"),
    ("seen.*", "gone.*", "observe"),
    ("par.strict", "new.b", "strict"),
    ("par.removed", "new.b", "removed"),
)


def write():
    for name, source in MODULES.items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    lines = ['[enforcer]\nservice = "leaks"\n']
    for legacy, canonical, stage in RULES:
        lines.append(
            f'[[rule]]\nlegacy = "{legacy}"\ncanonical = "{canonical}"\nstage = "{stage}"\n'
        )
    Path("enforcer.toml").write_text("".join(lines), encoding="utf-8")


STAR = compile("from old.a import *", "star_again.py", "exec")
DATA = b"cpar.old\nX\n."


def forms(space):
    """Import once in each form; give how many uses these are."""
    import old.a
    import par.old as m
    from par import old
    from old.a import X, f
    from old import a, b
    from old.b import Z
    import seen.s
    from seen import s
    from seen.s import W
    from par.mod import old as name

    importlib.import_module("old.a")
    importlib.import_module("seen.s")
    __import__("old.a")
    __import__("old.a", fromlist=["X"])
    pickle.loads(DATA)
    exec(STAR, space)
    par_mod = sys.modules["par.mod"]
    par_mod.old  # noqa: B018 - a look-up is a use
    sys.modules["par"].old  # noqa: B018 - the same
    return 18


def refused():
    """Be refused in each form; give how many uses these are."""
    for statement in (refused_at_once, refused_by_name, refused_by_call, refused_as_removed):
        try:
            statement()
        except ImportError:
            pass
    return 4


def refused_at_once():
    import par.strict


def refused_by_name():
    from par.strict import Y


def refused_by_call():
    importlib.import_module("par.strict")


def refused_as_removed():
    import par.removed


def weigh():
    """Say how much there is of everything that could leak."""
    gc.collect()
    resident = (
        int(Path("/proc/self/statm").read_text().split()[1]) if os.path.exists("/proc") else 0
    )
    from importlib import _bootstrap

    return {
        "blocks": sys.getallocatedblocks(),
        "objects": len(gc.get_objects()),
        "references": getattr(sys, "gettotalrefcount", int)(),
        "resident": resident * os.sysconf("SC_PAGE_SIZE"),
        "modules": len(sys.modules),
        "locks": len(_bootstrap._module_locks),
        "exit hooks": registered["exit"],
        "fork hooks": registered["fork"],
        "collections": len(gc.callbacks),
        "threads": _thread._count(),
        "files": len(os.listdir("/proc/self/fd")) if os.path.exists("/proc") else 0,
    }


def surroundings():
    """Give what has to be as it was before, each thing by a name."""
    found = {f"builtins.{name}": value for name, value in vars(builtins).items() if name != "_"}
    found |= {f"os.{name}": value for name, value in vars(os).items()}
    found |= {f"_imp.{name}": value for name, value in vars(_imp).items()}
    found |= {f"meta_path {place}": finder for place, finder in enumerate(sys.meta_path)}
    found |= {f"path_hooks {place}": hook for place, hook in enumerate(sys.path_hooks)}
    found |= {f"signal {n}": signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    found["excepthook"] = sys.excepthook
    found["trace"] = sys.gettrace()
    found["threads"] = sorted(thread.name for thread in threading.enumerate())
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in ("new", "par", "seen", "old"):
            found[f"class of {name}"] = type(module)
            found[f"names of {name}"] = sorted(vars(module))
    return found


def modules_stay():
    """Return whether a module is never freed once a thread ran: so in 3.13 without the GIL.

    https://docs.python.org/3.13/howto/free-threading-python.html#immortalization
    """
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    module = types.ModuleType("module")
    seen = weakref.ref(module)
    del module
    gc.collect()
    return seen() is not None


def import_often(count):
    """Import cached legacy modules; give the weights and the uses that were lost."""
    weights, made = [], 0
    space = {}
    forms(space)
    refused()
    enforcer.collect()
    rounds = count // forms(space) // TENTHS
    made = forms(space) * 2
    for _ in range(TENTHS):
        for _ in range(rounds):
            made += forms(space)
        for _ in range(rounds // 50):
            made += refused()
        enforcer.flush()  # so that no write is in its middle
        weights.append(weigh())
    return weights, made


def cycle_often(count, *, store):
    """Enable, import and disable; give the weights."""
    weights = []
    migration_map = load_map("enforcer.toml")
    space = {}
    for _ in range(TENTHS):
        for _ in range(count // TENTHS):
            enforcer.enable(migration_map, store=store)
            forms(space)
            refused()
            enforcer.disable()
        weights.append(weigh())
    return weights


def main():
    folder, what, count, store = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "store"
    os.chdir(folder)
    sys.path.insert(0, folder)
    write()
    migration_map = load_map("enforcer.toml")
    import new.a, new.b, par.mod, seen.s  # noqa: E401 - loaded before and after

    enforcer.enable(migration_map, store=store)
    forms({})
    refused()
    enforcer.disable()
    before = surroundings()
    began = time.monotonic()
    recorded = made = 0
    if what == "imports":
        enforcer.enable(migration_map, store=store)
        weights, made = import_often(count)
        recorded = sum(use.count for use in enforcer.collect()[0] if use.site.mechanism != "probe")
        enforcer.disable()
    else:
        weights = cycle_often(count, store=store)
    after = surroundings()
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    sys.stdout.write(
        json.dumps(
            {
                "seconds": time.monotonic() - began,
                "weights": weights,
                "changed": changed,
                "made": made,
                "recorded": recorded,
                "modules stay": modules_stay(),
            }
        )
    )


if __name__ == "__main__":
    main()
