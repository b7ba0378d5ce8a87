"""What a gate found, as people read it: in colour on a terminal, as plain lines elsewhere."""

import io

import pytest

from enforcer.gate import Finding, Gate, Level
from enforcer.gate.as_lines import document
from enforcer.output.console import as_text

FINDINGS = (
    Finding("enforcer.toml", 0, "expiring-rule", Level.WARNING, "it is near", "Mend it.", "old"),
    Finding(
        "shop/cart.py", 3, "new-use", Level.ERROR, "a new use", "Use new.", "old", ("@a", "@b")
    ),
)
PLAIN = """\
enforcer.toml: warning: it is near. Mend it. (expiring-rule)
shop/cart.py:3: error: a new use. Use new. (new-use) @a @b
gate closed: 1 finding, 1 warning
"""
COLOURED = """\
\x1b[1menforcer.toml\x1b[0m: \x1b[1;33mwarning\x1b[0m: it is near. Mend it. \
\x1b[2m(expiring-rule)\x1b[0m
\x1b[1mshop/cart.py\x1b[0m\x1b[2m:3\x1b[0m: \x1b[1;31merror\x1b[0m: a new use. Use new. \
\x1b[2m(new-use)\x1b[0m @a @b
\x1b[1;31mgate closed: 1 finding, 1 warning\x1b[0m
"""


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def gate(*findings: Finding) -> Gate:
    return Gate(findings, "enforcer.toml", "/code", "/code", 0)


def test_plain_lines_elsewhere() -> None:
    assert as_text(document(gate(*FINDINGS)), io.StringIO()) == PLAIN


def test_errors_are_red_and_warnings_yellow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert as_text(document(gate(*FINDINGS)), _Terminal()) == COLOURED
    opened = as_text(document(gate(FINDINGS[0])), _Terminal())
    assert opened.endswith("\x1b[1;32mgate open: 0 findings, 1 warning\x1b[0m\n")


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """``NO_COLOR`` leaves bold and dim, as rich has it."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    text = as_text(document(gate(*FINDINGS)), _Terminal())
    assert "\x1b[1merror\x1b[0m" in text
    assert not any(f"{colour}m" in text for colour in (31, 32, 33))


def test_lines_of_the_terminals_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    text = as_text(document(gate(*FINDINGS)), _Terminal())
    plain = text.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[2m", "")
    assert max(map(len, plain.splitlines())) <= 40
    assert plain.split() == PLAIN.split()
    assert [line for line in plain.splitlines() if not line.startswith("  ")] == [
        "enforcer.toml: warning: it is near.",
        "shop/cart.py:3: error: a new use. Use",
        "gate closed: 1 finding, 1 warning",
    ]


def test_escapes_in_names_are_visible() -> None:
    """A record of a test run has names from outside."""
    evil = Finding("a\x1b[2J.py", 1, "new-use", Level.ERROR, "in \x1b[31mf", "Mend it.", "old")
    assert "a\\x1b[2J.py:1: error: in \\x1b[31mf." in as_text(document(gate(evil)), io.StringIO())
