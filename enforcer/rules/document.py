"""Read the document of a migration map: ``enforcer.toml``, or a part of ``pyproject.toml``.

Both files have the same keys: ``[enforcer]`` and ``[[rule]]`` in the one, ``[tool.enforcer]``
and ``[[tool.enforcer.rule]]`` in the other; likewise ``factory`` and ``instances``.
"""

import os
import re
import tomllib

from enforcer.rules.key_lines import key_lines
from enforcer.rules.location import MAP_FILE, PROJECT_FILE, has_table
from enforcer.rules.mistakes import MapError, Mistake, MistakeList
from enforcer.rules.model import FACTORY, INSTANCES
from enforcer.rules.validation import validate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enforcer.rules.key_lines import KeyPath
    from enforcer.rules.model import Entry
    from enforcer.rules.sound_part import Ignored


def read_document(
    path: str, data: bytes, *, lenient: bool = False, regardless: bool = False
) -> "tuple[dict[str, Any], list[Entry], list[Ignored]]":
    """Read options, by key, rules, factories and instances, and what is ignored.

    Args:
        path: absolute path of the file.
        data: its content.
        lenient: whether to use the valid part of a map with mistakes, unless it says
            ``fail_open = false``.
        regardless: whether to do so in that case, too.

    Raises:
        MapError: if it has mistakes, or no valid part; the error has all mistakes.

    """
    text = _decode(path, data)
    document = _parse(path, text)
    mistakes = MistakeList(shown(path), key_lines(text))
    prefix: KeyPath = ()
    if os.path.basename(path) == PROJECT_FILE:
        prefix = ("tool", "enforcer")
        if not has_table(document):
            raise _no_table(path)
    contents = validate(document, mistakes, prefix=prefix)
    if not mistakes.found:
        return contents.options, contents.entries, []
    if not lenient or not (regardless or contents.options["fail_open"]):
        raise MapError(mistakes.found, fail_open=contents.options["fail_open"])
    from enforcer.rules.sound_part import sound_part

    own: Any = document
    for key in prefix:
        own = own[key]
    options, entries, ignored = sound_part(contents, mistakes, own)
    if not entries and any(own.get(array) for array in ("rule", FACTORY, INSTANCES)):
        raise MapError(mistakes.found)  # no part of it is valid
    return options, entries, ignored


def unreadable(path: str, error: OSError) -> MapError:
    """Return the error for a file that can't be read."""
    if isinstance(error, FileNotFoundError):
        return _fatal(
            path,
            message="there is no such file.",
            remedy=f"Write a migration map there, or name another one: {MAP_FILE} or "
            f"a {PROJECT_FILE} with [tool.enforcer].",
            slug="map-not-found",
        )
    return _fatal(
        path,
        message=f"the map can't be read: {error.strerror or error}.",
        remedy="Check what it is and who may read it.",
        slug="unreadable-map",
    )


def _decode(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _fatal(
            path,
            line=data.count(b"\n", 0, error.start) + 1,
            message=f"byte 0x{data[error.start]:02x} is not UTF-8.",
            remedy="Save the file as UTF-8.",
            slug="not-utf-8",
            fail_open=_guessed_fail_open(data.decode("utf-8", "replace")),
        ) from None


def _parse(path: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason, line = _syntax_error(error, text)
        raise _fatal(
            path,
            line=line,
            message=f"this is not TOML: {reason}.",
            remedy="Mend the syntax; what else may be wrong shows then.",
            slug="toml-syntax",
            fail_open=_guessed_fail_open(text),
        ) from None


def _syntax_error(error: Exception, text: str) -> tuple[str, int]:
    """Split the parser's message into the reason and the line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply", 0
    reason, _, place = str(error).rpartition(" (at ")
    words = place.removesuffix(")").replace(",", " ").split()
    if words[:1] == ["line"]:
        return reason, int(words[1])
    return reason or str(error), text.rstrip("\n").count("\n") + 1


def _guessed_fail_open(text: str) -> bool:
    """Return the value of ``fail_open`` in a text that is no valid TOML, as far as it can be found.

    An author who wrote ``fail_open = false`` wants the program to stop, whatever else is broken.
    """
    pattern = re.compile(r"^[ \t]*(?:[\w.]+\.)?fail_open[ \t]*=[ \t]*(true|false)\b", re.MULTILINE)
    found = pattern.search(text)
    return found is None or found[1] == "true"


def _no_table(path: str) -> MapError:
    return _fatal(
        path,
        message="there is no table [tool.enforcer].",
        remedy=f"Write [tool.enforcer] and [[tool.enforcer.rule]], or use {MAP_FILE}.",
        slug="no-enforcer-table",
    )


def _fatal(  # noqa: PLR0913 - one parameter for each part of the message
    path: str, *, message: str, remedy: str, slug: str, line: int = 0, fail_open: bool = True
) -> MapError:
    """Return an error with one mistake that hides all others."""
    mistake = Mistake(
        file=shown(path), line=line, key="", message=message, remedy=remedy, slug=slug
    )
    return MapError([mistake], fail_open=fail_open)


def shown(path: str) -> str:
    """Return a file's path relative to the working directory, if it is below it."""
    try:
        return path.removeprefix(os.path.join(os.getcwd(), ""))
    except OSError:  # the working directory was deleted
        return path
