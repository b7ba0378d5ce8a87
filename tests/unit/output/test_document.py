"""Write one document for a terminal, as plain text and as Markdown."""

import io
from textwrap import dedent

import pytest

from enforcer.output.console import as_text
from enforcer.output.document import BLANK, CODE, STRONG, Document, Line, Table, as_markdown
from enforcer.output.words import first, listed

HERE = "it may not be written here"
FACTS = (Line("all is well", weight="fine"), Line("this is not:\nmend it", weight="wrong"))
DOCUMENT = (
    Line("Store", STRONG, FACTS, level=1),
    BLANK,
    Line(("Written by ", ("shop/cart.py", CODE)), below=(Line("below", below=(Line("deeper"),)),)),
    Table(("path", ">uses"), ((((r"a|b", CODE),), "1,000"), ("plain", "2"), ("", Line("in")))),
)
TEXT = """\
Store
  ✓ all is well
  ✗ this is not:
    mend it

Written by shop/cart.py
  below
    deeper
path     uses
─────────────
a|b     1,000
plain       2
          in
"""


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def written(document: Document, encoding: str = "utf-8") -> str:
    return as_text(document, io.TextIOWrapper(io.BytesIO(), encoding=encoding))


class _Dumb(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_text() -> None:
    """What is below a line is indented, and lines stay as long as they are."""
    assert written(DOCUMENT) == TEXT
    long = " ".join(["word"] * 300)
    assert written([Line("", below=(Line(long, weight="tells"),))]) == f"\n  · {long}\n"


def test_lines_hang_below_their_first_word_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrapped is still told apart from the next line, and no line ends with blanks."""
    monkeypatch.setenv("COLUMNS", "24")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    text = written([Line("Store", below=(Line("it may not be written here", weight="wrong"),))])

    assert text.replace("\x1b[1m", "").replace("\x1b[0m", "") == dedent("""\
        Store
          ✗ it may not be
            written here
        """)


@pytest.mark.parametrize(
    ("columns", "text"), [("12", "it may not\n  be written\n  here\n"), ("1000", f"{HERE}\n")]
)
def test_a_line_may_hang_below_itself(
    monkeypatch: pytest.MonkeyPatch, columns: str, text: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert as_text([Line(HERE, hang=2)], _Dumb()) == text
    monkeypatch.setenv("COLUMNS", "1")
    assert as_text([Line(HERE, hang=2)], _Dumb()).split() == [*HERE.replace(" ", "")]
    assert written([Line(HERE, hang=2)]) == f"{HERE}\n"


def test_forced_colours_wrap_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of CI that shows colours has no width."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    long = " ".join(["word"] * 100)

    assert written([Line(long, "red")]) == f"\x1b[31m{long}\x1b[0m\n"


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor's shell wraps lines itself."""
    monkeypatch.setenv("TERM", "dumb")
    long = " ".join(["word"] * 100)

    assert as_text([Line(long, "red")], _Dumb()) == f"{long}\n"


def test_what_an_encoding_lacks_is_replaced() -> None:
    """Signs of our own by others, and a name by its codes: nothing fails to be written."""
    assert written([Line("→ shop/kässe.py", weight="fine")], "ascii") == "+ -> shop/k\\xe4sse.py\n"


def test_markdown() -> None:
    """Paths are code, numbers are to the right, and a bar ends no cell."""
    assert as_markdown(DOCUMENT) == dedent(r"""
        # Store
        - ✓ all is well
        - ✗ this is not:
          mend it

        Written by `shop/cart.py`
        - below
          - deeper

        | path | uses |
        |---|---:|
        | `a\|b` | 1,000 |
        | plain | 2 |
        |  | in |
        """).lstrip("\n")


def test_code_in_markdown_may_have_a_backtick() -> None:
    """Such as the name of a file."""
    assert as_markdown([Line((("odd`name.py", CODE),))]) == "`` odd`name.py ``\n"


def test_long_lists_end_early() -> None:
    """And say how much more there is."""
    assert first(["a", "b"], 2, "file") == ["a", "b"]
    assert first(["a", "b", "c"], 2, "file") == ["a", "b", "and 1 more file"]
    assert first(["a", "b", "c"], 0, "entry", "entries") == ["and 3 more entries"]
    assert first(["a", "b"], 1, note=", in all") == ["a", "and 1 more, in all"]
    assert (listed([], 3), listed(["a"], 3), listed(["a", "b"], 2)) == ("", "a", "a, b")
    assert listed(["a", "b", "c", "d"], 2, " (--verbose)") == "a, b and 2 more (--verbose)"
