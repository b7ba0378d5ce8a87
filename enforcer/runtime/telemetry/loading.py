"""Load OpenTelemetry in a thread that is a guest: by small steps, and without other threads.

A fork has to wait for an import that is under way, since the child would inherit its lock locked.
The SDK takes half a second as a whole, so its larger parts are imported one by one beforehand, and
a fork waits for one of them. What is missing is skipped: this decides only when something is
loaded, never what.

No module is named that its own package imports. To import ``a.b`` locks ``a.b`` before ``a`` (in
``_find_and_load``, CPython 3.11 to 3.15), so if the program imports ``a`` at that moment, each
thread waits for the other one's lock. Python notices that, and gives the program the half of
``a.b``: its import fails.
"""

import logging
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from enforcer.runtime.process.schedule import complain
from enforcer.runtime.telemetry.sdk import AGGREGATE, READ_ON_IMPORT, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# By what each takes: few are above 20 ms of processor time, on a machine of today.
API: Final = (
    "typing_extensions",
    "importlib.metadata",
    "opentelemetry.context",
    "opentelemetry.metrics",
    "opentelemetry.trace",
    "opentelemetry.semconv.attributes",
)
SDK: Final = (
    "opentelemetry.sdk.resources",
    "google.protobuf.text_format",
    "google.protobuf.descriptor_pool",
    "opentelemetry.proto.common.v1.common_pb2",
    "opentelemetry.sdk.metrics",
)
HTTP: Final = (
    "http.client",
    "ssl",
    "urllib3",
    "charset_normalizer",
    "requests",
    "opentelemetry.exporter.otlp.proto.http",
)


def load(names: "Iterable[str]", is_needed: "Callable[[], bool]") -> None:
    """Import modules one by one, those that there are.

    Args:
        names: what to import.
        is_needed: returns whether the program waits, so that this has to end.

    Raises:
        InterruptedError: if it does; what was loaded stays.

    """
    logging.getLogger("opentelemetry.context")  # it has to exist, to be heard when it is imported
    for name in names:
        if is_needed():
            message = "the program goes on"
            raise InterruptedError(message)
        # An error that an import raises is raised again, and reported, where it is needed.
        with listening() as messages, suppress(Exception):
            import_module(name)
        for message in messages:  # of OTEL_PYTHON_CONTEXT, with a traceback otherwise
            complain(f"telemetry: {message} (otel-setting)")


def load_logs() -> None:
    """Import the SDK's logs as they are, but in this thread alone.

    While that module is executed it calls ``Resource.create({})``, for a default value, and that
    runs detectors of resources in a ``ThreadPoolExecutor``. No thread can be started when Python
    ends, which is when a short program loads the SDK; and none may be while it forks. Meanwhile
    whoever else creates a resource gets the same one, from his own thread.
    """
    if "opentelemetry.sdk._logs" in sys.modules:
        return
    resources = import_module("opentelemetry.sdk.resources")
    original = getattr(resources, AGGREGATE, None)
    if original is not None:
        setattr(resources, AGGREGATE, _aggregate)
    try:
        # What it says of that resource is said of ours once more, in one line.
        with listening():
            import_module("opentelemetry.sdk._logs")
    finally:
        if original is not None:
            setattr(resources, AGGREGATE, original)


def _aggregate(detectors: "Sequence[Any]", initial: Any = None, timeout: float = 0) -> Any:  # noqa: ANN401, ARG001 - as the SDK's own
    resource = initial
    for detector in detectors:
        with suppress(Exception):  # of others; the SDK logs it, for a resource that is used
            found = detector.detect()
            resource = found if resource is None else resource.merge(found)
    return resource


def load_spans() -> None:
    """Import the SDK's spans, whatever ``OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`` is.

    All exporters need that module, and it raises an error for a bad value of this one variable
    while it is executed. Without it the error is raised where limits are read, as for all others.
    """
    if "opentelemetry.sdk.trace" in sys.modules:
        return
    # The dictionary behind os.environ (CPython 3.11 to 3.15), since `del os.environ[…]` calls
    # unsetenv(), during which another thread must not call getenv(). Child processes inherit the
    # variable all the same.
    variables = getattr(os.environ, "_data", {})
    key = os.environ.encodekey(READ_ON_IMPORT)
    value = variables.pop(key, None)
    try:
        import_module("opentelemetry.sdk.trace")
    finally:
        if value is not None:
            variables.setdefault(key, value)
