"""Changes of a migration map's text that keep its layout: comments, order, blank lines, line ends.

tomlkit sets values. Whole tables are removed as lines, since tomlkit attaches a comment above a
table to the table before it. Whatever was done, the text is parsed again and must hold the expected
document: a change of the layout that went wrong is an error and never a wrong map.
"""

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from tomlkit.items import AbstractTable, InlineTable, Table

from enforcer.errors import EnforcerError
from enforcer.rules.key_lines import key_lines
from enforcer.rules.location import PROJECT_FILE
from enforcer.rules.model import FACTORY, INSTANCES, TREE_SUFFIX
from enforcer.rules.regular_files import read_trusted

if TYPE_CHECKING:
    from collections.abc import Callable

RULE: Final = "rule"
STAGE: Final = "stage"
_ARRAYS: Final = (RULE, FACTORY, INSTANCES)
_HEADER: Final = re.compile(r"\s*\[")


class MapText:
    """The text of a map, changed in memory.

    Attributes:
        path: absolute path of the file.
        file: the file that it is, behind links.
        text: the text, with the changes.

    """

    def __init__(self, path: str) -> None:
        """Read the file, which :func:`enforcer.rules.loader.load_map` has found valid."""
        self.path = path
        # A link stays a link: what it points to is written.
        self.file = str(Path(path).resolve())
        self.text = read_trusted(path).decode("utf-8")
        self._prefix = ("tool", "enforcer") if Path(path).name == PROJECT_FILE else ()

    def set(self, path: str, key: str, value: object) -> None:
        """Set a key of the entry with a path: its legacy one, or the canonical one of instances."""
        array, index = self._place(path)
        document = tomlkit.parse(self.text)
        table = _inside(document, self._prefix)[array][index]
        if key in table:
            # tomlkit keeps the comment behind a value that is replaced in place.
            table[key] = value
        else:
            _append(table, key, value, "\r\n" if "\r\n" in self.text else "\n")

        def expected(own: dict[str, Any]) -> None:
            own[array][index][key] = value

        self._change(tomlkit.dumps(document), expected)

    def unset(self, path: str, key: str) -> None:
        """Remove a key of the entry with a path, if it has the key."""
        array, index = self._place(path)
        document = tomlkit.parse(self.text)
        table = _inside(document, self._prefix)[array][index]
        if key not in table:
            return
        del table[key]

        def expected(own: dict[str, Any]) -> None:
            del own[array][index][key]

        self._change(tomlkit.dumps(document), expected)

    def stages_of(self, path: str) -> list[int]:
        """Return the positions of the tables ``[[stage]]`` of one path alone."""
        tables = _plain(self.text, self._prefix).get(STAGE, ())
        own = path.removesuffix(TREE_SUFFIX)
        return [
            index
            for index, table in enumerate(tables)
            if str(table.get("path", "")).removesuffix(TREE_SUFFIX) == own
        ]

    def drop(self, path: str) -> None:
        """Remove the entry with a path, with the comment right above it."""
        self._drop_table(*self._place(path))

    def drop_stage(self, index: int) -> None:
        """Remove a table ``[[stage]]`` by its position."""
        self._drop_table(STAGE, index)

    def drop_exemption(self, index: int) -> None:
        """Remove an entry of ``allow`` by its position, with the comment right above it."""
        # The options of a pyproject.toml are in [tool.enforcer] itself, of a map in [enforcer].
        where = (*self._prefix, *(() if self._prefix else ("enforcer",)), "allow")
        lines = self.text.splitlines(keepends=True)
        begins = _lines_of(self.text, where)
        first = begins[index] - 1
        following = begins[index + 1] - 1 if index + 1 < len(begins) else self._closing(first)

        def expected(own: dict[str, Any]) -> None:
            del (own if self._prefix else own["enforcer"])["allow"][index]

        begin = _with_comment(lines, first)
        end = _with_comment(lines, following) if following > first else following
        # At least the entry's own line goes, also where the array ends on it.
        kept = "".join((*lines[:begin], *lines[max(end, first + 1) :]))
        try:
            self._change(kept, expected)
        except (EnforcerError, tomllib.TOMLDecodeError):
            # Several entries share a line.
            document = tomlkit.parse(self.text)
            del _inside(document, where[:-1])["allow"][index]
            self._change(tomlkit.dumps(document), expected)

    def _drop_table(self, array: str, index: int) -> None:
        def expected(own: dict[str, Any]) -> None:
            del own[array][index]
            if not own[array]:
                del own[array]

        lines = self.text.splitlines(keepends=True)
        first = _lines_of(self.text, (*self._prefix, array))[index] - 1
        end = self._next_table(lines, first, (*self._prefix, array, index))
        begin = _with_comment(lines, first)
        end = _with_comment(lines, end) if end < len(lines) else end
        # The blank line that separated the last table would end the file.
        if end == len(lines):
            while begin and not lines[begin - 1].strip():
                begin -= 1
        try:
            self._change("".join((*lines[:begin], *lines[end:])), expected)
        except (EnforcerError, tomllib.TOMLDecodeError):
            # An array of inline tables: they share lines with others.
            document = tomlkit.parse(self.text)
            own = _inside(document, self._prefix)
            del own[array][index]
            if not own[array]:
                del own[array]
            self._change(tomlkit.dumps(document), expected)

    def _next_table(self, lines: list[str], first: int, table: tuple[str | int, ...]) -> int:
        """Return the index of the line where the next table begins that is not inside this one."""
        # A rule may have tables of its own, and a value lines that look like a header, such as a
        # nested array: headers count only after the table's last key.
        own = {line for path, line in key_lines(self.text).items() if path[: len(table)] == table}
        headers = (
            number for number in range(first + 1, len(lines)) if _HEADER.match(lines[number])
        )
        last = max(own, default=first + 1) - 1
        return next((number for number in headers if number > last), len(lines))

    def _closing(self, first: int) -> int:
        """Return the index of the line that ends an array whose last element begins at a line."""
        lines = self.text.splitlines()
        closing = (number for number in range(first + 1, len(lines)) if "]" in lines[number])
        return next(closing, first)

    def _place(self, path: str) -> tuple[str, int]:
        own = _plain(self.text, self._prefix)
        for array in _ARRAYS:
            key = "canonical" if array == INSTANCES else "legacy"
            for index, entry in enumerate(own.get(array, ())):
                if entry.get(key) == path:
                    return array, index
        message = f'{self.path}: no rule has the path "{path}" (unknown-path)'
        raise EnforcerError(message)

    def _change(self, text: str, expected: "Callable[[dict[str, Any]], None]") -> None:
        """Replace the text if it holds the expected document.

        Raises:
            EnforcerError: if it does not.

        """
        # The whole file is compared: a pyproject.toml has the tables of other tools, too.
        wanted = _plain(self.text, ())
        own = wanted
        for key in self._prefix:
            own = own[key]
        expected(own)
        if _plain(text, ()) != wanted:
            message = (
                f"{self.path} can't be changed without damage to its layout. Change it by hand "
                "(map-layout)"
            )
            raise EnforcerError(message)
        self.text = text


