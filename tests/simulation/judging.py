"""The judge of verdicts: which yeses were wrong, and which came too late.

A yes is wrong if the path is really used in production afterwards. Two uses are nobody's fault: one
by a caller that was deployed after the yes, and one by an undeclared job whose period is
longer than the history of the store.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.simulation.due import GRACE, due
from tests.simulation.world import RealUse, World


@dataclass(frozen=True, slots=True)
class Answer:
    """What the verdict said of one rule at one time.

    Attributes:
        rule: the number of the rule.
        time: when it was asked for.
        can_go: whether it said yes.
        unmet: the names of the conditions that were not met.
        answer: the verdict's word.

    """

    rule: int
    time: int
    can_go: bool
    unmet: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong or a late answer."""

    seed: int
    rule: int
    story: str
    asked: int
    truth: str
    answer: str
    unmet: tuple[str, ...] = ()


@dataclass(slots=True)
class Judgement:
    """What is to be said of the answers of one seed.

    Attributes:
        seed: its number.
        faults: the kinds of faults in it.
        processes: how many processes there were.
        questions: how many answers were judged.
        yeses: how many of them were a yes.
        wrong: the wrong yeses.
        without: the wrong yeses if one condition were switched off, by its name.
        dead: how many rules had to get a yes.
        late: those that did not.
        seconds: the processor time that it took.

    """

    seed: int
    faults: set[str]
    processes: int = 0
    questions: int = 0
    yeses: int = 0
    wrong: list[Mistake] = field(default_factory=list)
    without: dict[str, list[Mistake]] = field(default_factory=dict)
    dead: int = 0
    late: list[Mistake] = field(default_factory=list)
    seconds: float = 0.0


def judge(world: World, answers: Iterable[Answer]) -> Judgement:
    """Return the judgement on the answers of one seed."""
    judgement = Judgement(world.seed, world.faults, len(world.lives))
    uses = [world.production_uses(rule) for rule in range(len(world.rules))]
    dues = [due(world, rule) for rule in range(len(world.rules))]
    last_words: dict[int, Answer] = {}
    judgement.dead = sum(limit is not None for limit in dues)
    for answer in answers:
        judgement.questions += 1
        judgement.yeses += answer.can_go
        use = next(_proofs(world, uses[answer.rule], answer.time), None)
        if use is not None:
            _count_wrong(judgement, world, answer, use)
        limit = dues[answer.rule]
        if limit is not None and limit - GRACE < answer.time <= limit:
            before = last_words.get(answer.rule)
            if before is None or not before.can_go:
                last_words[answer.rule] = answer
    judgement.late = [
        _mistake(world, answer, "nobody uses it any more")
        for answer in last_words.values()
        if not answer.can_go
    ]
    return judgement


def _count_wrong(judgement: Judgement, world: World, answer: Answer, use: RealUse) -> None:
    mistake = _mistake(world, answer, f"used {world.day(use.time):.2f}")
    if answer.can_go:
        judgement.wrong.append(mistake)
    elif len(answer.unmet) == 1:
        judgement.without.setdefault(answer.unmet[0], []).append(mistake)


def _proofs(world: World, uses: list[RealUse], asked: int) -> Iterator[RealUse]:
    """Yield the uses after a time that prove a yes wrong."""
    for use in uses:
        caller = world.callers[use.caller]
        is_excused = not caller.is_declared and caller.period > world.history(asked)
        if use.time > asked >= world.deployed(caller) and not is_excused:
            yield use


def _mistake(world: World, answer: Answer, truth: str) -> Mistake:
    return Mistake(
        world.seed,
        answer.rule,
        world.stories[answer.rule],
        answer.time,
        truth,
        answer.answer,
        answer.unmet,
    )
