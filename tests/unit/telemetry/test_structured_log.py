"""One line for each call site, where the application logs; real structlog and logging."""

import contextvars
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from enforcer.recording.use import BLOCKED, EXEMPTED, WARNED, WOULD_BLOCK, Use
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import LOGGING, STRUCTLOG, Rule
from enforcer.runtime.telemetry.structured_log import SPAN, StructuredLog

MakeUse = Callable[..., Use]
TRACE, SPAN_ID = 0x5CE0E9A56015FEC5AADFA328AE398115, 0xAB54A98CEB1F0AD2


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_where_nobody_looks(make_use: MakeUse, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that a machine wants to know, in one line; nothing that is empty."""
    rule = Rule("shop.old_cart", "shop.cart", removal="4.0", owner="@chat")
    StructuredLog(STRUCTLOG).say(make_use(rule=rule, names=("Cart",)), TRACE, SPAN_ID)

    (line,) = lines(capsys.readouterr().err)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line.pop("timestamp"))
    assert line == {
        "event": "deprecated_import.used",
        "level": "info",
        "rule": "shop.old_cart",
        "legacy": "shop.old_cart",
        "canonical": "shop.cart",
        "stage": "alias",
        "outcome": "aliased",
        "mechanism": "import_statement",
        "file": "shop/views.py",
        "line": 12,
        "function": "checkout",
        "remedy": "Write: from shop.cart import Cart",
        "owner": "@chat",
        "removal": "4.0",
        "first_seen": "2026-03-29T16:00:00+00:00",
        "trace_id": "5ce0e9a56015fec5aadfa328ae398115",
        "span_id": "ab54a98ceb1f0ad2",
    }
    assert not structlog.is_configured()


def test_no_ids_where_there_is_no_trace(
    make_use: MakeUse, capsys: pytest.CaptureFixture[str]
) -> None:
    StructuredLog(STRUCTLOG).say(make_use())

    (line,) = lines(capsys.readouterr().err)
    assert not {"trace_id", "span_id"} & set(line)


def test_words_on_a_terminal(make_use: MakeUse, monkeypatch: pytest.MonkeyPatch) -> None:
    """In colours, unless the person wants none."""
    for no_color, coloured in (("", True), ("1", False)):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("NO_COLOR", no_color)
        StructuredLog(STRUCTLOG).say(make_use())

        text = terminal.getvalue()
        assert ("\x1b[" in text) is coloured
        plain = re.sub(r"\x1b\[\d*m", "", text)
        assert re.search(r"\[info +\] deprecated_import\.used ", plain)
        assert "remedy='Write: import shop.cart'" in plain
        assert plain.count("\n") == 1


@pytest.mark.parametrize(
    ("stage", "outcome", "level", "event"),
    [
        ("observe", "observed", "info", "used"),
        ("alias", "aliased", "info", "used"),
        ("warn", WARNED, "warning", "used"),
        ("strict", EXEMPTED, "warning", "used"),
        ("strict", WOULD_BLOCK, "warning", "used"),
        ("strict", BLOCKED, "error", "blocked"),
        ("removed", BLOCKED, "error", "blocked"),
    ],
)
def test_level(  # noqa: PLR0913 - a table's columns
    *,
    make_use: MakeUse,
    capsys: pytest.CaptureFixture[str],
    stage: str,
    outcome: str,
    level: str,
    event: str,
) -> None:
    """The harder the stage the louder; what the baseline tolerates is no error."""
    StructuredLog(STRUCTLOG).say(make_use(stage=stage, outcome=outcome))

    (line,) = lines(capsys.readouterr().err)
    assert (line["level"], line["event"]) == (level, f"deprecated_import.{event}")


def test_as_the_application_configured(make_use: MakeUse) -> None:
    """Its processors, its stream, its level; also if it configures later than the first line."""
    log, stream = StructuredLog(STRUCTLOG), io.StringIO()
    processors: list[Any] = [
        structlog.processors.KeyValueRenderer(key_order=["level", "event", "file"])
    ]
    processors.insert(0, structlog.processors.add_log_level)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    before = structlog.get_config()

    log.say(make_use())
    log.say(make_use(stage="warn", outcome=WARNED))

    assert stream.getvalue().startswith(
        "level='warning' event='deprecated_import.used' file='shop/views.py' "
    )
    assert stream.getvalue().count("\n") == 1
    assert structlog.get_config() == before


@pytest.mark.parametrize(
    "wrapper", [structlog.stdlib.BoundLogger, structlog.stdlib.AsyncBoundLogger]
)
def test_through_structlog_into_logging(
    make_use: MakeUse, caplog: pytest.LogCaptureFixture, wrapper: type
) -> None:
    """No field is one that ``LogRecord`` refuses, and there needs to be no event loop."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.render_to_log_kwargs,
        ],
        wrapper_class=wrapper,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    rule = Rule("shop.old_cart", "shop.cart", removal="4.0", owner="@chat")
    fields = {"names": ("Cart",), "distribution": "acme", "via": "celery/app.py:3"}

    with caplog.at_level("INFO", "enforcer"):
        StructuredLog(STRUCTLOG).say(make_use(rule=rule, **fields), TRACE, SPAN_ID)

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("enforcer", "INFO")
    assert record.getMessage() == "deprecated_import.used"
    assert record.__dict__["trace_id"] == f"{TRACE:032x}"


