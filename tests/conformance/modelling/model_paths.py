"""Translate legacy paths as the design says, by a rule list and nothing of the enforcer's."""

NAME, TREE = "name", "tree"


class Map:
    """Answer for dotted paths what a list of rules says of them."""

    def __init__(self, rules):
        self.rules = rules
        self._paths = {}
        self._names = {}
        self.leaves = {rule["legacy"].removesuffix(".*").rpartition(".")[2] for rule in rules}
        for rule in rules:
            legacy = rule["legacy"].removesuffix(".*")
            if ":" in legacy:
                self._names[legacy] = rule
            else:
                self._paths[legacy] = rule

    def match(self, path):
        """Give the rule of the longest match, or None."""
        covered, dot = path, "."
        while dot:
            rule = self._paths.get(covered)
            if rule is not None and (
                covered == path or rule["legacy"].endswith(".*") or aliases(rule)
            ):
                return rule
            covered, dot, _ = covered.rpartition(".")
        return None

    def aliased(self, path):
        """Tell whether a path gives another module than its own."""
        rule = self.match(path)
        return rule is not None and aliases(rule)

    def translate(self, path):
        """Give the path that plain Python would be told to import."""
        rule = self.match(path)
        if rule is None or not aliases(rule):
            return path
        legacy = rule["legacy"].removesuffix(".*")
        return rule["canonical"].removesuffix(".*") + path[len(legacy) :]

    def renamed(self, path):
        """Give the renamed names of a module: legacy name to canonical name."""
        rule = self.match(path)
        if rule is None or not aliases(rule) or rule["legacy"].removesuffix(".*") != path:
            return {}
        return rule.get("names", {})

    def name_rule(self, module, name):
        """Give the rule of a single name of a live module, or None."""
        return self._names.get(f"{module}:{name}")

    def deviates(self, package, name):
        """Tell whether a child has another rule than its package."""
        rule = self.match(f"{package}.{name}")
        return rule is not None and rule is not self.match(package)

    def touches(self, path, names):
        """Tell whether a statement reaches any rule."""
        return (
            self.match(path) is not None
            or any(self.match(f"{path}.{name}") is not None for name in names)
            or any(self.name_rule(path, name) is not None for name in names)
        )


def aliases(rule):
    """Tell whether a rule's legacy path gives the canonical object."""
    return rule["stage"] != "observe"
