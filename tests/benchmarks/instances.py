"""Measure what it costs to get an instance that is there already, by its key.

The measure is a plain dictionary look-up behind a function call. Beside it stand an ordinary
construction, and the least that a call of a class can do: a ``__new__`` that gives a constant and
an ``__init__`` that does nothing.
"""

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Times, interleave, nanoseconds, ratios
from tests.benchmarks.world import MAP_FILE

KEPT: Final = "kept"
PLAIN: Final = "plain"
LOOK_UP: Final = "dict look-up behind a function"
LEAST: Final = "the least that a class can do"
TARGET: Final = 3.0
LOOPS: Final = 2000
REPEATS: Final = 9

_THINGS: Final = """\
class Context:
    def __init__(self, user_id):
        self.user_id = user_id

class Thing:
    def __init__(self, user_context, mode=None):
        self.user_context = user_context
        self.mode = mode

class ByKey:
    def __init__(self, key, mode=None):
        self.key = key
        self.mode = mode

def get_thing(user_context, mode=None):
    return Thing(user_context, mode)

def get_by_key(key, mode=None):
    return ByKey(key, mode)
"""

_MAP: Final = """\
[enforcer]
root = "."
[[instances]]
canonical = "things:Thing"
key = "user_context.user_id"
[[instances]]
canonical = "things:ByKey"
key = "key"
[[instances]]
canonical = "things:get_thing"
key = "user_context.user_id"
[[instances]]
canonical = "things:get_by_key"
key = "key"
"""

_TIMED: Final = """\
from things import ByKey, Context, Thing, get_by_key, get_thing

context = Context("user")
TABLE = {"user": Thing(context)}

def look_up(key):
    return TABLE[key]

class Least:
    def __new__(cls, key):
        return LEAST

    def __init__(self, key):
        pass

LEAST = object.__new__(Least)

kept = [Thing(context), ByKey("user"), get_thing(context), get_by_key("user")]

"""

CASES: Final = {
    LOOK_UP: 'look_up("user")',
    "factory function, key in hand": 'get_by_key("user")',
    "factory function, user_context.user_id": "get_thing(context)",
    "class, key in hand": 'ByKey("user")',
    "class, user_context.user_id": "Thing(context)",
    LEAST: 'Least("user")',
}


def measure_instances(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time every way to a warm instance, and the same without the enforcer."""
    for variant in (PLAIN, KEPT):
        world = folder / variant
        world.mkdir(parents=True)
        (world / "things.py").write_text(_THINGS, encoding="utf-8")
        (world / MAP_FILE).write_text(_MAP, encoding="utf-8")
        (world / "timed.py").write_text(_TIMED + _cases(), encoding="utf-8")
        interpreter.compile(world)

    def measure(variant: str, number: int) -> Times:
        times: Times = interpreter.run(
            "instances",
            folder / variant,
            seed=number,
            enabled=variant == KEPT,
            loops=LOOPS,
            repeats=REPEATS,
        )
        return times

    return interleave((PLAIN, KEPT), rounds, measure)


def _cases() -> str:
    parts = ["CASES = {}"]
    for index, (name, call) in enumerate(CASES.items()):
        body = f"    for _ in range(loops):\n        {call}\n"
        parts.append(f"def case_{index}(loops):\n{body}CASES[{name!r}] = case_{index}\n")
    return "\n".join(parts)


def print_instances(console: Console, rounds: Rounds) -> None:
    """Print one row for each way to a warm instance."""
    compared = (LOOK_UP, LEAST)
    title = "A warm instance by its key, against a dict look-up behind a function"
    table = Table(title=title, title_justify="left")
    for heading in ("call", "time", f"/ look-up (target ≤ {TARGET}x)", "made anew / look-up"):
        table.add_column(heading, justify="left" if heading == "call" else "right")
    for case in CASES:
        own = _over_look_up(rounds[KEPT], case)
        plain = _over_look_up(rounds[PLAIN], case)
        verdict = "" if case in compared else (" met" if _median(own) <= TARGET else " MISSED")
        table.add_row(
            case,
            f"{nanoseconds(rounds, KEPT, case):.0f} ns",
            f"{_median(own):.2f}x{verdict}",
            f"{_median(plain):.2f}x",
        )
    console.print(table)
    against = ratios(rounds, KEPT, PLAIN, "class, user_context.user_id")
    console.print(f"A call of a kept class against an ordinary construction: {against}\n")


def _over_look_up(measured: list[Times], case: str) -> list[float]:
    return [times[case] / times[LOOK_UP] for times in measured]


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
