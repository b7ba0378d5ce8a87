"""Read single values of a migration map, noting those of the wrong type."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.mistakes import MistakeList

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
        return len(text) == _DATE_LENGTH and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