def _plain(text: str, keys: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(text)
    for key in keys:
        found = found[key]
    return found


def _inside(document: Any, keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - tables of tomlkit
    for key in keys:
        document = document[key]
    return document


def _append(table: AbstractTable, key: str, value: object, line_end: str) -> None:
    """Append a key after the last one of a table, not after the comment of the next table.

    tomlkit counts blank lines and comments up to the next header as a part of the table, and
    appends after them.
    """
    item = tomlkit.item(value)
    if isinstance(table, InlineTable) or not isinstance(table, Table):
        table.append(key, item)
        return
    body = table.value.body
    tail = []
    # In a container of tomlkit, blank lines and comments are the items without a key.
    while body and body[-1][0] is None:
        tail.append(body.pop())
    table.append(key, item)
    # tomlkit ends a new line with \n, also in a file with \r\n.
    item.trivia.trail = line_end
    body.extend(reversed(tail))


def _lines_of(text: str, array: tuple[str | int, ...]) -> list[int]:
    """Return the line, from 1, of each element of an array."""
    lines = key_lines(text)
    found: list[int] = []
    while (*array, len(found)) in lines:
        found.append(lines[*array, len(found)])
    return found


def _with_comment(lines: list[str], number: int) -> int:
    """Return the index of the first comment of those right above a line, or of the line itself."""
    first = number
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    # A comment that begins the file is about the whole of it.
    return first or number
