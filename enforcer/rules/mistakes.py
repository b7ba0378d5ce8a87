"""Mistakes in a migration map, with one message for each.

They are collected, not raised one by one: a user corrects a map once, with all its mistakes in
view.
"""

from enforcer.errors import EnforcerError
from enforcer.record import Record
from enforcer.rules.model import TREE_SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.model import MigrationMap, Rule


class Mistake(Record):
    """One mistake: where it is, what is wrong, and the remedy.

    Attributes:
        file: the file as a user would name it, or another source.
        line: the line of the key, from 1; 0 if there is none.
        key: the key in dotted form, such as ``rule.stage``; may be empty.
        message: what is wrong, as a sentence.
        remedy: what to do, as a sentence; may be empty.
        slug: the name of the section of ``docs/messages.md`` that explains it.

    """

    file: str
    line: int
    key: str
    message: str
    remedy: str
    slug: str

    def __str__(self) -> str:
        """Format the mistake on one line, as compilers do."""
        where = f"{self.file}:{self.line}:" if self.line else f"{self.file}:"
        key = f"{self.key}:" if self.key else ""
        parts = (where, key, self.message, self.remedy, f"({self.slug})")
        return " ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return f"<Mistake {self}>"


class MapError(EnforcerError):
    """A migration map was refused; the error has all its mistakes.

    Attributes:
        mistakes: every mistake, in the order of the lines.
        fail_open: whether the program goes on without the enforcer: the map's value, as far as it
            can be read, otherwise true.

    """

    def __init__(self, mistakes: "Iterable[Mistake]", *, fail_open: bool = True) -> None:
        """Sort the mistakes by line."""
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: mistake.line))
        self.fail_open = fail_open
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


class MistakeList:
    """The mistakes of one file, each at the line of its key.

    Attributes:
        file: the file as a user would name it.
        lines: the line of each key of the file.
        found: the mistakes so far.
        places: the path of the key of each of them.

    """

    __slots__ = ("file", "found", "lines", "places")

    def __init__(self, file: str, lines: "Mapping[KeyPath, int]") -> None:
        self.file = file
        self.lines = lines
        self.found: list[Mistake] = []
        self.places: list[KeyPath] = []

    def line_of(self, path: "KeyPath") -> int:
        """Return the line of a key, or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def add(self, path: "KeyPath", *, message: str, remedy: str, slug: str) -> None:
        """Note a mistake at a key."""
        key = ".".join(part for part in path if isinstance(part, str))
        self.places.append(path)
        self.found.append(
            Mistake(
                file=self.file,
                line=self.line_of(path),
                key=key,
                message=message,
                remedy=remedy,
                slug=slug,
            )
        )


def require_rules(migration_map: "MigrationMap") -> None:
    """Raise an error for a map without rules: there would be nothing to check.

    Raises:
        MapError: if it has none.

    """
    if migration_map.rules or migration_map.factories or migration_map.instances:
        return
    mistake = Mistake(
        file=migration_map.path,
        line=0,
        key="",
        message="the map has no rules, so there is nothing to check.",
        remedy="Write a [[rule]] with legacy and canonical, or name another map with --map.",
        slug="no-rules",
    )
    raise MapError([mistake])


def find_rule(migration_map: "MigrationMap", path: str) -> "Rule":
    """Return the rule or factory that a user names; whoever means a tree may omit the star.

    Args:
        migration_map: the map.
        path: a legacy path.

    Raises:
        EnforcerError: if no rule has it; the message has the nearest one.

    """
    rules = {rule.legacy: rule for rule in migration_map}
    found = rules.get(path) or rules.get(f"{path}{TREE_SUFFIX}")
    found = found or rules.get(path.removesuffix(TREE_SUFFIX))
    if found is not None:
        return found
    import difflib  # heavy; only with a mistake to explain

    near = difflib.get_close_matches(path, rules, n=1)
    remedy = f'Write "{near[0]}"' if near else "enforcer check lists all rules"
    message = f'no rule has the path "{path}". {remedy} (unknown-path)'
    raise EnforcerError(message)
