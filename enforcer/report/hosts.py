"""Hosts by stage: on how many hosts each rule has which stage."""

from collections import defaultdict
from collections.abc import Mapping

from enforcer.output.words import counted
from enforcer.rules.stages import STAGES
from enforcer.store.queries import Span, StoreReader


def stages_on_hosts(reader: StoreReader, span: Span) -> dict[str, dict[str, int]]:
    """Count the hosts of each rule by the stage that it has there, by legacy path.

    On each host a service's newest map counts, so a host with two services may have two stages; and
    only hosts that were alive within a day before the last heartbeat.

    Args:
        reader: the store's reader.
        span: the processes to count.

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
    # Most rules have the same stage in the same sets: cache each union.
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
    """Return a sort key from the mildest stage to the hardest; an unknown one comes last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def words(hosts: Mapping[str, int]) -> str:
    """Return the hosts of each stage as text: ``observe on 9 hosts, alias on 1 host``."""
    return ", ".join(f"{stage} on {counted(count, 'host')}" for stage, count in hosts.items())
