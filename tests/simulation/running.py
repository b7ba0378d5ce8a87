"""Runs of seeds: generate a world, play it, ask for verdicts, and judge them."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from tests.simulation.asking import Questions
from tests.simulation.generation import generate
from tests.simulation.judging import Answer, Judgement, judge
from tests.simulation.playing import Player


def run(seed: int) -> Judgement:
    """Return the judgement on one seed."""
    began = process_time()
    world = generate(seed)
    answers: list[Answer] = []
    with TemporaryDirectory(prefix="enforcer-simulation-") as folder:
        store = Path(folder, "uses.db")
        questions = Questions(world, store)
        Player(world, str(store)).play(lambda time: answers.extend(questions.ask(time)))
    judgement = judge(world, answers)
    judgement.seconds = process_time() - began
    return judgement


def run_all(seeds: Iterable[int], jobs: int) -> Iterator[Judgement]:
    """Yield the judgements on many seeds, in any order.

    Args:
        seeds: their numbers.
        jobs: how many processes to use.

    """
    # "spawn": each process imports the enforcer anew, whatever this one has in memory.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(run, seeds, chunksize=1)
