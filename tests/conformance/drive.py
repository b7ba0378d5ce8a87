"""Run one program with the enforcer enabled, in a process of its own.

Usage: ``python drive.py FOLDER``, or ``--fork`` (see ``zygote.py``). The folder holds ``enforcer.toml`` and ``main.py``; what was
recorded goes to ``uses.json`` there. Around every program the canonical modules are watched
from another thread and looked at in the end: nothing of theirs may ever change.
"""

import json
import os
import sys
import threading
import types

import enforcer
from enforcer.rules.loader import load_map

NAMES = ("__cached__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__")


class Guard:
    """Notice any change of what the import system wrote on canonical modules."""

    def __init__(self, rules):
        self.targets = {rule.target for rule in rules}
        self.legacy = {rule.module for rule in rules}
        self.seen = {}
        self.changes = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def modules(self):
        # copy() is one step: list() makes a pair for each module, a collection may begin at any of
        # them, and the program imports meanwhile.
        for name, module in sys.modules.copy().items():
            below = any(name == target or name.startswith(target + ".") for target in self.targets)
            if below and name not in self.legacy and isinstance(module, types.ModuleType):
                yield name, module

    def look(self):
        for name, module in self.modules():
            if type(module).__flags__ & (1 << 8) == 0 and not hasattr(type(module), "__slots__"):
                continue
            namespace = types.ModuleType.__getattribute__(module, "__dict__")
            now = {key: namespace.get(key) for key in NAMES if key in namespace}
            spec = now.get("__spec__")
            if spec is None or spec.name != name or "__file__" not in now:
                if spec is not None and spec.name != name:
                    self.changes.append(f"{name}: __spec__ became {spec}")
                continue
            before = self.seen.setdefault(id(module), (module, now))[1]
            for key, value in before.items():
                if now.get(key) is not value and now.get(key) != value:
                    self.changes.append(f"{name}.{key}: {value!r} became {now.get(key)!r}")

    def watch(self):
        while not self.stopping.wait(0.0005):
            self.look()

    def finish(self):
        self.stopping.set()
        self.thread.join()
        self.look()
        for name, module in self.modules():
            spec = module.__spec__
            if spec is not None and spec.name == name and getattr(spec, "_initializing", False):
                self.changes.append(f"{name} still looks initialising")
            for key, value in list(vars(module).items()):
                child = sys.modules.get(f"{name}.{key}")
                if not isinstance(value, types.ModuleType) or child is None:
                    continue
                if value is not child and child.__name__ == f"{name}.{key}":
                    self.changes.append(f"{name}.{key} is not the child module")


def main():
    folder = sys.argv[1]
    os.chdir(folder)
    sys.path[0] = folder
    with open("main.py", encoding="utf-8") as file:
        code = compile(file.read(), os.path.join(folder, "main.py"), "exec")
    rules = load_map("enforcer.toml")
    guard = Guard(rules.rules) if os.environ.get("GUARD", "1") == "1" else None
    if os.environ.get("BEFORE"):
        exec(os.environ["BEFORE"], {"__name__": "before"})
    enforcer.enable(rules, store=False)
    before = dict(sys.modules)
    if guard:
        guard.thread.start()
    module = types.ModuleType("__main__")
    module.__file__ = os.path.join(folder, "main.py")
    sys.modules["__main__"] = module
    module.before = before
    exec(code, vars(module))
    if guard:
        guard.finish()
        assert not guard.changes, guard.changes
    if "uses" not in vars(module):
        module.uses = enforcer.collect()[0]
    dump(module.uses)


def dump(uses):
    rows = [
        {
            "rule": use.rule.legacy,
            "stage": use.stage,
            "outcome": use.outcome,
            "count": use.count,
            "first_seen": use.first_seen,
            "last_seen": use.last_seen,
            **{name: getattr(use.site, name) for name in type(use.site).__slots__},
        }
        for use in uses
    ]
    notices = [(notice.kind, notice.subject, notice.text) for notice in enforcer.notices()]
    with open("uses.json", "w", encoding="utf-8") as file:
        json.dump({"uses": rows, "notices": notices}, file)


def await_request():
    """Fork a child for each request; return the folder of its program in the child."""
    # What each program, or the reading of its map, loads of the standard library.
    for name in ("importlib.util", "pickle", "tomllib"):
        __import__(name)

    # Not sys.stdin: a child would inherit what it has buffered.
    requests = os.fdopen(os.dup(0), "rb", 0)
    while line := requests.readline():
        request = json.loads(line)
        child = os.fork()
        if not child:
            requests.close()
            os.environ.clear()
            os.environ.update(request["environment"])
            become(request["folder"])
            return request["folder"]
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(1, b"%d\n" % status)
    sys.exit()


def become(folder):
    """Replace this process's standard streams: by nothing, and by two files in the folder."""
    for descriptor, file, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, os.path.join(folder, "stdout"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, os.path.join(folder, "stderr"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(file, flags)
        os.dup2(opened, descriptor)
        os.close(opened)


if __name__ == "__main__":
    if sys.argv[1] == "--fork":
        sys.argv[1] = await_request()
    main()
