"""Convert recorded uses to attributes, spans and points of metrics.

None of them has source text or values of arguments. Files of own code are relative to the root; of
all other files, only the part below ``site-packages`` or the like is sent.
"""

import re
from dataclasses import dataclass
from time import strftime
from typing import TYPE_CHECKING, Final, TypeAlias

from enforcer.recording.distributions import distribution_of
from enforcer.recording.use import OWN, PROBE, THIRD_PARTY
from enforcer.rules.repository import SITE_FOLDERS, is_absolute
from enforcer.runtime.imports.messages import canonical_path
from enforcer.runtime.telemetry import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.trace import SpanContext

    from enforcer.recording.use import CallSite, Use
    from enforcer.rules.model import Rule

Attributes: TypeAlias = dict[str, str | int]

_LIBRARY: Final = re.compile(rf".*/(?:{'|'.join(SITE_FOLDERS)}|lib/python\d\.\d+)/")


@dataclass(slots=True)
class Span:
    """One span: the first use of a rule at a call site in this process.

    Attributes:
        attributes: its attributes.
        time: its time, in nanoseconds since the epoch.
        parent: the span that was current, if that is known.

    """

    attributes: Attributes
    time: int
    parent: "SpanContext | None" = None


@dataclass(slots=True)
class Point:
    """One value of a metric.

    Attributes:
        name: the metric.
        attributes: the attributes that tell this value from others of the metric.
        value: the value so far, since the process began.

    """

    name: str
    attributes: Attributes
    value: int

    @property
    def key(self) -> tuple[object, ...]:
        """The name and attributes, which identify the point."""
        return (self.name, *self.attributes.items())


def shown_file(file: str, relation: str) -> str:
    """Return a file without the folders that are specific to this machine."""
    if relation == OWN or not is_absolute(file):
        return file
    shown = _LIBRARY.sub("", file, count=1)
    return shown.rpartition("/")[2] if shown == file else shown


def attributes_of(use: "Use", process: str) -> Attributes:
    """Return the attributes of a use: all but its count and times."""
    rule, site = use.rule, use.site
    if site.relation == THIRD_PARTY and not site.distribution:
        site.distribution = distribution_of(site.file)
    attributes: Attributes = {
        names.RULE: rule.legacy,
        names.LEGACY: site.path,
        names.CANONICAL: canonical_path(rule, site.path),
        names.STAGE: use.stage,
        names.OUTCOME: use.outcome,
        names.RELATION: site.relation,
        names.PROCESS: process,
        names.CODE_FILE_PATH: shown_file(site.file, site.relation),
        names.CODE_LINE_NUMBER: site.line,
        names.CODE_FUNCTION_NAME: site.function,
    }
    for key, value in (
        (names.MECHANISM, site.mechanism),
        (names.REMOVAL, rule.removal or rule.remove_after),
        (names.NAME, ",".join(site.names)),
        (names.CALLER_MODULE, site.module),
        (names.CALLER_DISTRIBUTION, site.distribution),
        (names.CALLER_VIA, _shown_via(site)),
    ):
        if value:
            attributes[key] = value
    return attributes


def _shown_via(site: "CallSite") -> str:
    file, colon, line = site.via.rpartition(":")
    return f"{shown_file(file, THIRD_PARTY)}{colon}{line}" if colon else site.via


def points_of(
    rules: "Iterable[Rule]",
    uses: "Iterable[Use]",
    dropped: dict[str, int],
    process: str,
    states: "Mapping[str, bool] | None" = None,
) -> "Iterator[Point]":
    """Yield the points of all metrics.

    Args:
        rules: the rules that are watched.
        uses: all uses of this process so far.
        dropped: how many log events were lost, by why.
        process: the ``id`` of this process.
        states: in which states this process is.

    """
    totals: dict[tuple[object, ...], Point] = {}
    sites: dict[str, int] = {}
    for use in uses:
        key = (use.rule.legacy, use.outcome, use.site.mechanism, use.site.relation)
        point = totals.get(key)
        if point is None:
            point = totals[key] = Point(names.USES, _metric_attributes(use, process), 0)
        point.value += use.count
        if use.site.mechanism == PROBE:
            continue
        sites[use.rule.legacy] = sites.get(use.rule.legacy, 0) + 1
    yield from totals.values()
    yield from _points_of_rules(rules, sites, process)
    for kind, count in dropped.items():
        attributes: Attributes = {names.ERROR_TYPE: kind, names.PROCESS: process}
        yield Point(names.DROPPED, attributes, count)
    yield from points_of_process(states or {}, process)


def points_of_process(states: "Mapping[str, bool]", process: str) -> "Iterator[Point]":
    """Make a point for each state that a process may be in: 1 if it is, or else 0."""
    for state, holds in states.items():
        attributes: Attributes = {names.PROCESS_STATE: state, names.PROCESS: process}
        yield Point(names.PROCESS_COUNT, attributes, int(holds))


def _metric_attributes(use: "Use", process: str) -> Attributes:
    # The rule's path, not the one that was reached: a tree has no end of those.
    rule, site = use.rule, use.site
    attributes: Attributes = {
        names.RULE: rule.legacy,
        names.LEGACY: rule.legacy,
        names.CANONICAL: rule.canonical,
        names.STAGE: use.stage,
        names.OUTCOME: use.outcome,
        names.MECHANISM: site.mechanism,
        names.RELATION: site.relation,
        names.PROCESS: process,
    }
    removal = rule.removal or rule.remove_after
    if removal:
        attributes[names.REMOVAL] = removal
    return attributes


def _points_of_rules(
    rules: "Iterable[Rule]", sites: dict[str, int], process: str
) -> "Iterator[Point]":
    today = strftime("%Y-%m-%d")
    for rule in rules:
        attributes: Attributes = {
            names.RULE: rule.legacy,
            names.CANONICAL: rule.canonical,
            names.STAGE: rule.stage,
            names.PROCESS: process,
        }
        removal = rule.removal or rule.remove_after
        if removal:
            attributes[names.REMOVAL] = removal
        states = {
            names.WATCHED: True,
            names.IS_USED: rule.legacy in sites,
            names.EXPIRED: bool(rule.remove_after) and rule.remove_after < today,
        }
        for state, holds in states.items():
            yield Point(names.RULE_COUNT, {**attributes, names.STATE: state}, int(holds))
        if rule.legacy in sites:
            yield Point(
                names.CALL_SITE_COUNT,
                {names.RULE: rule.legacy, names.PROCESS: process},
                sites[rule.legacy],
            )
