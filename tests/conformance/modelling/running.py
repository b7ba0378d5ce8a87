"""Run one rendered world in this process, and say everything that happened.

The *real* run has the enforcer enabled and legacy paths in its sources. The *model* is plain
Python: a statement that reaches a rule is made anew with canonical paths, and what has to be
counted is worked out beside it, from what "What counts" in the design says.
"""

import builtins
import importlib
import os
import pickle
import signal
import sys
import types
import warnings

from model_paths import Map
from rewriting import Rewriter

TOPS = ("new", "other", "par", "old", "solo", "oldtop")
DUNDERS = ("__file__", "__name__", "__package__", "__path__", "__cached__")
PATIENCE = 300


class StumbledError(Exception):
    """Say that a generated body was told to raise."""


class Made:
    """Be a constant that can be told from all others."""

    def __init__(self, token):
        self.token = token


class World:
    """Serve the generated sources, which know it as the built-in ``world_``."""

    def __init__(self, world, sites, folder):
        self.world = world
        self.sites = sites
        self.folder = folder
        self.map = Map(world["rules"])
        self.log = []
        self.runs = {}
        self.stumbles = {}

    def begin(self, name):
        """Note that a module's body runs, and give it a token."""
        self.runs[name] = self.runs.get(name, 0) + 1
        token = (name, self.runs[name])
        self.log.append(["body", *token])
        return token

    def made(self, token, name):
        """Make a constant of a module."""
        return Made((*token, name))

    def stumble(self, name):
        """Raise, as often as the module's description says."""
        self.stumbles[name] = self.stumbles.get(name, 0) + 1
        if self.stumbles[name] <= self.world["modules"][name]["raise_times"]:
            raise StumbledError(name)

    def ok(self, site, values):
        """Note that a statement succeeded, and what it gave."""
        described = [self.describe(value) for value in values]
        in_body = self.sites[site]["form"] == "star" and "times" not in self.sites[site]
        self.log.append(["ok", site, [] if in_body else described])

    def fail(self, site, error):
        """Note that a statement failed, and how."""
        about = [type(error).__name__]
        if isinstance(error, ImportError):
            path = error.path and os.path.relpath(error.path, self.folder)
            about += [self.map.translate(error.name or ""), path]
        self.log.append(["fail", site, about])

    def call(self, site):
        """Call a module's function, if it is there."""
        module = sys.modules.get(self.sites[site]["path"])
        later = getattr(module, "later", None)
        if later is not None:
            later()

    def star(self, site):
        """Import all names in a file of its own."""
        space = {"__name__": "star", "__builtins__": builtins}
        source = f"from {self.sites[site]['path']} import *"
        exec(compile(source, f"{self.folder}/star_{site}.py", "exec"), space)
        return [self.public(space, self.sites[site]["path"])]

    def public(self, space, path):
        """Give the public names of a star import, without those that no plain import gives."""
        return {
            name: value
            for name, value in sorted(space.items())
            if not name.startswith("_")
            and not (
                isinstance(value, types.ModuleType)
                and name in self.map.leaves
                and self.map.deviates(path, name)
            )
            and self.map.name_rule(path, name) is None
        }

    def run(self, site, _space=None):
        """Do what is no import statement in either run."""
        sys.modules.pop(self.sites[site]["path"], None)
        return []

    def describe(self, value):
        """Say which object this is, in words that hold in both runs."""
        if isinstance(value, dict):
            return {name: self.describe(item) for name, item in value.items()}
        if isinstance(value, types.ModuleType):
            token = getattr(value, "_token", None)
            name = self.map.translate(value.__name__)
            return ["module", *token] if token else ["namespace", name]
        return list(getattr(value, "token", [type(value).__name__]))

    def state(self):
        """Describe all modules that are loaded in the end."""
        found = {}
        for name, module in sorted(sys.modules.items()):
            if name.partition(".")[0] in TOPS and not self.map.aliased(name):
                found[name] = self._module(name, module)
        return found

    def _module(self, name, module):
        space = vars(module)
        public = {
            key: self.describe(value)
            for key, value in sorted(space.items())
            if not key.startswith("_")
            and not (self.map.aliased(f"{name}.{key}") or self.map.name_rule(name, key))
            and not (isinstance(value, types.ModuleType) and key in self.map.leaves)
        }
        spec = space["__spec__"]
        found = {key: self._relative(space.get(key)) for key in DUNDERS}
        found["spec"] = [spec.name, spec.parent, self._relative(spec.origin), type(spec).__name__]
        found["loader"] = type(space["__loader__"]).__name__
        found["initializing"] = bool(getattr(spec, "_initializing", False))
        return {"public": public, "system": found, "described": self.describe(module)}

    def _relative(self, value):
        if isinstance(value, str) or value is None:
            return value and value.replace(f"{self.folder}/", "")
        try:
            return [self._relative(item) for item in value]
        except KeyError as error:  # of a namespace package whose own package is gone
            return str(error)


class Model(World):
    """Serve the model's sources: import by canonical paths, and know what has to be counted."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rewriter = Rewriter(self.map)
        self.expected = {}

    def run(self, site, space=None):
        """Do what a statement says, by canonical paths."""
        statement = self.sites[site]
        counts = {}
        bound = {}
        try:
            values = self.rewriter.run(statement, counts, bound)
            if statement["form"] == "star":
                values = [self.public(bound, statement["path"])]
            return values
        finally:
            if space is not None:
                space.update(self.public(bound, statement["path"]))
            for path, (least, most) in counts.items():
                before = self.expected.setdefault(f"{site} {path}", [0, 0])
                before[0] += least
                before[1] += most

    def star(self, site):
        """Import all names as the program would."""
        return self.run(site)


def execute(world, sites, folder, *, real):
    """Run a world and give what happened.

    Args:
        world: its description.
        sites: its statements.
        folder: where it was rendered.
        real: whether the enforcer is enabled, or the model runs.

    """
    signal.alarm(PATIENCE)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    served = (World if real else Model)(world, sites, folder)
    vars(builtins).update(world_=served, importlib=importlib, pickle=pickle, sys=sys)
    found = {}
    if real:
        import enforcer

        enforcer.enable(f"{folder}/enforcer.toml", store=False)
    with open("main.py", encoding="utf-8") as file:
        code = compile(file.read(), f"{folder}/main.py", "exec")
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(code, vars(module))
    if real:
        found["uses"] = [
            [use.site.path, use.site.file, use.site.line, use.count]
            for use in enforcer.collect()[0]
            if use.site.mechanism != "probe"
        ]
        found["notices"] = [
            [notice.kind, notice.subject, notice.text] for notice in enforcer.notices()
        ]
        found["aliases"] = wrong_aliases(served)
    else:
        found["expected"] = served.expected
        found["undecided"] = served.rewriter.undecided
    return {"log": served.log, "state": served.state(), **found}


def wrong_aliases(served):
    """Name the aliases that show another namespace than the canonical module's."""
    wrong = []
    for name, module in list(sys.modules.items()):
        if not served.map.aliased(name):
            continue
        canonical = sys.modules.get(served.map.translate(name))
        if canonical is None:
            continue
        importlib.import_module(name)
        if vars(module) is not vars(canonical):
            wrong.append(name)
    return wrong
