"""Selection of proposals that can be in one map, beside the rules that it has.

The first proposal for a path wins. What contradicts another rule is not dropped in silence: it gets
an objection, with which it is written as a comment.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from enforcer.discovery.proposal import Proposal, module_of
from enforcer.rules.model import NAME, TREE_SUFFIX, MigrationMap

_MOST_STEPS: Final = 64


class Selection:
    """Proposals of which each fits to the rules of a map, and to the ones before it."""

    def __init__(self, migration_map: MigrationMap | None = None) -> None:
        """Start with the rules that a map has."""
        self._known: dict[str, str] = {}
        self._covered: dict[str, str] = {}
        self._chosen: dict[str, Proposal] = {}
        self.skipped = 0
        for rule in migration_map or ():
            if hasattr(rule, "legacy"):
                self._known[rule.legacy] = rule.canonical
        for rule in migration_map.rules if migration_map is not None else ():
            if rule.kind != NAME and not rule.implementation:
                self._covered[rule.module] = rule.target

    def choose(self, proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
        """Return the proposals that a map could have, wider ones first.

        Args:
            proposals: all that was found, the most certain source first.

        """
        # Modules before names: a rule for a name can't be inside a legacy module.
        for proposal in sorted(proposals, key=lambda one: one.is_of_name):
            if proposal.legacy == proposal.canonical:
                continue
            if proposal.legacy in self._known:
                self.skipped += 1
            elif proposal.legacy in self._chosen:
                self._merge(proposal)
            else:
                self._add(proposal)
        return tuple(map(self._settled, self._chosen.values()))

    def _merge(self, other: Proposal) -> None:
        """Add the evidence of another proposal for the same path."""
        first = self._chosen[other.legacy]
        evidence = other.evidence
        if other.canonical != first.canonical:
            evidence = tuple(f"another candidate is {other.canonical}: {one}" for one in evidence)
        self._chosen[other.legacy] = replace(
            first,
            evidence=(*first.evidence, *evidence),
            since=first.since or other.since,
            names={**other.names, **first.names}
            if other.canonical == first.canonical
            else first.names,
        )

    def _add(self, proposal: Proposal) -> None:
        if proposal.kind == NAME:
            above = self._above(proposal.module)
            if above:
                self._join(proposal, above)
                return
        elif not proposal.is_of_name and not proposal.implementation and not proposal.objection:
            self._covered[proposal.module] = module_of(proposal.canonical)
        self._chosen[proposal.legacy] = proposal

    def _above(self, module: str) -> str:
        """Return the legacy module or tree that a module is in; empty if it is in none."""
        while module and module not in self._covered:
            module = module.rpartition(".")[0]
        return module

    def _join(self, proposal: Proposal, above: str) -> None:
        """Make a name of a legacy module part of that module's rule, if it leads there too."""
        _, _, old = proposal.legacy.partition(":")
        target, _, new = proposal.canonical.partition(":")
        whole = self._chosen.get(above) or self._chosen.get(f"{above}{TREE_SUFFIX}")
        if proposal.module == above and target == self._covered[above]:
            if old != new and whole is not None:
                names = {old: new, **whole.names}
                self._chosen[whole.legacy] = replace(whole, names=names)
            return
        objection = f"{above} moves as a whole to {self._covered[above]}"
        self._chosen[proposal.legacy] = replace(proposal, objection=objection)

    def _settled(self, proposal: Proposal) -> Proposal:
        """Return a proposal whose canonical path is the final one."""
        if proposal.objection:
            return proposal
        path, seen = proposal.canonical, {proposal.legacy}
        for _ in range(_MOST_STEPS):
            following = self._next(path, proposal)
            if following is None:
                break
            if following in seen:
                return replace(proposal, objection=f"it goes in a circle with {path}")
            seen.add(path)
            path = following
        evidence = proposal.evidence
        if path != proposal.canonical:
            evidence = (*evidence, f"{proposal.canonical} is itself legacy")
        if f"{module_of(path)}.".startswith(f"{proposal.module}.") and not proposal.is_of_name:
            return replace(proposal, objection=f"{path} is below it")
        return replace(proposal, canonical=path, evidence=evidence)

    def _next(self, path: str, proposal: Proposal) -> str | None:
        """Return where a rule leads a path to; None if it is canonical."""
        chosen = self._chosen.get(path)
        if chosen is not None and not chosen.objection and not chosen.is_factory:
            return chosen.canonical
        if path in self._known:
            return self._known[path]
        if proposal.is_factory:
            return None
        module, colon, name = path.removesuffix(TREE_SUFFIX).partition(":")
        suffix = TREE_SUFFIX if path.endswith(TREE_SUFFIX) else ""
        above = self._above(module)
        if not above or above == proposal.module:
            return None
        return f"{self._covered[above]}{module[len(above) :]}{colon}{name}{suffix}"
