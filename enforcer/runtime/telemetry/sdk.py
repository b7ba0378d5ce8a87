"""What is private in OpenTelemetry's packages and used here, each name once.

Everything else is public API. A test compares each of these with what is installed, for the oldest
and the newest version that is supported; where one is missing at run time, what is said beside it
holds instead.
"""

import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from inspect import signature
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PREFERENCES: Final = ("_preferred_temporality", "_preferred_aggregation")
AGGREGATE: Final = "get_aggregated_resources"
READ_ON_IMPORT: Final = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
"""What the SDK calls and reads while it is loaded; see ``enforcer.runtime.telemetry.loading``."""

_CODE: Final = re.compile(r"StatusCode\.([A-Z_]+)")

_heard: "ContextVar[list[str] | None]" = ContextVar("enforcer_heard", default=None)
_listening: set[int] = set()


def without_metrics(kind: "Callable[..., Any]") -> "Callable[..., Any]":
    """Return a class of the SDK that measures nothing of itself.

    Newer providers and exporters do, by the global provider of meters, for which the getter
    would create one if ``OTEL_PYTHON_METER_PROVIDER`` is set.
    """
    if "meter_provider" not in signature(kind).parameters:
        return kind
    from opentelemetry.metrics import NoOpMeterProvider  # loaded by now; see loading

    return partial(kind, meter_provider=NoOpMeterProvider())


def preferences(exporter: object) -> "Mapping[str, Any]":
    """Return what the environment prefers of metrics, as keywords of a reader.

    The SDK's own readers ask an exporter for it by these names. Without them: its defaults.
    """
    return {
        name[1:]: value
        for name in _PREFERENCES
        if (value := getattr(exporter, name, None)) is not None
    }


def status_of(messages: "list[str]") -> str:
    """Return gRPC's status of a request that failed, or an empty string.

    An exporter returns no more than that it failed. It logs the status, in these words.
    """
    codes = (_CODE.search(message) for message in reversed(messages))
    return next((code[1] for code in codes if code), "")


@contextmanager
def listening() -> "Iterator[list[str]]":
    """Return what OpenTelemetry logs in this thread, which is shown nowhere meanwhile.

    It logs each request that failed, and a program that configured no logging has all of that
    on its standard error. Only loggers that exist are heard, so the modules that log have to be
    imported before. The filters stay: to remove one while another thread goes through them would
    make that thread skip its neighbour. They let everything pass but in this block.
    """
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if not name.startswith(("opentelemetry", "urllib3")):
            continue
        if isinstance(logger, logging.Logger) and _is_for_all not in logger.filters:
            # Before the SDK's own, which lets no message pass twice within a minute.
            logger.filters.insert(0, _is_for_all)
    messages: list[str] = []
    token = _heard.set(messages)
    _listening.add(get_ident())
    try:
        yield messages
    finally:
        _listening.discard(get_ident())
        _heard.reset(token)


def _is_for_all(record: logging.LogRecord) -> bool:
    if get_ident() not in _listening:
        return True
    messages = _heard.get()
    if messages is not None:
        messages.append(record.getMessage())
    return False
