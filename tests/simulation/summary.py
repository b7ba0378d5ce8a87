"""The summary of many judgements, for people."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.simulation.faults import FAULTS
from tests.simulation.judging import Judgement, Mistake
from tests.simulation.world import World

CONDITIONS = ("source", "installed", "quiet", "watched", "maps", "complete")
"""The names of the six conditions."""

LEAST_IN_TIME = 0.95
"""The share of dead rules that must have their yes in time."""

LEAST_SEEDS = 30
"""In how many seeds each kind of fault is, and each condition is needed."""

_SHOWN = 20


@dataclass(slots=True)
class Summary:
    """What came out of a run of many seeds."""

    judgements: list[Judgement] = field(default_factory=list)

    @property
    def wrong(self) -> list[Mistake]:
        """The wrong yeses."""
        return [one for judgement in self.judgements for one in judgement.wrong]

    @property
    def late(self) -> list[Mistake]:
        """The dead rules without a yes when it was due."""
        return [one for judgement in self.judgements for one in judgement.late]

    @property
    def dead(self) -> int:
        """How many dead rules had to get their yes."""
        return sum(judgement.dead for judgement in self.judgements)

    @property
    def in_time(self) -> float:
        """The share of dead rules that got their yes in time."""
        return 1 - len(self.late) / self.dead if self.dead else 1.0

    @property
    def without(self) -> Counter[str]:
        """How many yeses would be wrong with one condition switched off, by its name."""
        counts: Counter[str] = Counter()
        for judgement in self.judgements:
            counts.update({name: len(wrong) for name, wrong in judgement.without.items()})
        return counts

    @property
    def faults(self) -> Counter[str]:
        """In how many seeds each kind of fault was."""
        return Counter(
            dict.fromkeys(FAULTS, 0)
            | Counter(fault for judgement in self.judgements for fault in judgement.faults)
        )

    @property
    def mistakes(self) -> list[str]:
        """What must not be, in words; empty if all is well."""
        is_large = len(self.judgements) >= LEAST_SEEDS
        missing = [name for name, count in self.faults.items() if is_large and not count]
        needless = [name for name in CONDITIONS if is_large and not self.without[name]]
        return [
            *(["a yes was wrong"] if self.wrong else ()),
            *(["too many yeses came late"] if self.in_time < LEAST_IN_TIME else ()),
            *(f"no seed has the fault {name}" for name in missing),
            *(f"the condition {name} refused nothing that others let pass" for name in needless),
        ]

    def lines(self) -> Iterator[str]:
        """Yield the summary, line by line."""
        of = self.judgements
        seconds = sum(judgement.seconds for judgement in of)
        processes = sum(judgement.processes for judgement in of) / max(len(of), 1)
        questions = sum(judgement.questions for judgement in of)
        yeses = sum(judgement.yeses for judgement in of)
        yield f"{len(of)} seeds of {processes:,.0f} processes; {questions:,} answers, {yeses:,} yes"
        yield f"wrong yeses: {len(self.wrong)}"
        yield from _mistakes(self.wrong)
        missed = len(self.late)
        yield f"dead rules with their yes in time: {self.in_time:.1%} of {self.dead:,}"
        yield from _mistakes(self.late)
        if missed > _SHOWN:
            reasons = Counter((one.story, one.answer, one.unmet) for one in self.late)
            for (story, answer, unmet), count in reasons.most_common(_SHOWN):
                yield f"  {count} times {story}: {answer}, {', '.join(unmet)}"
        yield "wrong yeses with one condition switched off:"
        for name in CONDITIONS:
            yield f"  {name}: {self.without[name]}"
        yield "seeds with each kind of fault:"
        for name, count in sorted(self.faults.items()):
            yield f"  {name}: {count}"
        yield f"{seconds / max(len(of), 1):.2f} s of processor time for a seed"
        for mistake in self.mistakes:
            yield f"error: {mistake}"


def _mistakes(mistakes: Iterable[Mistake]) -> Iterator[str]:
    for one in list(mistakes)[:_SHOWN]:
        yield (
            f"  seed {one.seed}, rule {one.rule} ({one.story}), day {World.day(one.asked):.2f}: "
            f"{one.answer} ({', '.join(one.unmet)}), {one.truth}"
        )
