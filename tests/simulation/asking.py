"""Questions to the real verdict, over the real store and a real map."""

from collections.abc import Iterator
from pathlib import Path

from enforcer.evidence import read_verdicts
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap
from tests.simulation.judging import Answer
from tests.simulation.source import rule_of
from tests.simulation.world import DAY, World


class Questions:
    """The questions to one store."""

    def __init__(self, world: World, store: Path) -> None:
        """Prepare; the map is written beside the store."""
        self._world = world
        self._store = store
        self._maps: dict[tuple[int, ...], MigrationMap] = {}

    def ask(self, time: int) -> Iterator[Answer]:
        """Yield the answer for each rule that is in the map at a time."""
        numbers = tuple(n for n, added in enumerate(self._world.rules) if added <= time)
        if numbers not in self._maps:
            self._maps[numbers] = self._map(numbers)
        verdicts = read_verdicts(str(self._store), self._maps[numbers], time)
        for number, verdict in zip(numbers, verdicts, strict=True):
            unmet = tuple(one.name for one in verdict.conditions if not one.is_met)
            yield Answer(number, time, verdict.can_go, unmet, verdict.answer)

    def _map(self, numbers: tuple[int, ...]) -> MigrationMap:
        """Write the map that the team has, and load it."""
        file = self._store.parent / f"enforcer-{len(self._maps)}.toml"
        file.write_text("\n".join(self._lines(numbers)), "utf-8")
        return load_map(str(file), environ={})

    def _lines(self, numbers: tuple[int, ...]) -> Iterator[str]:
        jobs = [
            f'{{ service = "{service.name}", every = "{-(-service.every // DAY)}d" }}'
            for service in self._world.services.values()
            if service.every and service.is_declared
        ]
        expected = ", ".join(f'"{name}"' for name in self._world.expected)
        yield "[enforcer]"
        yield f'store = "{self._store.name}"'
        yield f"expected_services = [{expected}]"
        yield f"jobs = [{', '.join(jobs)}]"
        for number in numbers:
            rule = rule_of(number)
            yield "[[rule]]"
            yield f'legacy = "{rule.legacy}"'
            yield f'canonical = "{rule.canonical}"'
            yield f'stage = "{rule.stage}"'
