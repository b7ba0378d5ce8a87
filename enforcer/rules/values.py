"""Read single values of a migration map, noting those of the wrong type."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList

    Reader: TypeAlias = "Callable[[Table, str], Any]"
    Keys: TypeAlias = "Mapping[str, Reader]"

_TYPES = {
    "str": "a string",
    "bool": "a boolean",
    "int": "an integer",
    "float": "a float",
    "list": "an array",
    "dict": "a table",
    "date": "a date",
    "time": "a time",
    "datetime": "a date with a time",
}

_DATE_LENGTH = len("2026-03-31")


class Table:
    """One table of the map; reads its values.

    Attributes:
        where: the path of the table.
        values: the values of the table.
        mistakes: the list to which mistakes are added.

    """

    __slots__ = ("mistakes", "values", "where")

    def __init__(
        self, where: "KeyPath", values: "Mapping[str, object]", mistakes: "MistakeList"
    ) -> None:
        self.where = where
        self.values = values
        self.mistakes = mistakes

    def note(self, key: str, *, message: str, remedy: str, slug: str) -> None:
        """Note a mistake at a key of this table."""
        self.mistakes.add((*self.where, key), message=message, remedy=remedy, slug=slug)

    def check_keys(self, known: "Iterable[str]", owner: str) -> None:
        """Note every unknown key, with the most similar known one."""
        for key in self.values:
            if key not in known:
                self.note(
                    key,
                    message=f'"{key}" is not a key of {owner}.',
                    remedy=nearest(key, known),
                    slug="unknown-key",
                )

    def note_missing(self, key: str, example: str, owner: str) -> None:
        """Note that a key is missing which the table can't do without."""
        self.mistakes.add(
            self.where,
            message=f'{owner} has no "{key}".',
            remedy=f"Write {example}.",
            slug="missing-key",
        )

    def read(
        self, keys: "Keys", defaults: "Mapping[str, object] | None" = None
    ) -> "dict[str, Any]":
        """Read every key.

        Args:
            keys: the keys of the table.
            defaults: values of keys that are missing, where they come from another table.

        """
        # Readers run in the order of the keys, and so come the mistakes.
        given = {key: value for key, value in (defaults or {}).items() if key not in self.values}
        return {key: reader(self, key) for key, reader in keys.items() if key not in given} | given

    def string(self, key: str, default: str = "") -> str:
        """Read a string."""
        value = self.values.get(key, default)
        if isinstance(value, str):
            return value
        self.note_type(key, value, f'{key} = "…"')
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """Read a boolean."""
        value = self.values.get(key, default)
        if isinstance(value, bool):
            return value
        self.note_type(key, value, f"{key} = true or {key} = false")
        return default

    def strings(self, key: str) -> tuple[str, ...]:
        """Read an array of strings."""
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.note_type(key, value, f'{key} = ["…", "…"]')
        return ()

    def date(self, key: str) -> str:
        """Read a date as ``YYYY-MM-DD``; empty if it is missing or invalid."""
        from datetime import date, datetime  # tomllib has loaded it by now

        value = self.values.get(key)
        if value is None:
            return ""
        # A datetime is a date, too, for isinstance().
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str) and is_date(value):
            return value
        shown = f'"{value}"' if isinstance(value, str) else str(value)
        self.note(
            key,
            message=f"{shown} is not a date.",
            remedy=f"Write a day that exists, as YYYY-MM-DD: {key} = 2026-03-31.",
            slug="bad-date",
        )
        return ""

    def note_type(self, key: str, value: object, example: str) -> None:
        """Note a value of the wrong type."""
        found = type_of(value)
        if isinstance(value, list) and value:
            odd = next((item for item in value if not isinstance(item, str)), None)
            found = found if odd is None else f"an array with {type_of(odd)}"
        self.note(
            key,
            message=f'"{key}" is {found}.',
            remedy=f"Write {example}.",
            slug="wrong-type",
        )


def flag(*, default: bool | None) -> "Reader":
    """Return a reader of a boolean; a default of None tells that the key is missing."""

    def reader(table: Table, key: str) -> bool | None:
        if default is None and key not in table.values:
            return None
        return table.flag(key, default=bool(default))

    return reader


def choice(
    words: "tuple[str, ...]", default: str, wrong: str, slug: str, *, remedy: str = ""
) -> "Reader":
    """Return a reader of one of some words; ``default`` where there is none of them."""

    def reader(table: Table, key: str) -> str:
        word = table.string(key, default)
        if word in words or key not in table.values or not isinstance(table.values[key], str):
            return word
        table.note(
            key,
            message=f'"{word}" {wrong}.',
            remedy=remedy or f"Write one of {', '.join(words)}.",
            slug=slug,
        )
        return default

    return reader


def checked(is_valid: "Callable[[str], bool]", wrong: str, remedy: str, slug: str) -> "Reader":
    """Return a reader of a text that may be missing; empty for an invalid one."""

    def reader(table: Table, key: str) -> str:
        text = table.string(key)
        if not text or is_valid(text):
            return text
        table.note(key, message=f'"{text}" {wrong}.', remedy=remedy, slug=slug)
        return ""

    return reader


def required(owner: str, example: str, is_valid: "Callable[[Table, str, str], bool]") -> "Reader":
    """Return a reader of a text; empty, with a note, where it is missing or invalid."""

    def reader(table: Table, key: str) -> str:
        if key not in table.values:
            table.note_missing(key, example, owner)
            return ""
        text = table.values[key]
        if not isinstance(text, str):
            table.note_type(key, text, example)
            return ""
        return text if is_valid(table, key, text) else ""

    return reader


def optional(reader: "Reader") -> "Reader":
    """Return a reader of a text that may be missing."""
    return lambda table, key: reader(table, key) if key in table.values else ""


def type_of(value: object) -> str:
    """Return the name of a value's type in TOML's terms."""
    name = type(value).__name__
    return _TYPES.get(name, name)


def nearest(word: str, known: "Iterable[str]") -> str:
    """Return a remedy: the most similar known word, or all of them."""
    import difflib  # heavy; only with a mistake to explain

    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f'Write "{near[0]}".'
    return f"Remove it, or write one of {', '.join(known)}." if known else "Remove it."


def is_date(text: str) -> bool:
    """Return whether a text is a day in ISO 8601, such as ``2026-03-31``."""
    from datetime import date  # tomllib has loaded it by now

    try:
        # From 3.11 on fromisoformat() accepts the basic and the week form as well.
        return len(text) == _DATE_LENGTH and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
