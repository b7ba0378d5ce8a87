"""Verdicts on instances: one for each key, and none shared between keys."""

from collections.abc import Iterator
from typing import Final

from enforcer.output.words import counted
from enforcer.verification.facts import Called
from enforcer.verification.model import INSTANCES, SHARING, Case, Outcome, Result
from enforcer.verification.seen import NOBODY, Seen, count, dotted, last, sites

_KEYLESS: Final = "is called without a key"
_RAISES: Final = 'Such a call raises an InstanceError. Pass a key, or write missing = "own".'


def judge_instances(seen: Seen) -> Result:
    """Judge whether one key has one instance on every path."""
    cases = [case for rule in seen.job.instances for case in _instances_of(seen, rule.canonical)]
    made = {call.number for call in seen.main.values() if call.number}
    keys = len({call.rule for call in seen.main.values() if call.number})
    keyless = sum(map(len, seen.source.keyless.values()))
    paths = counted(sum(case.cause != _KEYLESS for case in cases), "path")
    summary = f"{paths}, {counted(len(made), 'instance')} for {counted(keys, 'key')}"
    if keyless:
        summary += f", and {counted(keyless, 'call')} without a key"
    if not cases:
        summary = "the map has no [[instances]]"
    return Result(INSTANCES, summary, tuple(cases))


def _instances_of(seen: Seen, rule: str) -> Iterator[Case]:
    canonical = seen.main.get(rule)
    if canonical is None:
        yield Case(dotted(rule), Outcome.UNVERIFIED, seen.look(rule).error or NOBODY)
        return
    names = _Numbered("instance")
    for call in seen.main.values():
        if call.rule == rule:
            yield _instance_case(call, canonical, names)
    keyless = seen.source.keyless.get(rule)
    if keyless:
        said = f"is called without a key in {sites(keyless)}"
        yield Case(dotted(rule), Outcome.VIOLATED, said, cause=_KEYLESS, impact=_RAISES)


def _instance_case(call: Called, canonical: Called, names: "_Numbered") -> Case:
    shown = dotted(call.path)
    if call.untried:
        return Case(shown, Outcome.UNVERIFIED, call.untried)
    if call.refused:
        return Case(shown, Outcome.PASSED, "refused: nobody can call it")
    if call.error:
        # If the canonical path itself fails, the sample is probably wrong, not the program.
        outcome = Outcome.UNVERIFIED if call is canonical else Outcome.VIOLATED
        return Case(shown, outcome, f"raises {call.error}")
    is_same = call.number == canonical.number
    outcome = Outcome.PASSED if is_same else Outcome.VIOLATED
    return Case(shown, outcome, f"gives {names.of(call.number)}, of {last(call.shown)}")


def judge_sharing(seen: Seen) -> Result:
    """Judge whether threads and tasks share the instance of a key, and keys share none."""
    cases = [case for rule in seen.job.instances for case in _sharing_of(seen, rule.canonical)]
    wrong = count(cases, Outcome.VIOLATED)
    calls = [call for call in seen.called if call.number]
    summary = f"{counted(len(calls), 'request')} by threads and tasks"
    if wrong:
        checks = counted(len(cases), "check")
        summary += f", {wrong} of {checks} {'fails' if wrong == 1 else 'fail'}"
    return Result(SHARING, summary if cases else "the map has no [[instances]]", tuple(cases))


def _sharing_of(seen: Seen, rule: str) -> Iterator[Case]:
    canonical = seen.main.get(rule)
    if canonical is None or not canonical.number:
        yield Case(dotted(rule), Outcome.UNVERIFIED, "it could not be called")
        return
    calls = [
        call for call in seen.called if call.rule == rule and not (call.untried or call.refused)
    ]
    for key in dict.fromkeys(call.key for call in calls if call.key is not None):
        of_key = [call for call in calls if call.key == key]
        if len(of_key) > 1:
            yield _shared(rule, of_key)
    yield _apart(rule, calls)
    kept = {call.number for call in calls if call.number and call.key is not None}
    optional = {sampled.canonical for sampled in seen.job.instances if not sampled.is_required}
    for call in calls:
        if call.key is None:
            is_own = rule in optional and call.number not in kept
            yield _without_key(rule, call, is_own=is_own)


def _shared(rule: str, calls: list[Called]) -> Case:
    """Judge all calls for one key."""
    shown = dotted(rule)
    failed = [call for call in calls if call.error]
    contexts = ", ".join(dict.fromkeys(call.context for call in calls))
    if failed:
        seen = f"raises {failed[0].error} in {failed[0].context}"
        return Case(shown, Outcome.VIOLATED, seen)
    different = len({call.number for call in calls})
    if different > 1:
        seen = f"one key gets {different} instances in {len(calls)} requests ({contexts})"
        return Case(shown, Outcome.VIOLATED, seen)
    requests = counted(len(calls), "request")
    return Case(shown, Outcome.PASSED, f"one key gets one instance in {requests} ({contexts})")


def _apart(rule: str, calls: list[Called]) -> Case:
    """Judge that keys don't share an instance."""
    keys_of: dict[int, set[str]] = {}
    for call in calls:
        if call.number and call.key is not None:
            keys_of.setdefault(call.number, set()).add(call.key)
    if any(len(keys) > 1 for keys in keys_of.values()):
        return Case(dotted(rule), Outcome.VIOLATED, "two keys share an instance")
    return Case(dotted(rule), Outcome.PASSED, "no two keys share an instance")


def _without_key(rule: str, call: Called, *, is_own: bool) -> Case:
    if call.number and is_own:
        return Case(dotted(rule), Outcome.PASSED, "gives an instance of its own without a key")
    if call.number:
        return Case(dotted(rule), Outcome.VIOLATED, "gives an instance without a key")
    return Case(dotted(rule), Outcome.PASSED, "gives nothing without a key")


class _Numbered:
    """Names for objects, numbered in the order in which they come."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._numbers: dict[int, int] = {}

    def of(self, number: int) -> str:
        return f"{self._what} {self._numbers.setdefault(number, len(self._numbers) + 1)}"
