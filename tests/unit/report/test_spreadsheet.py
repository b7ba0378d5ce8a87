"""Spreadsheets compute nothing of what was recorded, and names that can't be seen are shown."""

import csv
import io

import pytest

from enforcer.output.spreadsheet import csv_pieces
from enforcer.report.words import visible


def read(*cells: object) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(csv_pieces(["name"], [cells])))))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\tx",
        "\r=1",
        "\nx",
        "x,=1",
        "x;@a",
        "x\n+1",
        "x\t-1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20a",
        "x|\uff1d1",
    ],
)
def test_formulas_are_text(text: str) -> None:
    (_, (cell,)) = read(text)
    assert cell.startswith("'")
    assert "\r" not in cell


@pytest.mark.parametrize("text", ["", "shop.old_cart", "a-b", "x=1", "a, b", "me@example.org"])
def test_other_texts_stay(text: str) -> None:
    assert read(text)[1] == [text]


def test_cells_of_every_kind() -> None:
    """Numbers are no texts, and so without quotes: also negative ones."""
    text = "".join(csv_pieces(["a"], [[-3, None, ["x", "y"], {"k": 1}, 'q"']]))
    assert text == '"a"\n-3,"","x y","k=1","q"""\n'


def test_long_documents_come_in_pieces() -> None:
    pieces = list(csv_pieces(["n"], ([number] for number in range(100_000))))
    assert len(pieces) > 3
    assert "".join(pieces).count("\n") == 100_001


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\x1b[31m\x00\r\u202eb\u2028\ud800") == r"a\x1b[31m\x00\r\u202eb\u2028\ud800"
    assert visible("größe 名前 🙂\n\t\xa0") == "größe 名前 🙂\n\t\xa0"
