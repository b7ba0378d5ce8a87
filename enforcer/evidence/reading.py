"""Read a store's evidence, and from it the verdict or the standing of each rule of a map."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from enforcer.findings import RecordedScan
from enforcer.rules.model import MigrationMap, Rule
from enforcer.store import NothingRecordedError, StoreError
from enforcer.store.not_enabled import traces_beside
from enforcer.store.queries import DAY, DeployedUses, Span, StoreReader, UsePause, WatchedRule
from enforcer.store.readers import open_reader
from enforcer.verdict.case import Case, is_production_use
from enforcer.verdict.completeness import KINDS
from enforcer.verdict.coverage import Coverage
from enforcer.verdict.judgement import judge
from enforcer.verdict.model import Evidence, FleetEvidence, RuleEvidence, Verdict
from enforcer.verdict.standing import Standing, standing_of
from enforcer.verdict.terms import PAUSES, SEEN_DAYS, Terms, day_start


def read_verdicts(store: str, migration_map: MigrationMap, now: int) -> tuple[Verdict, ...]:
    """Return the verdict on each rule of a map.

    Args:
        store: the address of the store.
        migration_map: the map, whose own store has the scan if this one has none.
        now: the time, in nanoseconds since the epoch.

    Raises:
        StoreError: if the store can't be read.

    """
    try:
        with open_reader(store) as reader:
            evidence = read_evidence(reader, migration_map, now)
    except NothingRecordedError:
        # Nobody has written yet, which is no mistake here: nothing is known of any rule.
        evidence = Evidence(tuple(_rule(rule) for rule in migration_map))
    return judge(evidence, Terms.of(migration_map), now)


def read_evidence(
    reader: StoreReader, migration_map: MigrationMap, now: int, rules: Iterable[Rule] | None = None
) -> Evidence:
    """Read what verdicts depend on.

    Args:
        reader: the open store.
        migration_map: the map, with the terms.
        now: the time, in nanoseconds since the epoch.
        rules: the rules to read of; those of the map if None.

    """
    terms = Terms.of(migration_map)
    judged = [_rule(rule) for rule in (migration_map if rules is None else rules)]
    found = _with_uses(reader, judged, terms, now)
    return Evidence(found, _fleet(reader, migration_map, _since(found, terms, now)))


def read_standings(
    reader: StoreReader, migration_map: MigrationMap | None, now: int
) -> tuple[Standing, ...]:
    """Read how each rule stands: those of the map, and those that only the store has.

    Args:
        reader: the open store.
        migration_map: the map, with the terms; None for the usual ones.
        now: the time, in nanoseconds since the epoch.

    """
    known = migration_map or MigrationMap()
    terms = Terms.of(known)
    rules = [_rule(rule) for rule in with_watched(known, reader.rules(Span()))]
    coverage = Coverage(FleetEvidence(**_maps(reader)), terms, now)
    found = _with_uses(reader, rules, terms, now)
    return tuple(standing_of(Case(rule, coverage)) for rule in found)


def with_watched(known: Iterable[Rule], watched: Iterable[WatchedRule]) -> list[Rule]:
    """Return the rules of a map, and those that only a store has.

    Args:
        known: the rules of the map.
        watched: the rules of the store.

    """
    rules = list(known)
    there = {rule.legacy for rule in rules}
    return rules + [
        Rule(rule.legacy, rule.canonical, stage=rule.stage, owner=rule.owner)
        for rule in watched
        if rule.legacy not in there
    ]


def _with_uses(
    reader: StoreReader, rules: Iterable[RuleEvidence], terms: Terms, now: int
) -> tuple[RuleEvidence, ...]:
    """Add the uses of rules, and the pauses of those that may be quiet."""
    uses: defaultdict[str, list[DeployedUses]] = defaultdict(list)
    for row in reader.deployed_uses():
        uses[row.legacy].append(row)
    found = [replace(rule, uses=tuple(uses[rule.legacy])) for rule in rules]
    pauses: defaultdict[str, list[UsePause]] = defaultdict(list)
    for pause in reader.pauses(_maybe_quiet(found, terms, now)):
        pauses[pause.legacy].append(pause)
    return tuple(replace(rule, pauses=tuple(pauses[rule.legacy])) for rule in found)


def _rule(rule: Rule) -> RuleEvidence:
    return RuleEvidence(
        legacy=rule.legacy,
        canonical=rule.canonical,
        kind=rule.kind,
        stage=rule.stage,
        owner=rule.owner,
        quiet_for=rule.quiet_for * DAY,
        removed_on=day_start(rule.removed_on) if rule.removed_on else 0,
        remove_after=rule.remove_after,
        keeps_own_code=rule.keeps_own_code,
    )


def _maybe_quiet(rules: Iterable[RuleEvidence], terms: Terms, now: int) -> list[str]:
    """Return the rules whose last use in production is older than the least period.

    The pauses of others are not read: they are in use in any case.
    """
    return [
        rule.legacy
        for rule in rules
        if rule.uses
        and not any(
            one.last_seen > now - (rule.quiet_for or terms.quiet_for)
            for one in rule.uses
            if is_production_use(one, terms)
        )
    ]


def _since(rules: Collection[RuleEvidence], terms: Terms, now: int) -> int:
    """Return since when processes matter: the longest period that may be in force."""
    services = {one.service for rule in rules for one in rule.uses}
    longest = max(
        terms.quiet_for,
        terms.tombstone_for,
        SEEN_DAYS * DAY,
        *terms.short_memory(services).values(),
        *(rule.quiet_for for rule in rules),
    )
    pauses = [pause for rule in rules for pause in rule.pauses]
    if any(pause.days == 1 for pause in pauses):
        # The time before the only use of a caller counts as a pause: any process matters.
        return 0
    rarely = [*terms.jobs.values(), *(pause.longest for pause in pauses)]
    return max(now - max(longest, int(PAUSES * max(rarely, default=0))), 0)


def _fleet(reader: StoreReader, migration_map: MigrationMap, since: int) -> FleetEvidence:
    return FleetEvidence(
        lives=tuple(reader.lives(since)),
        notices=tuple(reader.process_notices(since, KINDS)),
        lost=tuple(reader.lost_uses(since)),
        set_aside=tuple(reader.set_aside(Span(since=since))),
        not_enabled=tuple(traces_beside(reader.path)),
        scan=reader.scan() or _own_scan(migration_map),
        **_maps(reader),
    )


def _maps(reader: StoreReader) -> dict[str, Any]:
    """Return the sets of rules that services watched, and the rules in each."""
    maps = tuple(one for one in reader.maps(Span()) if one.digest)
    rules = {
        digest: frozenset(rule.legacy for rule in reader.map_rules(digest))
        for digest in {one.digest for one in maps}
    }
    return {"maps": maps, "rules": rules}


def _own_scan(migration_map: MigrationMap) -> RecordedScan | None:
    """Return the scan that the map's own store has: a fleet's store has none."""
    try:
        with open_reader(migration_map.store) as reader:
            return reader.scan()
    except StoreError:
        return None
