"""Create log events: of uses, of a process's notices, and of its end."""

from dataclasses import dataclass
from time import strftime, time_ns
from typing import TYPE_CHECKING, Final

from enforcer.recording.use import BLOCKED, WARNED, WOULD_BLOCK
from enforcer.rules.stages import STRICT
from enforcer.runtime.telemetry import names
from enforcer.runtime.telemetry.records import Attributes, attributes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.trace import SpanContext

    from enforcer.recording.notice import Notice
    from enforcer.recording.use import Use
    from enforcer.rules.exemptions import Exemption

INFO: Final = 9
WARNING: Final = 13
ERROR: Final = 17
"""Severities, as OpenTelemetry numbers them."""

_SEVERITIES: Final = {WARNED: WARNING, WOULD_BLOCK: WARNING, BLOCKED: ERROR}


@dataclass(slots=True)
class Event:
    """One log event.

    Attributes:
        name: the event's name, as ``enforcer.runtime.telemetry.names`` has it.
        attributes: its attributes.
        time: its time, in nanoseconds since the epoch.
        severity: one of this module's severities.
        parent: the span that was current, if that is known.

    """

    name: str
    attributes: Attributes
    time: int
    severity: int
    parent: "SpanContext | None" = None


def event_of(use: "Use", attributes: Attributes, identity: str, name: str = "") -> Event:
    """Return the log event of uses.

    Args:
        use: the uses since the last event of this call site.
        attributes: the result of :func:`attributes_of`; the rest is added to it.
        identity: an id that no other event has.
        name: the event, if it is not the one of the outcome.

    """
    name = name or (names.REFUSED if use.outcome == BLOCKED else names.USED)
    attributes[names.ID] = identity
    attributes[names.COUNT] = use.count
    attributes[names.FIRST_SEEN] = use.first_seen
    attributes[names.LAST_SEEN] = use.last_seen
    attributes[names.EVENT_NAME] = name
    return Event(name, attributes, use.last_seen, _SEVERITIES.get(use.outcome, INFO))


def events_of(
    use: "Use",
    process: str,
    identity: str,
    scrub: "Callable[[Attributes], Attributes | None]",
    exemptions: "Iterable[Exemption]",
) -> "Iterator[Event]":
    """Yield the log events of uses: one, and another if an exemption has expired.

    Args:
        use: the uses since the last event of this call site.
        process: the ``id`` of the process that they are of.
        identity: what no other event has.
        scrub: gives the attributes that may go out; None holds all back.
        exemptions: those of the map.

    """
    attributes = scrub(attributes_of(use, process))
    if attributes is None:
        return
    yield event_of(use, attributes, identity)
    if met_expired_exemption(use, exemptions):
        yield event_of(use, attributes.copy(), f"{identity}-expired", names.EXEMPTION_EXPIRED)


def events_of_notices(
    notices: "Iterable[Notice]",
    process: str,
    root: str,
    scrub: "Callable[[Attributes], Attributes | None]",
) -> "Iterator[Event]":
    """Yield the log events of a process's notices.

    Args:
        notices: what it says; nothing of it was told before.
        process: the ``id`` of the process.
        root: the folder that files are told relative to.
        scrub: gives the attributes that may go out; None holds all back.

    """
    for notice in notices:
        attributes = scrub(
            {
                names.PROCESS: process,
                names.NOTICE_KIND: notice.kind,
                names.NOTICE_SUBJECT: notice.subject,
                names.NOTICE_TEXT: notice.text.replace(f"{root}/", ""),
            }
        )
        if attributes is not None:
            attributes[names.ID] = f"{process}-{notice.kind}-{notice.subject}"
            attributes[names.EVENT_NAME] = names.NOTICE
            yield Event(names.NOTICE, attributes, time_ns(), WARNING)


def goodbye_of(process: str, ending: str) -> Event:
    """Return the log event of a process that ends, which one that is killed lacks.

    Args:
        process: the ``id`` of the process.
        ending: how it ends.

    """
    attributes: Attributes = {
        names.ID: f"{process}-ended",
        names.PROCESS: process,
        names.ENDING: ending,
        names.EVENT_NAME: names.ENDED,
    }
    return Event(names.ENDED, attributes, time_ns(), INFO)


def met_expired_exemption(use: "Use", exemptions: "Iterable[Exemption]") -> bool:
    """Return whether uses were refused that an expired exemption tolerated before."""
    if use.stage != STRICT or use.outcome != BLOCKED:
        return False
    today = strftime("%Y-%m-%d")
    return any(
        not exemption.holds_on(today) and exemption.covers(use.site) for exemption in exemptions
    )
