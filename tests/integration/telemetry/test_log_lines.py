"""Programs say what they use, where they log, and in which trace."""

import json

import pytest

from tests.integration.telemetry.recorded import Project

pytestmark = pytest.mark.component

STRUCTLOG = """
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

def answer():
    import old

trace.set_tracer_provider(TracerProvider())
structlog.contextvars.bind_contextvars(request="r1")
with trace.get_tracer("web").start_as_current_span("request") as span:
    answer()
structlog.contextvars.clear_contextvars()
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.PrintLoggerFactory(),
)
context = span.get_span_context()
print(json.dumps({"trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}"}))
"""

LOGGING = """
import logging
logging.basicConfig(format="%(process)d %(levelname)s %(name)s %(message)s", level="INFO")

for _ in range(2):
    pid = os.fork()
    if not pid:
        use(3)
        sys.exit()
    os.waitpid(pid, 0)
use(3)
"""


def test_structlog(project: Project) -> None:
    """As it was configured later, with what was bound in the request, and the request's ids."""
    output, error = project.run("import json\n" + STRUCTLOG, ENFORCER_LOG="structlog")

    assert error == ""
    ids, line = sorted(map(json.loads, output.splitlines()), key=len)
    assert line["event"] == "deprecated_import.used"
    assert (line["trace_id"], line["span_id"]) == (ids["trace"], ids["span"])
    assert line["request"] == "r1"
    assert (line["function"], line["level"]) == ("answer", "info")


def test_logging(project: Project) -> None:
    """Each process says it once, however often it uses the path."""
    _, error = project.run(LOGGING, ENFORCER_LOG="logging")

    said = [line.split(" ", 1) for line in error.splitlines()]
    assert len({process for process, _ in said}) == len(said) == 3
    (text,) = {text for _, text in said}
    assert text == (
        'INFO enforcer "old" was imported by program1.py:6 in use(); it moved to "new". '
        "Write: import new (legacy-import)"
    )


def test_nobody_asked(project: Project) -> None:
    """A program that did not ask is not talked to, and loads none of it."""
    output, error = project.run(
        """
        use(3)
        import enforcer
        enforcer.flush()
        print(sorted({"structlog", "logging", "opentelemetry", "threading"} & set(sys.modules)))
        """
    )

    assert (output, error) == ("[]\n", "")
