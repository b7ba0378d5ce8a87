"""Services whose processes had different maps at the same time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from enforcer.store.queries import NoticeOf, WatchedMap

KIND = "maps"


def map_differences(maps: Iterable[WatchedMap]) -> Iterator[NoticeOf]:
    """Yield a notice for each service that had two maps at once.

    Then one path may lead to two definitions, and one process refuses what another one allows.
    Differences that a ``[[stage]]`` table of one map makes are intended.

    Args:
        maps: the maps that services watched, and when.

    """
    of_service: defaultdict[tuple[str, str], list[WatchedMap]] = defaultdict(list)
    for one in maps:
        if one.digest:
            of_service[one.service, one.environment].append(one)
    for (service, environment), watched in sorted(of_service.items()):
        together = {
            one.family
            for pair in combinations(watched, 2)
            if pair[0].family != pair[1].family and _overlap(*pair)
            for one in pair
        }
        if together:
            name = f'"{service}"' if service else "without a name"
            where = f' in "{environment}"' if environment else ""
            processes = sum(one.processes for one in watched if one.family in together)
            text = (
                f"the service {name}{where} had {len(together)} migration maps in the same time. "
                "Restart it, so that one path means one thing (maps-differ)"
            )
            yield NoticeOf(KIND, service, text, processes)


def _overlap(one: WatchedMap, other: WatchedMap) -> bool:
    return one.since < other.till and other.since < one.till
