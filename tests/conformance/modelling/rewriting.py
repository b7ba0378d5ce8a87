"""Import by canonical paths what a statement asks of a legacy one, in plain Python.

Where one canonical statement does the same, it is executed as a statement. A child that went
elsewhere than its package has no such statement: it is imported for itself, after its package.
"""

import importlib
import sys


class Rewriter:
    """Execute statements by canonical paths.

    Attributes:
        entered: the legacy paths that were imported; they stay imported.
        attached: legacy path → the package that has it for an attribute.
        undecided: whether plain Python has no counterpart to what happened.

    """

    def __init__(self, paths):
        self.map = paths
        self.entered = set()
        self.attached = {}
        self.entering = set()
        self.undecided = False

    def run(self, statement, counts, bound):
        """Execute one statement.

        Args:
            statement: what to import.
            counts: takes for each legacy path the least and the most uses that this
                execution is.
            bound: takes what a star import binds.

        Returns:
            What the statement gives.

        """
        form, path, names = statement["form"], statement["path"], statement["names"]
        if form == "pop":
            self.entered.discard(path)
            if not self.map.aliased(path):
                sys.modules.pop(path, None)
            return []
        if form == "attribute":
            return [self._attribute(path, names[0], counts)]
        if form in ("from", "star"):
            return self._from(statement, counts, bound)
        self._may_count(counts, path, ())
        self.enter(path)
        target = self.map.translate(path)
        top = path.partition(".")[0]
        leaf = sys.modules[target]
        if self.map.match(path) is not None:
            counts[path] = (1, 1)
        if form in ("import", "__import__"):
            self.enter(top)
            return [sys.modules[self.map.translate(top)]]
        if form in ("as", "read", "reload", "pickle"):
            self.enter(top)
            if form != "pickle" and self._is_parallel(path):
                leaf = self._statement(f"import {target} as value", "value")
        if form == "__import__ from" and names:
            self._load_children(path, names)
        if form == "pickle":
            return [getattr(leaf, self._new(path, names[0]))]
        if form == "read":
            return [self._read(leaf, path, names[0], counts)]
        if form == "reload":
            return [importlib.reload(leaf)]
        return [leaf]

    def _read(self, leaf, path, name, counts):
        rule = self.map.name_rule(path, name)
        child = f"{path}.{name}"
        if self.map.match(path) is not None and self._is_child_elsewhere(path, name):
            if self.attached.get(child) is not leaf:
                raise AttributeError(name)
            return sys.modules[self.map.translate(child)]
        if self.map.match(path) is None and self.map.match(child) is not None:
            return self._attribute(path, name, counts)
        if rule is None:
            return getattr(leaf, self._new(path, name))
        counts[f"{path}:{name}"] = (0, 1)
        value = self._named(rule)
        counts[f"{path}:{name}"] = (1, 1)
        return value

    def _is_parallel(self, path):
        """Tell whether each package of a path has its counterpart above the canonical module."""
        while path:
            above = path.rpartition(".")[0]
            if self.map.translate(above) != self.map.translate(path).rpartition(".")[0]:
                return False
            path = above
        return True

    def enter(self, path):
        """Import a path with its packages."""
        if self.map.match(path) is None or path in self.entered:
            # While a package of its canonical module is executed, an alias may wait or go ahead.
            self.undecided |= path in self.entering and self.map.translate(path) not in sys.modules
            self._import(self.map.translate(path))
            return
        package = path.rpartition(".")[0]
        if package:
            if package not in self.entered:
                self.enter(package)
            module = sys.modules.get(self.map.translate(package))
            if module is not None and not hasattr(module, "__path__"):
                message = f"No module named {path!r}; {package!r} is not a package"
                raise ModuleNotFoundError(message, name=path)
        self.entered.add(path)
        self.entering.add(path)
        try:
            self._import(self.map.translate(path))
        except BaseException:
            self.entered.discard(path)
            raise
        finally:
            self.entering.discard(path)
        if package:
            self.attached[path] = sys.modules.get(self.map.translate(package))

    def _import(self, path):
        # Unlike a statement it looks at no package above a module that is loaded.
        importlib.import_module(path)

    def _statement(self, source, value):
        space = {"__name__": "model", "sys": sys}
        exec(source, space)
        return eval(value, space)

    def _new(self, path, name):
        return self.map.renamed(path).get(name, name)

    def _attribute(self, path, name, counts):
        module = sys.modules[path]
        child = f"{path}.{name}"
        rule = self.map.name_rule(path, name)
        if rule is not None:
            return self._read(module, path, name, counts)
        if self.map.match(child) is not None and self.map.match(path) is None:
            counts[child] = (0, 1)
            if self.map.aliased(child):
                if self.attached.get(child) is not module:
                    raise AttributeError(name)
                self._import(self.map.translate(child))
                value = sys.modules[self.map.translate(child)]
            else:
                value = getattr(module, name)
            counts[child] = (1, 1)
            return value
        return getattr(module, name)

    def _named(self, rule):
        live = sys.modules[rule["legacy"].partition(":")[0]]
        if live.__spec__._initializing:
            # Its names are watched once it is executed.
            raise AttributeError(rule["legacy"])
        if rule["stage"] == "observe":
            module, _, name = rule["legacy"].partition(":")
        else:
            module, _, name = rule["canonical"].partition(":")
        self._import(module)
        return getattr(sys.modules[module], name)

    def _from(self, statement, counts, bound):
        path, names = statement["path"], statement["names"]
        self._may_count(counts, path, names)
        self.enter(path)
        target = self.map.translate(path)
        if statement["form"] == "star":
            space = {"__name__": "model"}
            try:
                exec(f"from {target} import *", space)
            finally:
                bound.update(space)  # what was bound before a name was missing, too
            for old, new in self.map.renamed(path).items():
                if hasattr(sys.modules[target], new):
                    bound[old] = getattr(sys.modules[target], new)
            if self.map.match(path) is not None:
                counts[path] = (1, 1)
            return [bound]
        self._load_children(path, names)
        values = []
        failed = None
        for name in names:
            try:
                values.append(self._fetch(path, name))
            except ImportError as error:
                failed = error
                break
        self._count_names(counts, path, names, values)
        if failed is not None:
            raise failed
        return values

    def _load_children(self, path, names):
        target = self.map.translate(path)
        for name in names:
            child = f"{path}.{name}"
            if self._is_child_elsewhere(path, name):
                self.enter(child)
            elif self.map.name_rule(path, name) is None:
                importlib.__import__(target, {}, {}, [self._new(path, name)])
                if self.map.match(child) is not None and self.map.translate(child) in sys.modules:
                    self.entered.add(child)

    def _is_child_elsewhere(self, path, name):
        child = f"{path}.{name}"
        if not self.map.aliased(child) and not self.map.aliased(path):
            return False  # all as it was
        package = sys.modules[self.map.translate(path)]
        return hasattr(package, "__path__") and self.map.deviates(path, name)

    def _fetch(self, path, name):
        rule = self.map.name_rule(path, name)
        if rule is not None:
            try:
                return self._named(rule)
            except AttributeError as error:
                file = sys.modules[path].__file__
                raise ImportError(str(error), name=path, path=file) from None
        if self._is_child_elsewhere(path, name):
            return sys.modules[self.map.translate(f"{path}.{name}")]
        target = self.map.translate(path)
        return self._statement(f"from {target} import {self._new(path, name)} as value", "value")

    # What counts.

    def _may_count(self, counts, path, names):
        """Say that a statement which fails to load something may count once, or not."""
        if self.map.match(path) is not None:
            counts[path] = (0, 1)
        for name in names:
            if self.map.match(f"{path}.{name}") is not None:
                counts[f"{path}.{name}"] = (0, 1)
            if self.map.name_rule(path, name) is not None:
                counts[f"{path}:{name}"] = (0, 1)

    def _count_names(self, counts, path, names, values):
        for possible in list(counts):
            del counts[possible]
        groups = {}
        package = self.map.match(path)
        for name, value in zip(names, [*values, *[None] * len(names)], strict=False):
            child = f"{path}.{name}"
            if self.map.name_rule(path, name) is not None:
                counts[f"{path}:{name}"] = (1, 1) if value is not None else (0, 1)
                continue
            rule = self.map.match(child)
            module = sys.modules.get(self.map.translate(child))
            submodule = rule is not None and value is not None and value is module
            if value is None and self._is_child_elsewhere(path, name):
                counts[child] = (0, 1)
                continue
            if package is None:
                if rule is not None:
                    counts[child] = (1, 1) if value is not None else (0, 1)
                continue
            rule = rule if submodule else package
            groups.setdefault(id(rule), []).append((name, submodule))
        for group in groups.values():
            (name, submodule), *others = group
            key = f"{path}.{name}" if submodule and not others else path
            counts[key] = _plus(counts.get(key, (0, 0)), (1, 1))


def _plus(one, other):
    return one[0] + other[0], one[1] + other[1]
