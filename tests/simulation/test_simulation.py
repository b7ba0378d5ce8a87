"""The verdicts on a simulated fleet agree with what really happens, and the judge would notice.

CI runs 30 fleets: ``make simulation SEEDS=30``.
"""

from tests.simulation.generation import generate
from tests.simulation.judging import Answer, judge
from tests.simulation.running import run
from tests.simulation.summary import Summary
from tests.simulation.world import BEGIN, DAY, END, World


def test_a_fleet() -> None:
    """Real recorder, store and verdict: no yes is wrong, none is late, and some would be wrong."""
    summary = Summary([run(11)])

    assert not summary.wrong
    assert not summary.late
    assert summary.dead
    assert summary.without["quiet"]


def test_a_seed_is_the_same_each_time() -> None:
    """So a mistake can be looked at by the number of its seed."""
    assert generate(1) == generate(1)
    assert generate(1) != generate(2)


def _alive(world: World) -> int:
    return world.stories.index("alive")


def test_the_judge_notices_a_wrong_yes() -> None:
    """The yes comes while the rule is used each day."""
    world = generate(1)
    yes = Answer(_alive(world), BEGIN + 60 * DAY, can_go=True, unmet=(), answer="can_go")
    no = Answer(_alive(world), BEGIN + 60 * DAY, can_go=False, unmet=("quiet",), answer="in_use")
    judgement = judge(world, [yes, no])

    assert [one.rule for one in judgement.wrong] == [_alive(world)]
    assert list(judgement.without) == ["quiet"]


def test_the_judge_notices_a_missing_yes() -> None:
    """Nobody uses the rule, and whoever asks is told no."""
    world = generate(1)
    rule = world.stories.index("unused")
    times = [time for time in world.asks if time < END]
    answers = [Answer(rule, time, can_go=False, unmet=("source",), answer="no") for time in times]

    assert [one.rule for one in judge(world, answers).late] == [rule]


def test_a_fleet_has_its_size() -> None:
    """Two thousand processes of forty services in 120 days."""
    world = generate(7)

    assert len(world.services) >= 40
    assert len(world.lives) >= 1_900
    assert END - BEGIN == 120 * DAY
