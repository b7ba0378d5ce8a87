"""Rules from git's history: modules and packages that were moved, and definitions that were."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Final

from enforcer.discovery.history import Change, Commit, History, Rename
from enforcer.discovery.layout import Layout, is_importable
from enforcer.discovery.proposal import GIT, Evidence, Proposal
from enforcer.output.words import counted

_FEWEST_ALIKE: Final = 0.6
"""Smallest similarity of two bodies; git's threshold for files is a half."""

_LEAST_OF_TREE: Final = 2
"""How many modules of a package have to be moved the same way to speak of the whole tree."""


def find_moves(history: History, layout: Layout) -> Evidence:
    """Return the rules that a history suggests."""
    found = dict(_moved_modules(history.renames, layout))
    moved = {old: end for old, end in found.items() if _says_something(old, *end, found, layout)}
    gone = {layout.module_of(file) for file in history.deleted if is_importable(file)}
    gone = {module for module in gone if module not in moved and not layout.has_module(module)}
    trees = dict(_trees(moved, gone, layout))
    rules = [*_tree_rules(trees, moved), *_module_rules(trees, moved)]
    names, notes = _Definitions(history, layout).find(moved)
    return Evidence((*rules, *names), (*history.notes, *notes))


# Modules.


def _moved_modules(
    renames: Iterable[Rename], layout: Layout
) -> Iterator[tuple[str, tuple[str, Rename]]]:
    """Yield each module that is gone, where it is now, and the rename that moved it first."""
    came_from: dict[str, list[tuple[str, Rename]]] = defaultdict(list)
    for rename in renames:
        # The earlier paths of a file that moved several times lead to its last place, too.
        came_from[rename.new] += [*came_from.pop(rename.old, []), (rename.old, rename)]
    for new, olds in came_from.items():
        if not (layout.root / new).is_file() or not is_importable(new):
            continue
        target = layout.module_of(new)
        for old, rename in olds:
            module = layout.module_of(old) if is_importable(old) else ""
            if module and target and module != target and not layout.has_module(module):
                yield module, (target, rename)


def _says_something(
    old: str, new: str, rename: Rename, moved: dict[str, tuple[str, Rename]], layout: Layout
) -> bool:
    """Return whether a rename is more than that of an ``__init__.py`` like any other.

    Most of them are nearly empty, and alike: git takes a new package's for that of a deleted one.
    """
    located = layout.locator.locate(new)
    if not rename.old.endswith("__init__.py") or located is None:
        return True
    if layout.names.names_of(located).own:
        return True
    return any(
        module.startswith(f"{old}.") and target == new + module[len(old) :]
        for module, (target, _) in moved.items()
    )


