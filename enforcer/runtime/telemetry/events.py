"""Create log events: of uses, of a process's notices, and of its end."""

from time import strftime, time_ns
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context

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

_SEVERITIES: Final = {
    WARNED: SeverityNumber.WARN,
    WOULD_BLOCK: SeverityNumber.WARN,
    BLOCKED: SeverityNumber.ERROR,
}


def in_span(parent: "SpanContext | None") -> Context:
    """Return the context of a span; an empty one without it, since the current is this thread's."""
    if parent is None:
        return Context()
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())


def _record(
    name: str,
    attributes: Attributes,
    severity: SeverityNumber = SeverityNumber.INFO,
    time: int = 0,
    parent: "SpanContext | None" = None,
) -> LogRecord:
    attributes[names.EVENT_NAME] = name
    return LogRecord(
        timestamp=time or time_ns(),
        context=in_span(parent),
        severity_number=severity,
        attributes=attributes,
        event_name=name,
    )


def event_of(
    use: "Use",
    attributes: Attributes,
    identity: str,
    *,
    name: str = "",
    parent: "SpanContext | None" = None,
) -> LogRecord:
    """Return the log event of uses.

    Args:
        use: the uses since the last event of this call site.
        attributes: the result of :func:`attributes_of`; the rest is added to it.
        identity: an id that no other event has.
        name: the event, if it is not the one of the outcome.
        parent: the span that was current, if that is known.

    """
    name = name or (names.REFUSED if use.outcome == BLOCKED else names.USED)
    attributes[names.ID] = identity
    attributes[names.COUNT] = use.count
    attributes[names.FIRST_SEEN] = use.first_seen
    attributes[names.LAST_SEEN] = use.last_seen
    severity = _SEVERITIES.get(use.outcome, SeverityNumber.INFO)
    return _record(name, attributes, severity, use.last_seen, parent)


def events_of(  # noqa: PLR0913 - what they are made of
    use: "Use",
    process: str,
    identity: str,
    scrub: "Callable[[Attributes], Attributes | None]",
    exemptions: "Iterable[Exemption]",
    *,
    parent: "SpanContext | None" = None,
) -> "Iterator[LogRecord]":
    """Yield the log events of uses: one, and another if an exemption has expired.

    Args:
        use: the uses since the last event of this call site.
        process: the ``id`` of the process that they are of.
        identity: what no other event has.
        scrub: gives the attributes that may go out; None holds all back.
        exemptions: those of the map.
        parent: the span that was current, if that is known.

    """
    attributes = scrub(attributes_of(use, process))
    if attributes is None:
        return
    expired = attributes.copy() if met_expired_exemption(use, exemptions) else None
    yield event_of(use, attributes, identity, parent=parent)
    if expired is not None:
        yield event_of(use, expired, f"{identity}-expired", name=names.EXEMPTION_EXPIRED)


def events_of_notices(
    notices: "Iterable[Notice]",
    process: str,
    root: str,
    scrub: "Callable[[Attributes], Attributes | None]",
) -> "Iterator[LogRecord]":
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
            yield _record(names.NOTICE, attributes, SeverityNumber.WARN)


def goodbye_of(process: str, ending: str) -> LogRecord:
    """Return the log event of a process that ends, which one that is killed lacks.

    Args:
        process: the ``id`` of the process.
        ending: how it ends.

    """
    attributes: Attributes = {
        names.ID: f"{process}-ended",
        names.PROCESS: process,
        names.ENDING: ending,
    }
    return _record(names.ENDED, attributes)


def met_expired_exemption(use: "Use", exemptions: "Iterable[Exemption]") -> bool:
    """Return whether uses were refused that an expired exemption tolerated before."""
    if use.stage != STRICT or use.outcome != BLOCKED:
        return False
    today = strftime("%Y-%m-%d")
    return any(
        not exemption.holds_on(today) and exemption.covers(use.site) for exemption in exemptions
    )
