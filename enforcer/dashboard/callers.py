"""Filter and group call sites by file, package, distribution or owner."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from enforcer.dashboard.filters import NONE
from enforcer.dashboard.look import Caller
from enforcer.verdict.code_kind import OTHERS, OWN_CODE, TESTS

OWN_DISTRIBUTION: Final = "(own code)"

GROUPS: Final[dict[str, Callable[[Caller], tuple[str, ...]]]] = {
    "file": lambda caller: (caller.site.file,),
    "package": lambda caller: (caller.package,),
    "distribution": lambda caller: (
        ((caller.site.distribution or NONE) if caller.whose == OTHERS else OWN_DISTRIBUTION),
    ),
    "owner": lambda caller: caller.responsible,
}
"""What callers can be grouped by, and a caller's groups: a file may have several owners."""

WHOSE: Final = {
    "": "all code",
    OWN_CODE: "own code",
    TESTS: "tests only",
    OTHERS: "third party",
}
"""The choices of whose code to show."""


def choose(callers: Iterable[Caller], params: Mapping[str, str]) -> list[Caller]:
    """Return the callers that a URL asks for: by group, and own code, tests or third party."""
    chosen = {key: params[key] for key in GROUPS if key != "owner" and params.get(key)}
    whose = params.get("whose", "")
    return [
        caller
        for caller in callers
        if whose in ("", caller.whose)
        and all(value in GROUPS[key](caller) for key, value in chosen.items())
    ]


def grouped(callers: Iterable[Caller], by: str) -> dict[str, list[Caller]]:
    """Group callers; the group with most uses comes first."""
    groups: defaultdict[str, list[Caller]] = defaultdict(list)
    for caller in callers:
        for name in GROUPS[by](caller):
            groups[name].append(caller)
    uses = {name: sum(each.site.uses for each in members) for name, members in groups.items()}
    return dict(sorted(groups.items(), key=lambda item: (-uses[item[0]], item[0])))
