"""Write one structured log line for each newly seen call site, to the application's log.

Called from the emitter's thread, never from an importing one: ``structlog`` and ``logging`` are
loaded here, with the first line. No configuration is changed. A line that can't be written is
dropped, because the store and the telemetry have the use all the same; the first failure is
reported on standard error.
"""

import os
import sys
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from enforcer.recording.use import BLOCKED, EXEMPTED, PROBE, WOULD_BLOCK
from enforcer.rules.model import STRUCTLOG
from enforcer.rules.stages import REMOVED, STRICT, WARN
from enforcer.runtime.imports.messages import canonical_path, explain, remedy

if TYPE_CHECKING:
    from collections.abc import Callable

    from enforcer.recording.use import Use

LOGGER: Final = "enforcer"
"""The name of the logger."""

USED: Final = "deprecated_import.used"
REFUSED: Final = "deprecated_import.blocked"
FURTHER: Final = "deprecated_import.further_call_sites"

LINES: Final = 100
SPAN: Final = 60.0
"""At most this many lines in this many seconds; further call sites are counted in one line."""

_LEVELS: Final = {WARN: "warning", STRICT: "error", REMOVED: "error"}
_NANOSECONDS: Final = 1e9


class StructuredLog:
    """Writes lines, at a limited rate."""

    def __init__(
        self, kind: str, *, lines: int = LINES, clock: "Callable[[], float]" = monotonic
    ) -> None:
        """Prepare; nothing is loaded before the first line.

        Args:
            kind: ``structlog`` or ``logging``, as the map has it.
            lines: how many lines to write in :data:`SPAN` seconds.
            clock: returns the time, in seconds.

        """
        self._write = _by_structlog if kind == STRUCTLOG else _by_logging
        self._lines = lines
        self._clock = clock
        self._written = 0
        self._passed_over = 0
        # Spans instead of a moving window: one number to keep, and no list of times.
        self._span_ends = clock() + SPAN
        self._has_complained = False

    def say(self, use: "Use", trace_id: int = 0, span_id: int = 0) -> None:
        """Write the line of a call site that was not seen before; a probe has none.

        Run it in the context of the use, and what the application bound there is in the line.

        Args:
            use: its first uses.
            trace_id: the trace they were in, or 0.
            span_id: the span they were in, or 0.

        """
        if use.site.mechanism == PROBE:
            return
        self.sum_up()
        if self._written >= self._lines:
            self._passed_over += 1
            return
        self._written += 1
        event = REFUSED if use.outcome == BLOCKED else USED
        sentence = explain(use.rule, use.site, removed=use.stage == REMOVED)
        self._try(level_of(use), event, sentence, fields_of(use, trace_id, span_id))

    def sum_up(self, *, is_last: bool = False) -> None:
        """Write how many call sites had no line, once their time span is over.

        Args:
            is_last: whether the process ends, so that it can't wait for the end of the span.

        """
        if self._clock() < self._span_ends and not is_last:
            return
        passed_over, self._passed_over = self._passed_over, 0
        self._span_ends = self._clock() + SPAN
        self._written = 0
        if passed_over:
            sentence = (
                f"{passed_over} further call site{'' if passed_over == 1 else 's'} used legacy "
                "paths; enforcer report lists them all (further-call-sites)"
            )
            self._try("info", FURTHER, sentence, {"call_sites": passed_over})

    def _try(self, level: str, event: str, sentence: str, fields: dict[str, Any]) -> None:
        try:
            self._write(level, event, sentence, fields)
        except Exception as error:  # noqa: BLE001 - whatever a configuration of others does
            if not self._has_complained and sys.stderr is not None:
                self._has_complained = True
                sys.stderr.write(f"enforcer: a log line could not be written: {error!r} (no-log)\n")


def level_of(use: "Use") -> str:
    """Return the level of a use: by its stage, and one lower if it was tolerated."""
    tolerated = use.outcome in (EXEMPTED, WOULD_BLOCK)
    return "warning" if tolerated else _LEVELS.get(use.stage, "info")


def fields_of(use: "Use", trace_id: int = 0, span_id: int = 0) -> dict[str, Any]:
    """Return the fields of a line; empty ones are left out.

    No key is an attribute of ``logging.LogRecord``, which would refuse it.
    """
    site, rule = use.site, use.rule
    fields = {
        "rule": rule.legacy,
        "legacy": site.path,
        "canonical": canonical_path(rule, site.path),
        "stage": use.stage,
        "outcome": use.outcome,
        "mechanism": site.mechanism,
        "file": site.file,
        "line": site.line,
        "function": site.function,
        "distribution": site.distribution,
        "via": site.via,
        "remedy": remedy(rule, site),
        "owner": rule.owner,
        "removal": rule.removal or rule.remove_after,
        "first_seen": datetime.fromtimestamp(use.first_seen / _NANOSECONDS, UTC).isoformat(),
        "trace_id": f"{trace_id:032x}" if trace_id else "",
        "span_id": f"{span_id:016x}" if span_id else "",
    }
    return {key: value for key, value in fields.items() if value}


def _by_logging(level: str, _event: str, sentence: str, fields: dict[str, Any]) -> None:
    import logging

    write = getattr(logging.getLogger(LOGGER), level)
    # All fields under one key: logging raises KeyError for one that a LogRecord has.
    write(sentence, extra={"deprecated_import": fields})


def _by_structlog(level: str, event: str, _sentence: str, fields: dict[str, Any]) -> None:
    import structlog

    logger = _configured_logger() if structlog.is_configured() else _unconfigured_logger()
    if logger is not None:
        getattr(logger, level)(event, **fields)


def _configured_logger() -> Any:  # noqa: ANN401 - as structlog has it
    """Return a logger with the application's configuration of structlog."""
    import structlog

    wrapper: Any = structlog.get_config()["wrapper_class"]
    if issubclass(wrapper, structlog.stdlib.AsyncBoundLogger):
        wrapper = structlog.stdlib.BoundLogger  # there is no event loop in this thread
    return structlog.wrap_logger(None, wrapper_class=wrapper, logger_factory_args=(LOGGER,)).bind()


def _unconfigured_logger() -> Any:  # noqa: ANN401 - as structlog has it
    """Return a logger for standard error: coloured on a terminal, else JSON."""
    import structlog

    stream = sys.stderr
    if stream is None:
        return None
    if stream.isatty():
        colours = not os.environ.get("NO_COLOR")
        renderer: Any = structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False)
    else:
        renderer = structlog.processors.JSONRenderer()
    return structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            renderer,
        ],
        # A logger of its own: structlog.configure() is for the application, which may call it
        # later.
        wrapper_class=structlog.BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=False,
    ).bind()