def test_in_the_context_of_the_use(make_use: MakeUse) -> None:
    """What the application bound to a request is in the line."""
    stream = io.StringIO()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    structlog.contextvars.bind_contextvars(request_id="r1")
    context = contextvars.copy_context()
    structlog.contextvars.clear_contextvars()

    context.run(StructuredLog(STRUCTLOG).say, make_use())

    assert lines(stream.getvalue())[0]["request_id"] == "r1"


def test_standard_library(make_use: MakeUse, caplog: pytest.LogCaptureFixture) -> None:
    """The message is what a warning would say; a formatter finds the rest in one attribute."""
    with caplog.at_level("INFO", "enforcer"):
        StructuredLog(LOGGING).say(make_use(function="50%d"), TRACE, SPAN_ID)

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("enforcer", "INFO")
    assert record.getMessage() == (
        '"shop.old_cart" was imported by shop/views.py:12 in 50%d(); it moved to "shop.cart". '
        "Write: import shop.cart (legacy-import)"
    )
    fields = record.__dict__["deprecated_import"]
    assert (fields["rule"], fields["line"]) == ("shop.old_cart", 12)
    assert fields["span_id"] == f"{SPAN_ID:016x}"


def test_factory(make_use: MakeUse, capsys: pytest.CaptureFixture[str]) -> None:
    """The remedy of a call names the arguments."""
    factory = Factory("shop.old:make", "shop.cart:get", arguments={"context": "user"})
    StructuredLog(STRUCTLOG).say(make_use(rule=factory, path="shop.old:make", mechanism="call"))

    (line,) = lines(capsys.readouterr().err)
    assert (
        line["remedy"] == "Write: from shop.cart import get, and call get() with context as user."
    )
    assert line["legacy"] == "shop.old:make"


def test_probe(make_use: MakeUse, capsys: pytest.CaptureFixture[str]) -> None:
    """Who only asked whether a path is there used nothing."""
    StructuredLog(STRUCTLOG).say(make_use(mechanism="probe"))

    assert capsys.readouterr().err == ""


def test_many_call_sites(make_use: MakeUse, capsys: pytest.CaptureFixture[str]) -> None:
    """A minute has so many lines; what came beyond is one line with its number, once."""
    now = 0.0
    log = StructuredLog(STRUCTLOG, lines=3, clock=lambda: now)
    for number in range(10):
        log.say(make_use(line=number + 1))
    log.sum_up()
    assert [line["line"] for line in lines(capsys.readouterr().err)] == [1, 2, 3]

    now = SPAN
    log.sum_up()
    log.sum_up()
    log.say(make_use(line=11))
    further, line = lines(capsys.readouterr().err)
    assert (further["event"], further["call_sites"]) == ("deprecated_import.further_call_sites", 7)
    assert line["line"] == 11


def test_many_call_sites_at_the_end(make_use: MakeUse, caplog: pytest.LogCaptureFixture) -> None:
    """The number is said before the process ends."""
    log = StructuredLog(LOGGING, lines=1)
    with caplog.at_level("INFO", "enforcer"):
        for _ in range(2):
            log.say(make_use())
        log.sum_up(is_last=True)

    assert caplog.messages[1] == (
        "1 further call site used legacy paths; enforcer report lists them all (further-call-sites)"
    )


def test_a_configuration_that_fails(make_use: MakeUse, capsys: pytest.CaptureFixture[str]) -> None:
    """The reporter goes on; standard error says it once."""

    def fail(*_: object) -> str:
        raise ZeroDivisionError

    structlog.configure(processors=[fail])
    log = StructuredLog(STRUCTLOG)
    log.say(make_use())
    log.say(make_use())

    assert capsys.readouterr().err == (
        "enforcer: a log line could not be written: ZeroDivisionError() (no-log)\n"
    )


def test_nobody_listens(make_use: MakeUse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon may have closed its standard error."""
    monkeypatch.setattr(sys, "stderr", None)

    StructuredLog(STRUCTLOG).say(make_use())


@pytest.mark.process
def test_nothing_is_loaded_before_the_first_line(environ: dict[str, str]) -> None:
    code = (
        "import sys; from enforcer.runtime.telemetry.structured_log import StructuredLog\n"
        "StructuredLog('structlog').sum_up(is_last=True)\n"
        "print({'structlog', 'logging', 'threading'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True
    )
    assert said.stdout == "set()\n"