def _trees(
    moved: dict[str, tuple[str, Rename]], gone: set[str], layout: Layout
) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield each package most of which was moved, where to, and how many modules of it.

    Args:
        moved: the modules that were moved.
        gone: those that were deleted.
        layout: the program.

    """
    pairs: dict[tuple[str, str], int] = defaultdict(int)
    inside: dict[str, int] = defaultdict(int)
    for module in gone:
        for length in range(1, module.count(".") + 1):
            inside[".".join(module.split(".")[:length])] += 1
    for old, (new, _) in moved.items():
        before, after = old.split("."), new.split(".")
        for length in range(1, len(before)):
            inside[".".join(before[:length])] += 1
        shared = 0
        while shared < min(len(before), len(after)) - 1 and before[~shared] == after[~shared]:
            shared += 1
            pairs[".".join(before[:-shared]), ".".join(after[:-shared])] += 1
    found: dict[str, tuple[str, int]] = {}
    for (old, new), number in sorted(pairs.items(), key=lambda pair: (len(pair[0][0]), -pair[1])):
        is_whole = old in moved and moved[old][0] == new
        enough = number >= _LEAST_OF_TREE or is_whole
        mostly = number * 2 > inside[old]
        covered = any(
            old == top or (old.startswith(f"{top}.") and new == target + old[len(top) :])
            for top, (target, _) in found.items()
        )
        if enough and mostly and not covered and _is_gone(old, layout) and layout.is_own(new):
            found[old] = new, number
    yield from found.items()


def _is_gone(package: str, layout: Layout) -> bool:
    """Return whether nothing is left of a package; an empty folder is nothing."""
    located = layout.locator.locate(package)
    return located is None or (
        located.kind == "namespace" and not any(layout.locator.submodules(located))
    )


def _tree_rules(
    trees: dict[str, tuple[str, int]], moved: dict[str, tuple[str, Rename]]
) -> Iterator[Proposal]:
    for old, (new, number) in trees.items():
        rename = next(
            rename for module, (_, rename) in moved.items() if f"{module}.".startswith(f"{old}.")
        )
        evidence = f"{counted(number, 'module')} of it moved {rename.commit}"
        yield Proposal(f"{old}.*", f"{new}.*", GIT, (evidence,), since=rename.commit.day)


def _module_rules(
    trees: dict[str, tuple[str, int]], moved: dict[str, tuple[str, Rename]]
) -> Iterator[Proposal]:
    for module, (target, rename) in sorted(moved.items()):
        above = [top for top in trees if module == top or module.startswith(f"{top}.")]
        longest = max(above, key=len, default="")
        if longest and target == trees[longest][0] + module[len(longest) :]:
            continue
        evidence = f"{rename.old} became {rename.new} {rename.commit}, {rename.alike} % alike"
        yield Proposal(module, target, GIT, (evidence,), since=rename.commit.day)


# Definitions.


class _Definitions:
    """Finder of functions and classes that were moved to another module, or renamed."""

    def __init__(self, history: History, layout: Layout) -> None:
        self._history = history
        self._layout = layout
        self._modules: dict[str, str] = {}
        self._gone: dict[str, set[str]] = defaultdict(set)
        self._renamed = {rename.old: rename.new for rename in history.renames}
        self._added: dict[str, list[Change]] = defaultdict(list)
        self._in_hunk: dict[int, list[Change]] = defaultdict(list)
        for change in history.added:
            self._added[change.name].append(change)
            self._in_hunk[change.hunk].append(change)

    def find(self, moved: dict[str, tuple[str, Rename]]) -> tuple[list[Proposal], tuple[str, ...]]:
        """Return the rules for names, and for modules all of whose definitions went elsewhere."""
        steps: dict[tuple[str, str], tuple[str, str, Commit]] = {}
        for change in self._history.removed:
            if not change.name.startswith("_"):
                self._gone[self._module(change.file)].add(change.name)
            step = self._step_of(change)
            if step is not None:
                steps[self._module(change.file), change.name] = step
        names: list[Proposal] = []
        of_gone: dict[str, dict[str, tuple[str, str, Commit]]] = defaultdict(dict)
        for (module, name), step in steps.items():
            end = self._follow(module, name, steps)
            if end is None or module in moved or not self._is_left(module, name, end):
                continue
            if self._layout.has_module(module):
                names.append(_name_rule(module, name, end))
            elif self._layout.locator.locate(module) is None:
                of_gone[module][name] = *end[:2], step[2]
        modules, notes = self._dissolved(of_gone)
        return [*modules, *names], notes

    def _module(self, file: str) -> str:
        if file not in self._modules:
            known = self._layout.module_of(file) if is_importable(file) else ""
            self._modules[file] = known
        return self._modules[file]

    def _now(self, file: str) -> str:
        """Return the module that a file is today."""
        seen = {file}
        while file in self._renamed and self._renamed[file] not in seen:
            file = self._renamed[file]
            seen.add(file)
        return self._module(file)

    def _step_of(self, gone: Change) -> tuple[str, str, Commit] | None:
        """Return where a removed definition went, and when."""
        if gone.name.startswith("_") or not self._module(gone.file):
            return None
        alike = [
            (_alike(gone, change), change.commit == gone.commit, change)
            for change in self._added[gone.name]
            if change.kind == gone.kind and self._now(change.file) != self._now(gone.file)
        ]
        best = max(alike, key=lambda one: one[:2], default=None)
        if best is not None and best[0] >= _FEWEST_ALIKE:
            return self._now(best[2].file), gone.name, gone.commit
        return self._renamed_in_place(gone)

    def _renamed_in_place(self, gone: Change) -> tuple[str, str, Commit] | None:
        """Return the new name of a definition that the same lines have under another name."""
        names = {change.name for change in self._in_hunk[gone.hunk]}
        if gone.name in names:
            return None
        alike = {
            change.name: _alike(gone, change)
            for change in self._in_hunk[gone.hunk]
            if change.kind == gone.kind and not change.name.startswith("_")
        }
        best = max(sorted(alike), key=lambda name: alike[name], default="")
        # One definition in these lines, or bodies that prove it.
        if not best or alike[best] < _FEWEST_ALIKE:
            return None
        return self._now(gone.file), best, gone.commit

    def _follow(
        self, module: str, name: str, steps: dict[tuple[str, str], tuple[str, str, Commit]]
    ) -> tuple[str, str, Commit] | None:
        """Return where a name is defined today; None if it went on to nowhere."""
        commit = steps[module, name][2]
        seen: set[tuple[str, str]] = set()
        while (module, name) in steps and (module, name) not in seen:
            seen.add((module, name))
            module, name, _ = steps[module, name]
        located = self._layout.locator.locate(module) if module else None
        if located is None or name not in self._layout.names.names_of(located).own:
            return None
        return module, name, commit

    def _is_left(self, module: str, name: str, end: tuple[str, str, Commit]) -> bool:
        """Return whether the old path is legacy: not the public face of the new one."""
        located = self._layout.locator.locate(module)
        if located is None:
            return True
        if (module, name) == end[:2] or name in self._layout.names.names_of(located).own:
            return False
        is_face = end[0].startswith(f"{module}.") or end[0].rpartition(".")[2].startswith("_")
        return not (is_face and self._layout.names.has(module, name))

    def _dissolved(
        self, of_gone: dict[str, dict[str, tuple[str, str, Commit]]]
    ) -> tuple[list[Proposal], tuple[str, ...]]:
        """Return rules for modules that are gone, and whose definitions are all in another one."""
        rules, notes = [], []
        for module, ends in sorted(of_gone.items()):
            if len(ends) * 2 < len(self._gone[module]):
                continue  # most of it went nowhere: what did move says little of the module
            targets = {target for target, _, _ in ends.values()}
            if len(targets) > 1:
                where = ", ".join(f"{name} to {end[0]}" for name, end in sorted(ends.items()))
                notes.append(f"{module} is gone, and no single rule can replace it: {where}")
                continue
            commit = next(iter(ends.values()))[2]
            renamed = {name: end[1] for name, end in ends.items() if end[1] != name}
            evidence = f"{', '.join(sorted(ends))} moved {commit}, and the module is gone"
            rules.append(
                Proposal(module, targets.pop(), GIT, (evidence,), names=renamed, since=commit.day)
            )
        return rules, tuple(notes)


def _name_rule(module: str, name: str, end: tuple[str, str, Commit]) -> Proposal:
    target, new, commit = end
    if target == module:
        evidence = f"{name} was renamed {commit}"
    elif new == name:
        evidence = f"its definition moved {commit}"
    else:
        evidence = f"its definition moved and was renamed {commit}"
    return Proposal(f"{module}:{name}", f"{target}:{new}", GIT, (evidence,), since=commit.day)


def _alike(gone: Change, change: Change) -> float:
    """Return how similar two definitions are, from 0 to 1."""
    if not gone.body and not change.body:
        return float(_plain(gone.head) == _plain(change.head))
    before = [_plain(line) for line in (gone.head, *gone.body)]
    after = [_plain(line) for line in (change.head, *change.body)]
    return SequenceMatcher(None, before, after, autojunk=False).ratio()


def _plain(line: str) -> str:
    """Return a line without what a formatter changes: blanks, and the kind of quotes."""
    return "".join(line.split()).replace("'", '"')
