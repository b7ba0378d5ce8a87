"""Generate worlds: a package tree, a migration map, and a program of import statements."""

from hypothesis import strategies as st
from model_paths import Map

# Where canonical modules may be; a package is there if a module below it is.
CANONICAL = (
    "new",
    "new.a",
    "new.b",
    "new.p",
    "new.p.a",
    "new.p.c",
    "new.p.q",
    "new.p.q.d",
    "other",
    "other.y",
    "other.z",
    "solo",
)
LIVE = ("par", "par.mod", "par.caller")
NAMES = ("Ca", "Cb", "fa", "fb", "ka", "kb")
MISSING = "Cx"
STAGES = ("alias", "alias", "warn", "observe")
FORMS = (
    "import",
    "as",
    "from",
    "from",
    "from",
    "import_module",
    "__import__",
    "__import__ from",
    "pickle",
    "read",
)


def _coin(draw, chance):
    return draw(st.integers(1, 100)) > 100 - chance


def _with_packages(paths):
    found = set()
    for path in paths:
        parts = path.split(".")
        found |= {".".join(parts[: end + 1]) for end in range(len(parts))}
    return found


class Drawer:
    """Draw the parts of one world."""

    def __init__(self, draw):
        self.draw = draw
        self.kinds = {}
        self.rules = []
        self.legacy = set()
        self.targets = set()
        self.replacing = set()

    def one_of(self, values):
        return self.draw(st.sampled_from(sorted(values)))

    def world(self):
        """Draw a world."""
        chosen = self.draw(st.sets(st.sampled_from(CANONICAL), min_size=1, max_size=8))
        paths = _with_packages({"new", *chosen, *LIVE})
        for path in sorted(paths):
            package = path in ("new", "par") or any(p.startswith(f"{path}.") for p in paths)
            self.kinds[path] = "package" if package else "module"
            if path not in LIVE and package and _coin(self.draw, 15):
                self.kinds[path] = "namespace"
        self._rules(paths - set(LIVE))
        self._legacy_files(paths)
        reachable = sorted({*self.kinds, *self.legacy, "new.missing"})
        modules = {name: self._module(name, reachable) for name in sorted(self.kinds)}
        steps = self.draw(st.integers(1, 8))
        return {
            "modules": modules,
            "rules": self.rules,
            "program": [self._step(reachable) for _ in range(steps)],
        }

    # Rules.

    def _rules(self, canonical):
        if _coin(self.draw, 80):
            self._tree("old", "new", canonical)
            if self.rules[0]["stage"] != "observe":
                self._children(canonical)
        if _coin(self.draw, 70):
            self._single("par.was", canonical)
        if _coin(self.draw, 25):
            self._single("oldtop", canonical)
        if _coin(self.draw, 20):
            self._tree("par.kid", "other" if "other" in canonical else "new", canonical)
        if _coin(self.draw, 35):
            holder = self.one_of([*canonical, "par.mod"])
            name = self.one_of(NAMES)
            # A name that is observed and not there is one that is gone.
            stage = self.draw(st.sampled_from([each for each in STAGES if each != "observe"]))
            self._rule("par.mod:legacy", f"{holder}:{name}", stage=stage)

    def _rule(self, legacy, canonical, **options):
        stage = options.pop("stage", None) or self.draw(st.sampled_from(STAGES))
        rule = {"legacy": legacy, "canonical": canonical, "stage": stage, **options}
        self.rules.append(rule)
        if ":" not in legacy:
            self.targets.add(canonical.removesuffix(".*"))
        return rule

    def _tree(self, legacy, canonical, paths):
        self._rule(f"{legacy}.*", f"{canonical}.*")
        below = {path for path in paths if f"{path}.".startswith(f"{canonical}.")}
        self.legacy |= {legacy + path[len(canonical) :] for path in below}
        self.legacy.add(f"{legacy}.missing")

    def _single(self, legacy, paths):
        target = self.one_of(paths)
        rule = self._rule(legacy, target)
        if _coin(self.draw, 30):
            rule["names"] = {"renamed": self.one_of(NAMES)}
        self.legacy.add(legacy)
        if rule["stage"] != "observe":
            below = {path for path in paths if path.startswith(f"{target}.")}
            self.legacy |= {legacy + path[len(target) :] for path in below}

    def _children(self, paths):
        if _coin(self.draw, 35):
            child = self.one_of(("old.a", "old.b", "old.p.a", "old.gone"))
            self._single(child, {path for path in paths if path != child.replace("old", "new")})
            self.rules[-1]["stage"] = self.draw(st.sampled_from(("alias", "warn")))
        if _coin(self.draw, 25):
            self._rule("old.stays", "new.stays", stage="observe")
            self.legacy.add("old.stays")
        if _coin(self.draw, 15) and "new.p" in paths and "other" in paths:
            rule = self._rule("old.p.*", "other.*")
            rule["stage"] = "alias"
            self.legacy |= {"old.p" + path[5:] for path in paths if path.startswith("other.")}

    def _legacy_files(self, paths):
        """Say which legacy modules lie on disk; those that are observed have to."""
        for rule in list(self.rules):
            legacy, dot, _ = rule["legacy"].partition(".*")
            if ":" in legacy:
                continue
            if rule["stage"] == "observe":
                self.kinds[legacy] = "package" if dot else "module"
                if dot:
                    self._observed_files(legacy, rule["canonical"].removesuffix(".*"), paths)
            elif _coin(self.draw, 40):
                self.kinds[legacy] = "package" if dot or "." not in legacy else "module"
        if any(path.startswith("old.") for path in self.kinds):
            self.kinds["old"] = "package"

    def _observed_files(self, legacy, canonical, paths):
        """Keep the whole tree: what is gone of it would be aliased."""
        self.kinds[f"{legacy}.a"] = self.kinds[f"{legacy}.b"] = "module"
        self.legacy |= {f"{legacy}.a", f"{legacy}.b"}
        for path in paths:
            if path.startswith(f"{canonical}."):
                is_package = any(other.startswith(f"{path}.") for other in paths)
                kind = "package" if is_package or self.kinds[path] != "module" else "module"
                self.kinds[legacy + path[len(canonical) :]] = kind

    # Modules and statements.

    def _module(self, name, reachable):
        draw = self.draw
        names = sorted(draw(st.sets(st.sampled_from(NAMES), max_size=4)))
        body = [self._statement(name, reachable, star=True) for _ in range(draw(st.integers(0, 2)))]
        if len(body) == 1 and self.kinds[name] == "module" and _coin(draw, 15):
            body = [{**body[0], "path": "new.missing", "guarded": False}]
        # A module that fails after others imported it half-way leaves them with what it was; what
        # can be imported then depends on the path by which each was reached.
        raises = None
        if _coin(draw, 10):
            raises = "start" if body else draw(st.sampled_from(("start", "end")))
        own_class = None
        if name not in ("par", "old") and _coin(draw, 8):
            own_class = draw(st.sampled_from(("class", "object")))
        if own_class:
            self.replacing.add(name)
        return {
            "kind": self.kinds[name],
            "names": names,
            # A legacy module that is an attribute of a live package has no plain counterpart there.
            "all": self._all(name, names) if name == "par" or _coin(draw, 25) else None,
            "made": ["kz"] if _coin(draw, 15) else [],
            "own_class": own_class,
            "raises": raises,
            "raise_times": draw(st.sampled_from((1, 99))),
            "body": body,
            "defined_after": draw(st.integers(0, len(body))),
            "later": [self._statement(name, reachable) for _ in range(draw(st.integers(0, 1)))],
        }

    def _all(self, name, names):
        children = [
            path.rpartition(".")[2] for path in self.kinds if path.rpartition(".")[0] == name
        ]
        rules = Map(self.rules)
        old = f"old{name[3:]}"
        plain = (name == "new" or name.startswith("new.")) and rules.translate(old) == name
        children = [child for child in children if plain and not rules.deviates(old, child)]
        listed = {*names, *children}
        return sorted(self.draw(st.sets(st.sampled_from(sorted(listed))))) if listed else []

    def _path(self, module, reachable):
        if self.legacy and _coin(self.draw, 75):
            return self.one_of(self.legacy)
        return self.one_of(reachable)

    def _statement(self, module, reachable, *, star=False):
        draw = self.draw
        form = draw(st.sampled_from((*FORMS, "star") if star else FORMS))
        path = self._path(module, reachable)
        if form == "from" and "." in path and _coin(draw, 40):
            path, _, name = path.rpartition(".")
            names = [name]
        else:
            names = []
        names += draw(
            st.lists(st.sampled_from(self._names_of(path)), min_size=1, max_size=2, unique=True)
        )
        if len(names) > 1 and _coin(draw, 50):
            names = names[:1]
        if form == "pickle":
            names = [self.one_of(NAMES)]
        return {
            "form": form,
            "path": path,
            "names": list(dict.fromkeys(names)),
            "level": draw(st.sampled_from((0, 1, 1, 2))) if form in ("from", "star") else 0,
            "exported": _coin(draw, 40),
            "guarded": True,
        }

    def _names_of(self, path):
        names = [*NAMES, MISSING, "kz", "computed"]
        if path == "par.mod":
            names += ["legacy"] * 6
        names += [
            rule.get("names", {}) and "renamed"
            for rule in self.rules
            if rule["legacy"] == path and rule.get("names")
        ]
        children = [
            p.rpartition(".")[2]
            for p in {*self.kinds, *self.legacy}
            if p.rpartition(".")[0] == path
        ]
        return sorted(names) + sorted(children) * 2

    def _step(self, reachable):
        draw = self.draw
        kind = draw(st.integers(1, 100))
        if kind <= 55:
            step = self._statement("", reachable, star=True)
        else:
            step = self._other_step(kind, reachable)
        return {
            **step,
            "exported": False,
            "guarded": True,
            "level": 0,
            "times": draw(st.integers(1, 3)),
        }

    def _called(self):
        rules = Map(self.rules)
        return {name for name in self.kinds if not rules.aliased(name)}

    def _other_step(self, kind, reachable):
        plain = {"names": [], "level": 0}
        if kind <= 70:
            return {**plain, "form": "call", "path": self.one_of(self._called())}
        if kind <= 82:
            if any(rule["legacy"] == "par.mod:legacy" for rule in self.rules) and _coin(
                self.draw, 50
            ):
                return {**plain, "form": "attribute", "path": "par.mod", "names": ["legacy"]}
            return {**plain, "form": "attribute", "path": "par", "names": ["was"]}
        if kind <= 92:
            # A namespace package can't do without its own package.
            spaces = {name for name in self.kinds if self.kinds[name] == "namespace"}
            around = {space[:end] for space in spaces for end in range(len(space))}
            kept = {*self.targets, *self.replacing, *around, "par"}
            path = self.one_of({*self.legacy, *self.kinds} - kept)
            return {**plain, "form": "pop", "path": path}
        # A module that replaces itself, or its class, does so again when it is reloaded.
        rules = Map(self.rules)
        steady = [
            path
            for path in (self._path("", reachable), "new.missing")
            if self.replacing.isdisjoint({path, rules.translate(path)})
        ]
        return {**plain, "form": "reload", "path": steady[0]}


@st.composite
def worlds(draw):
    """Draw a world."""
    return Drawer(draw).world()
