"""Verdicts as metrics: which verdict each rule has, and how many call sites are left.

The same points go to OpenTelemetry (``enforcer verdict --emit``) and to Prometheus (``/metrics`` of
the dashboard). Each rule has a point for each verdict, 1 for its own and 0 for the others, so that
an alert on a verdict ends with it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from enforcer.verdict.model import ANSWERS, Verdict

RULE: Final = "deprecated_import.rule"
VERDICT: Final = "deprecated_import.verdict"
OWNER: Final = "deprecated_import.owner"
STAGE: Final = "deprecated_import.stage"


@dataclass(frozen=True, slots=True)
class Gauge:
    """A metric with its points.

    Attributes:
        name: its name in OpenTelemetry.
        unit: its unit in UCUM.
        description: what it says.
        points: the attributes and the value of each point.

    """

    name: str
    unit: str
    description: str
    points: tuple[tuple[dict[str, str], int], ...]


def gauges(verdicts: Iterable[Verdict]) -> Iterator[Gauge]:
    """Yield the metrics of verdicts."""
    found = list(verdicts)
    yield Gauge(
        "deprecated_import.rule.verdict",
        "{rule}",
        "Whether a rule has a verdict: 1 for its own, 0 for all others.",
        tuple(
            ({**_of(one), VERDICT: answer}, int(answer == one.answer))
            for one in found
            for answer in ANSWERS
        ),
    )
    yield Gauge(
        "deprecated_import.rule.call_sites_left",
        "{call_site}",
        "Call sites that used a deprecated path within the period in force.",
        tuple((_of(one), one.left) for one in found),
    )
    yield Gauge(
        "deprecated_import.rule.quiet_since",
        "s",
        "Time of the last use in production, in seconds since the epoch; 0 if there is none.",
        tuple((_of(one), one.last_use // 10**9) for one in found),
    )


def _of(verdict: Verdict) -> dict[str, str]:
    rule = verdict.rule
    return {RULE: verdict.legacy, STAGE: rule.stage, OWNER: rule.owner}


def as_prometheus(verdicts: Iterable[Verdict]) -> str:
    """Write the metrics in Prometheus' text format, with the names of its OpenTelemetry rules."""
    lines = []
    for gauge in gauges(verdicts):
        name = gauge.name.replace(".", "_") + ("_seconds" if gauge.unit == "s" else "")
        lines += [f"# HELP {name} {gauge.description}", f"# TYPE {name} gauge"]
        for attributes, value in gauge.points:
            labels = ",".join(
                f'{key.replace(".", "_")}="{_escaped(text)}"' for key, text in attributes.items()
            )
            lines.append(f"{name}{{{labels}}} {value}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    # The backslash first, or the escapes of the others would be escaped again.
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
