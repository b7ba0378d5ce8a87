"""Count the hosts on which each rule has which stage."""

from collections import defaultdict
from collections.abc import Mapping

from enforcer.rules.stages import STAGES
from enforcer.store.queries import Span, StoreReader


def stages_on_hosts(reader: StoreReader, span: Span) -> dict[str, dict[str, int]]:
    """Count, by legacy path, the hosts by the stage that the rule has there.

    What a service had last on a host counts, so a host with two services may have two stages;
    and only hosts that were there within a day before the last one.

    Args:
        reader: reads the store.
        span: whose processes.

    Returns:
        The number of hosts by stage, the mildest stage first.

    """
    hosts: defaultdict[str, set[str]] = defaultdict(set)
    for one in reader.hosts(span):
        hosts[one.digest].add(one.host)
    digests: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for digest in hosts:
        for rule in reader.map_rules(digest):
            digests[rule.legacy][rule.stage].append(digest)
    # Most rules have the same stage in the same sets: each union is made once.
    sizes: dict[tuple[str, ...], int] = {}

    def size(of: list[str]) -> int:
        key = tuple(of)
        if key not in sizes:
            sizes[key] = len(set().union(*(hosts[digest] for digest in of)))
        return sizes[key]

    return {
        legacy: {stage: size(found[stage]) for stage in sorted(found, key=severity)}
        for legacy, found in digests.items()
    }


def severity(stage: str) -> int:
    """Order stages from the mildest to the hardest; one that is not known comes last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def words(hosts: Mapping[str, int]) -> str:
    """Write the hosts of each stage: ``observe on 9 hosts, alias on 1 host``."""
    return ", ".join(
        f"{stage} on {count:,} host{'' if count == 1 else 's'}" for stage, count in hosts.items()
    )
