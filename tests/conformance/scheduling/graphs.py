"""Draw graphs of modules that import each other, by old and by new paths, from a seed."""

import random
from pathlib import Path

RULES = (
    ("old.*", "new.*", "alias"),
    ("par.old", "new.a", "alias"),
    ("seen.*", "gone.*", "observe"),
)
LEAVES = "abcde"
FORMS = ("import {path} as m", "from {path} import V as v", "from {package} import {leaf} as m")
CALLS = ("m = importlib.import_module('{path}')", "m = __import__('{path}', fromlist=['V'])")
NAP = 0.002


class Graph:
    """Hold one drawn graph.

    Attributes:
        bodies: canonical path → the statements of its body: form and path.
        threads: for each thread the statements that it executes.
        rounds: the statements are drawn from acyclic edges only, or from any.

    """

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.acyclic = self.random.random() < 0.4
        self.paths = ["new", "seen", *self._below("new"), *self._below("seen")]
        if self.random.random() < 0.7:
            self.paths += ["new.p", "new.p.x", "new.p.y"]
        self.order = {path: place for place, path in enumerate(self.paths)}
        self.bodies = {path: self._body(path) for path in self.paths}
        self.threads = [
            [
                self._statement(self.random.choice(self.paths))
                for _ in range(self.random.randint(1, 4))
            ]
            for _ in range(self.random.randint(2, 5))
        ]

    def _below(self, package):
        return [f"{package}.{leaf}" for leaf in LEAVES if self.random.random() < 0.8]

    def _body(self, path):
        targets = self.paths
        if self.acyclic:
            # Packages come before their modules, so only they must not import these.
            targets = [other for other in self.paths if self.order[other] < self.order[path]]
        count = self.random.choice((0, 1, 1, 2)) if targets else 0
        return [self._statement(self.random.choice(targets)) for _ in range(count)]

    def _statement(self, target):
        written = target
        if target.startswith("new") and self.random.random() < 0.7:
            written = "old" + target[3:]
        if target == "new.a" and self.random.random() < 0.3:
            written = "par.old"
        return self.random.choice(FORMS + CALLS if "." in written else FORMS[:2]), written, target

    def cyclic(self):
        """Give the modules from which a circle of imports can be reached, packages included."""
        edges = {
            path: {target for _, _, target in body} | ({path.rpartition(".")[0]} - {""})
            for path, body in self.bodies.items()
        }
        reached = {path: _reach(edges, path) for path in edges}
        rings = {path for path in edges if path in reached[path]}
        return rings | {path for path in edges if rings & reached[path]}

    def write(self, folder, *, real):
        """Write the modules and the map; with canonical paths only for plain Python."""
        for path, body in self.bodies.items():
            stem = path.replace(".", "/")
            package = any(other.startswith(f"{path}.") for other in self.paths) or "." not in path
            lines = [f"run_.begin({path!r})", "import importlib", "V = (__name__, 'V')"]
            for number, statement in enumerate(body):
                lines += [
                    f"run_.nap({path!r}, {number})",
                    *_guarded(statement, real=real, indent=""),
                ]
            lines += [f"run_.nap({path!r}, 9)", "DONE = True", f"run_.end({path!r})"]
            _save(folder, f"{stem}/__init__.py" if package else f"{stem}.py", lines)
        _save(folder, "par/__init__.py", [""])
        lines = ["import importlib"]
        for number, statements in enumerate(self.threads):
            lines.append(f"def thread_{number}():")
            for place, statement in enumerate(statements):
                lines.append(f"    run_.nap('thread {number}', {place})")
                lines += _guarded(statement, real=real, indent="    ")
        _save(folder, "program.py", lines)
        rules = [
            f'[[rule]]\nlegacy = "{legacy}"\ncanonical = "{canonical}"\nstage = "{stage}"'
            for legacy, canonical, stage in RULES
        ]
        _save(folder, "enforcer.toml", rules)


def _reach(edges, start):
    reached, waiting = set(), [start]
    while waiting:
        for path in edges.get(waiting.pop(), ()):
            if path not in reached:
                reached.add(path)
                waiting.append(path)
    return reached


def _guarded(statement, *, real, indent):
    form, written, target = statement
    path = written if real else target
    package, _, leaf = path.rpartition(".")
    source = form.format(path=path, package=package, leaf=leaf)
    return [
        f"{indent}m = v = None",
        f"{indent}try:",
        f"{indent}    {source}",
        f"{indent}except BaseException as error:",
        f"{indent}    run_.failed({written!r}, {target!r}, error)",
        f"{indent}else:",
        f"{indent}    run_.got({written!r}, {target!r}, m, v, __name__)",
    ]


def _save(folder, name, lines):
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
