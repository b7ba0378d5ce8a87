"""Find the line of every key in a TOML text.

``tomllib`` reports the line of a syntax error, but not the lines of keys that it read. This scanner
follows the structure of a text that ``tomllib`` has accepted (it validates nothing) and notes a
line for each table, key and array element.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    KeyPath: TypeAlias = tuple[str | int, ...]

_BLANK = r"(?:[ \t\r\n]|\#[^\n]*)*"
_KEY = r"""[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*"""
_STRING = (
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'"
)
_PLAIN = r"[^,\]}#\n]+"  # a number, a boolean or a date, which may contain a space


def key_lines(text: str) -> "dict[KeyPath, int]":
    """Map the path of every key of a valid TOML text to its line, from 1.

    A path has the names of tables and keys, and the index (from 0) of a table in an array
    of tables or of an element in an array: ``("rule", 2, "names", "old_name")``.
    """
    return _Scanner(text).scan()


class _Scanner:
    """A scanner of one TOML text."""

    def __init__(self, text: str) -> None:
        import re  # heavy; tomllib has loaded it by now

        self._text = text
        self._position = 0
        self._counted = 0
        self._line = 1
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}
        self._blank = re.compile(_BLANK)
        self._key = re.compile(_KEY, re.DOTALL)
        self._scalar = re.compile(f"{_STRING}|{_PLAIN}", re.DOTALL)

    def scan(self) -> "dict[KeyPath, int]":
        table: KeyPath = ()
        while self._next_character():
            if self._text.startswith("[", self._position):
                table = self._read_header()
            else:
                self._read_entry(table)
        return self._lines

    def _next_character(self) -> str:
        """Skip blanks and comments; return the character there, empty at the end."""
        found = self._blank.match(self._text, self._position)
        self._position = found.end() if found else self._position
        return self._text[self._position : self._position + 1]

    def _note(self, path: "KeyPath") -> None:
        self._line += self._text.count("\n", self._counted, self._position)
        self._counted = self._position
        self._lines.setdefault(path, self._line)

    def _read_keys(self) -> tuple[str, ...]:
        """Read a key, which may be dotted, and the one character after it."""
        keys: list[str] = []
        while True:
            found = self._key.match(self._text, self._position)
            if found is None:
                return tuple(keys)
            keys.append(_unquoted(found[1]))
            self._position = found.end() + 1
            if not self._text.startswith(".", found.end()):
                return tuple(keys)

    def _read_header(self) -> "KeyPath":
        start = self._position
        is_array = self._text.startswith("[[", start)
        self._position += 1 + is_array
        keys = self._read_keys()
        end = self._position + is_array
        self._position = start
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self._inside((*path, key))
            self._note(path)
        path = (*path, keys[-1])
        if is_array:
            self._note(path)
            self._tables[path] = self._tables.get(path, 0) + 1
        path = self._inside(path)
        self._note(path)
        self._position = end
        return path

    def _inside(self, path: "KeyPath") -> "KeyPath":
        """Return the path of the last table in an array of tables."""
        count = self._tables.get(path)
        return path if count is None else (*path, count - 1)

    def _read_entry(self, table: "KeyPath") -> None:
        start = self._position
        keys = self._read_keys()
        end = self._position
        self._position = start
        for length in range(1, len(keys) + 1):
            self._note((*table, *keys[:length]))
        self._position = end
        self._read_value((*table, *keys))

    def _read_value(self, path: "KeyPath") -> None:
        character = self._next_character()
        if character == "{":
            self._read_inline_table(path)
        elif character == "[":
            self._read_array(path)
        else:
            found = self._scalar.match(self._text, self._position)
            self._position = found.end() if found else len(self._text)

    def _read_inline_table(self, path: "KeyPath") -> None:
        self._position += 1
        while (character := self._next_character()) not in ("}", ""):
            if character == ",":
                self._position += 1
            else:
                self._read_entry(path)
        self._position += 1

    def _read_array(self, path: "KeyPath") -> None:
        self._position += 1
        index = 0
        while (character := self._next_character()) not in ("]", ""):
            if character == ",":
                self._position += 1
            else:
                self._note((*path, index))
                self._read_value((*path, index))
                index += 1
        self._position += 1


def _unquoted(key: str) -> str:
    """Return the name that a bare or quoted key means."""
    if not key.startswith(('"', "'")):
        return key
    if "\\" not in key:
        return key[1:-1]
    import tomllib  # heavy, but loaded already, because the text was parsed

    return str(tomllib.loads(f"key = {key}")["key"])
