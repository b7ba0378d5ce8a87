"""Services by rule: which used it, and which watched it at all.

Only processes whose map has a rule are evidence that nobody used it: an older version of a service
has an older map, and a process may have left a rule out because of a mistake.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from enforcer.store.queries import ServiceUses, Span, StoreReader, WatchedMap


@dataclass(frozen=True, slots=True)
class RuleService:
    """One service, in one version and environment, with regard to a rule.

    Attributes:
        service: its name, or empty.
        version: its version, or empty.
        environment: where it is deployed, or empty.
        processes: how many of its processes had a map with the rule.
        unwatched: how many had a map without it, at a time when the rule was watched somewhere.
        since: when the first of its processes began to watch the rule; 0 if none did.
        till: the last heartbeat of any of them; 0 if none watched it.
        uses: how often it used the rule.

    """

    service: str
    version: str
    environment: str
    processes: int = 0
    unwatched: int = 0
    since: int = 0
    till: int = 0
    uses: int = 0

    @property
    def name(self) -> str:
        """Its name with version and environment, for people."""
        name = " ".join(filter(None, (self.service or "a service without a name", self.version)))
        return f"{name} in {self.environment}" if self.environment else name


def rule_services(reader: StoreReader, span: Span) -> dict[str, tuple[RuleService, ...]]:
    """Return the services of each rule, by legacy path, sorted by service."""
    maps = [one for one in reader.maps(span) if one.digest]
    rules = {
        digest: frozenset(rule.legacy for rule in reader.map_rules(digest))
        for digest in {one.digest for one in maps}
    }
    # Most rules are in the same maps: cache each sum.
    digests: defaultdict[str, list[str]] = defaultdict(list)
    for digest in sorted(rules):
        for legacy in rules[digest]:
            digests[legacy].append(digest)
    sums: dict[tuple[str, ...], tuple[RuleService, ...]] = {}
    for found in {tuple(found) for found in digests.values()}:
        sums[found] = tuple(_of_maps(maps, frozenset(found)))
    uses: defaultdict[str, list[ServiceUses]] = defaultdict(list)
    for row in reader.service_uses(span):
        uses[row.legacy].append(row)
    services = {legacy: sums[tuple(found)] for legacy, found in digests.items()}
    return {
        legacy: tuple(_with_uses(services.get(legacy, ()), uses[legacy]))
        if legacy in uses
        else services[legacy]
        for legacy in {**services, **uses}
    }


def _of_maps(maps: Iterable[WatchedMap], digests: frozenset[str]) -> Iterable[RuleService]:
    """Sum the services by whether their maps are among those with a rule."""
    maps = list(maps)
    began = min(one.since for one in maps if one.digest in digests)
    found: dict[tuple[str, str, str], RuleService] = {}
    for one in maps:
        key = one.service, one.version, one.environment
        known = found.get(key) or RuleService(*key)
        if one.digest in digests:
            known = replace(
                known,
                processes=known.processes + one.processes,
                since=min(known.since or one.since, one.since),
                till=max(known.till, one.till),
            )
        elif one.till > began:
            known = replace(known, unwatched=known.unwatched + one.processes)
        else:
            continue
        found[key] = known
    return [found[key] for key in sorted(found)]


def _with_uses(
    services: Iterable[RuleService], uses: Iterable[ServiceUses]
) -> Iterable[RuleService]:
    found: Mapping[tuple[str, str, str], RuleService] = {
        (one.service, one.version, one.environment): one for one in services
    }
    counts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for row in uses:
        counts[row.service, row.version, row.environment] += row.count
    for key in sorted({**found, **counts}):
        yield replace(found.get(key) or RuleService(*key), uses=counts[key])
