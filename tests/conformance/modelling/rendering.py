"""Write a generated world to a folder: as its authors did, or with canonical paths only.

A world is made of modules, rules and a program; each of its import statements is a *site*
with a number. In the real folder a site is an ordinary statement on a line of its own. In the
model's folder a site that reaches a rule asks the model, which imports by canonical paths;
all others are the same statement.
"""

import json
from pathlib import Path

from model_paths import Map, aliases

PREAMBLE = "_token = world_.begin(__name__)"


class Renderer:
    """Write the files of one world.

    Attributes:
        sites: number → the statement, with the module that holds it.
        places: number → file and line, in the real folder.

    """

    def __init__(self, world, folder, *, real):
        self.world = world
        self.folder = Path(folder)
        self.real = real
        self.map = Map(world["rules"])
        self.sites = []
        self.places = []
        self._file = ""
        self._lines = []

    def write(self):
        """Write everything."""
        for name, module in sorted(self.world["modules"].items()):
            self._module(name, module)
        self._program()
        self._save("enforcer.toml", map_lines(self.world["rules"]))

    def _save(self, file, lines):
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _module(self, name, module):
        stem = name.replace(".", "/")
        package = module["kind"] != "module"
        self._file = f"{stem}/__init__.py" if package else f"{stem}.py"
        self._lines = lines = []
        inert = not self.real and self.map.aliased(name)
        if module["kind"] == "namespace":
            (self.folder / stem).mkdir(parents=True, exist_ok=True)
            return
        lines.append(PREAMBLE)
        if module["raises"] == "start":
            lines.append("world_.stumble(__name__)")
        before = module["body"][: module["defined_after"]]
        for statement in before:
            self._statement(statement, name, package=package)
        for defined in module["names"]:
            lines += definition(defined)
        for statement in module["body"][module["defined_after"] :]:
            self._statement(statement, name, package=package)
        lines += self._ending(module)
        lines.append("def later():")
        lines.append("    pass")
        for statement in module["later"]:
            self._statement(statement, name, package=package, indent="    ")
        if module["raises"] == "end":
            lines.append("world_.stumble(__name__)")
        self._save(self._file, [] if inert else lines)

    def _ending(self, module):
        lines = []
        if module["all"] is not None:
            lines.append(f"__all__ = {module['all']!r}")
        if module["made"]:
            lines += [
                "def __getattr__(name):",
                f"    if name in {module['made']!r}:",
                "        return world_.made(_token, name)",
                "    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')",
            ]
        if module["own_class"] == "class":
            lines += [
                "class _Own(type(sys)):",
                "    computed = property(lambda self: world_.made(self._token, 'computed'))",
                "sys.modules[__name__].__class__ = _Own",
            ]
        if module["own_class"] == "object":
            lines += [
                "_other = type(sys)(__name__)",
                "vars(_other).update(globals())",
                "sys.modules[__name__] = _other",
            ]
        return lines

    def _program(self):
        self._file = "main.py"
        self._lines = lines = []
        for number, step in enumerate(self.world["program"]):
            if step["form"] == "star":
                site = self._site(step, "__main__", package=False)
                self.places[site] = [f"star_{site}.py", 1]
                lines += [f"for _ in range({step['times']}):", "    try:"]
                lines.append(f"        world_.ok({site}, world_.star({site}))")
                lines += ["    except Exception as _error:", f"        world_.fail({site}, _error)"]
                continue
            lines.append(f"def step_{number}():")
            self._statement(step, "__main__", package=False, indent="    ")
            lines.append(f"for _ in range({step['times']}):")
            lines.append(f"    step_{number}()")
        self._save("main.py", lines)

    def _site(self, statement, module, *, package):
        self.sites.append({**statement, "module": module, "package": package})
        self.places.append([])
        return len(self.sites) - 1

    def _statement(self, statement, module, *, package, indent=""):
        site = self._site(statement, module, package=package)
        lines = self._lines
        form, path, names = statement["form"], statement["path"], statement["names"]
        told = not self.real and self.map.touches(path, names)
        lines.append(f"{indent}try:")
        if form == "call":
            lines.append(f"{indent}    world_.call({site})")
            self.places[site] = [self._file, len(lines)]
        elif told or form == "pop":
            space = ", globals()" if form == "star" else ""
            lines.append(f"{indent}    _values = world_.run({site}{space})")
            self.places[site] = [self._file, len(lines)]
            lines.append(f"{indent}    world_.ok({site}, _values)")
        else:
            source, *after, values = self._source(statement, module, package=package)
            lines.append(f"{indent}    {source}")
            self.places[site] = [self._file, len(lines)]
            lines += [f"{indent}    {line}" for line in after]
            lines.append(f"{indent}    _values = {values}")
            lines.append(f"{indent}    world_.ok({site}, _values)")
        if statement["exported"] and form == "from":
            lines += [f"{indent}    {name} = _values[{index}]" for index, name in enumerate(names)]
        lines.append(f"{indent}except Exception as _error:")
        lines.append(f"{indent}    world_.fail({site}, _error)")
        if not statement["guarded"]:
            lines.append(f"{indent}    raise")

    def _source(self, statement, module, *, package):
        """Give a statement's own line, further lines, and the expression of its values."""
        form, path, names = statement["form"], statement["path"], statement["names"]
        bound = [f"_value{index}" for index in range(len(names))]
        fetched = ", ".join(f"{name} as {value}" for name, value in zip(names, bound, strict=True))
        top = path.partition(".")[0]
        origin = self._origin(statement, module, package=package)
        if form == "import":
            return f"import {path}", f"_value = {top}", f"del {top}", "[_value]"
        if form == "as":
            return f"import {path} as _value", "[_value]"
        if form == "from":
            return f"from {origin} import {fetched}", f"[{', '.join(bound)}]"
        if form == "star":
            return f"from {origin} import *", "[]"
        if form == "import_module":
            return f"_value = importlib.import_module({path!r})", "[_value]"
        if form == "__import__":
            return f"_value = __import__({path!r})", "[_value]"
        if form == "__import__ from":
            return f"_value = __import__({path!r}, fromlist={names!r})", "[_value]"
        if form == "pickle":
            data = f"c{path}\n{names[0]}\n.".encode()
            return f"_value = pickle.loads({data!r})", "[_value]"
        if form == "read":
            return f"import {path} as _value; _value = _value.{names[0]}", "[_value]"
        if form == "attribute":
            return f"_value = sys.modules[{path!r}].{names[0]}", "[_value]"
        if form == "reload":
            return f"import {path} as _value", "_value = importlib.reload(_value)", "[_value]"
        raise ValueError(form)

    def _origin(self, statement, module, *, package):
        level, path = statement["level"], statement["path"]
        base = module if package else module.rpartition(".")[0]
        for _ in range(level - 1):
            base = base.rpartition(".")[0]
        if not level or not base or not f"{path}.".startswith(f"{base}."):
            return path
        return "." * level + path[len(base) + 1 :]


def definition(name):
    """Give the lines that define a name: a class, a function or a constant."""
    if name[0] == "C":
        return [f"class {name}:", f"    token = (*_token, {name!r})"]
    if name[0] == "f":
        return [f"def {name}():", "    pass", f"{name}.token = (*_token, {name!r})"]
    return [f"{name} = world_.made(_token, {name!r})"]


def map_lines(rules):
    """Write the rules as a migration map."""
    lines = ["[enforcer]", 'service = "model"']
    for rule in rules:
        lines += ["[[rule]]"]
        for key in ("legacy", "canonical", "stage"):
            lines.append(f"{key} = {json.dumps(rule[key])}")
        if rule.get("names"):
            pairs = ", ".join(f'{old} = "{new}"' for old, new in rule["names"].items())
            lines.append(f"names = {{ {pairs} }}")
    return lines


def is_inert(world, name):
    """Tell whether a module's own code must never run."""
    rule = Map(world["rules"]).match(name)
    return rule is not None and aliases(rule)
