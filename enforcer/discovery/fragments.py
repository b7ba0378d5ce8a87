"""Rules from several import paths to one thing: each leads to the group's canonical module.

A module whose names are only those becomes a rule for the module; of one with other names, each
name has a rule. A function whose parameters differ becomes a factory.
"""

import ast
from collections.abc import Iterator
from typing import Final

from enforcer.discovery.deprecation import Function
from enforcer.discovery.layout import Layout
from enforcer.discovery.paths import Group, ImportPath, normal
from enforcer.discovery.proposal import PATHS, Evidence, Proposal
from enforcer.discovery.targets import Target
from enforcer.output.words import counted
from enforcer.source.signatures import differences

_FEWEST_SHARED: Final = 0.5
"""Which part of the smaller class's methods the other one has, if they are alike."""


def propose(group: Group, layout: Layout) -> Evidence:
    """Return the rules that lead all paths of a group to its canonical module."""
    return _Proposer(group, layout).propose()


class _Proposer:
    def __init__(self, group: Group, layout: Layout) -> None:
        self._group = group
        self._layout = layout
        self._canonical = {one.name: one for one in group.paths if one.module == group.canonical}

    def propose(self) -> Evidence:
        found: list[Proposal] = []
        notes = list(self._group.notes)
        by_module: dict[str, list[ImportPath]] = {}
        for one in self._group.paths:
            if one.role != "canonical" and one.kind != "re-export":
                by_module.setdefault(one.module, []).append(one)
        for module, paths in by_module.items():
            callers = [caller for one in paths for caller in one.callers]
            if paths[0].role == "apart" and all(caller.is_test for caller in callers):
                notes.append(f"{module} is left alone: {_used_by(paths)}")
            elif paths[0].role == "implementation":
                found.append(self._implementation(module, paths))
            else:
                found += self._rules(module, paths)
        return Evidence(tuple(found), tuple(notes))

    def _implementation(self, module: str, paths: list[ImportPath]) -> Proposal:
        evidence = (f"{self._group.canonical} imports it from here; {_used_by(paths)}",)
        return Proposal(module, self._group.canonical, PATHS, evidence, implementation=True)

    def _rules(self, module: str, paths: list[ImportPath]) -> Iterator[Proposal]:
        names: dict[str, str] = {}
        factories: list[Proposal] = []
        of_names: list[Proposal] = []
        for one in paths:
            target = self._target(one)
            evidence = (self._why(one), _used_by([one]))
            if target is None:
                objection = "nothing shows which name replaces it"
                of_names.append(
                    Proposal(
                        f"{module}:{one.name}", f"{self._group.canonical}:{one.name}", PATHS,
                        evidence, objection=objection,
                    )
                )  # fmt: skip
            elif self._differs(one, target):
                factories.append(self._factory(one, target, evidence))
            else:
                legacy = f"{module}:{one.name}"
                canonical = f"{self._group.canonical}:{target}"
                of_names.append(Proposal(legacy, canonical, PATHS, evidence))
                if target != one.name:
                    names[one.name] = target
        yield from factories
        if self._is_all(module, paths) and not any(one.objection for one in of_names):
            why = f"all of its public names are {self._group.name}; {_used_by(paths)}"
            yield Proposal(module, self._group.canonical, PATHS, (why,), names=names)
        else:
            yield from of_names

    def _is_all(self, module: str, paths: list[ImportPath]) -> bool:
        """Return whether a module has nothing else, and is no package."""
        located = self._layout.locator.locate(module)
        if located is None or located.kind != "module":
            return False
        own = self._layout.names.names_of(located).own
        public = {name for name in own if not name.startswith("_")}
        return public <= {one.name for one in paths}

    def _why(self, one: ImportPath) -> str:
        if one.role == "wrapper":
            return f"{one.file}:{one.line} leads to {self._group.canonical}"
        if one.role == "other wrapper":
            return f"{one.file}:{one.line} leads to what {self._group.canonical} has"
        return f"{one.file}:{one.line} is defined apart"

    def _target(self, one: ImportPath) -> str | None:
        """Return the name of the canonical module that replaces a path."""
        if isinstance(one.node, Function):
            return self._called_by(one, one.node)
        if one.name in self._canonical:
            return one.name
        exact = [name for name in self._canonical if normal(name) == normal(self._group.name)]
        classes = [name for name in exact if self._class_of(name) is not None] or [
            name for name in self._canonical if self._class_of(name) is not None
        ]
        methods = _methods(one.node)
        for name in classes:
            others = _methods(self._class_of(name))
            shared = len(methods & others)
            if shared and shared >= _FEWEST_SHARED * min(len(methods), len(others)):
                return name
        return None

    def _called_by(self, one: ImportPath, node: Function) -> str | None:
        """Return the canonical name that a function calls, under whatever name it knows it."""
        bindings = self._group.bindings[one.module].inside(node)
        known = {self._end(Target(self._group.canonical, name)): name for name in self._canonical}
        for call in ast.walk(node):
            if isinstance(call, ast.Call):
                target = bindings.resolve(call.func)
                if target is not None and self._end(target) in known:
                    return known[self._end(target)]
        same = self._canonical.get(one.name)
        return one.name if same is not None and same.kind == "function" else None

    def _end(self, target: Target) -> tuple[str, int] | None:
        """Return the place of the definition that a name leads to."""
        found = self._layout.definitions.find(str(target)) if target.name else None
        return found.place if found is not None and found.line else None

    def _class_of(self, name: str) -> ast.stmt | None:
        """Return the class that a name of the canonical module stands for."""
        found = self._layout.definitions.find(f"{self._group.canonical}:{name}")
        if found.kind != "class":
            return None
        for one in self._group.paths:
            if (one.module, one.line) == found.place and one.kind == "class":
                return one.node
        return None

    def _differs(self, one: ImportPath, target: str) -> bool:
        """Return whether calls of a function would mean something else under the new name."""
        if not isinstance(one.node, Function):
            return False
        legacy = self._layout.definitions.find(f"{one.module}:{one.name}")
        canonical = self._layout.definitions.find(f"{self._group.canonical}:{target}")
        if canonical.kind == "class":
            return True
        if legacy.parameters is None or canonical.parameters is None:
            return False
        return any(differences("old", legacy.parameters, "new", canonical.parameters))

    def _factory(self, one: ImportPath, target: str, evidence: tuple[str, ...]) -> Proposal:
        legacy, canonical = f"{one.module}:{one.name}", f"{self._group.canonical}:{target}"
        own = self._layout.definitions.find(legacy).parameters
        taken = self._layout.definitions.find(canonical).parameters
        unknown = [name for name in own.names if name not in taken.names] if own and taken else []
        if unknown:
            names = ", ".join(unknown)
            evidence = (*evidence, f"left out, as {target} has no such parameter: {names}")
        return Proposal(
            legacy,
            canonical,
            PATHS,
            evidence,
            is_factory=True,
            arguments=dict.fromkeys(unknown, ""),
        )


def _methods(node: ast.stmt | None) -> set[str]:
    body = node.body if isinstance(node, ast.ClassDef) else []
    found = {one.name for one in body if isinstance(one, Function)}
    return {name for name in found if not name.startswith("__")}


def _used_by(paths: list[ImportPath]) -> str:
    callers = {caller for one in paths for caller in one.callers}
    tests = sum(caller.is_test for caller in callers)
    if not callers:
        return "no callers"
    used = counted(len(callers), "caller")
    return f"{used}, {'all' if tests == len(callers) else tests} in tests" if tests else used
