"""CSV that spreadsheets read as text and never evaluate as formulas: names come from outside.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from enforcer.output.words import visible

_PIECE: Final = 1 << 16
# At the beginning, or after a character that a spreadsheet may read as the end of a cell;
# full-width forms too.
_FORMULA: Final = re.compile(r"^[\t\r\n]|(?:^|[,;|\t\r\n])\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def csv_pieces(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the lines of a CSV document, many at a time.

    Texts are quoted and numbers are not. A text that a spreadsheet would evaluate is prefixed with
    ``'``, which marks a cell as text.

    Args:
        header: the names of the columns.
        rows: cells of each row; lists and mappings are joined, None is empty.

    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow(map(_cell, row))
        if text.tell() > _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def flat(value: object) -> object:
    """Return a value as one cell shows it."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        return " ".join(f"{key}={each}" for key, each in value.items())
    return value


def _cell(value: object) -> object:
    value = "" if value is None else flat(value)
    if not isinstance(value, str):
        return value
    return visible(f"'{value}" if _FORMULA.search(value) else value)
