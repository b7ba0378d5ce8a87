"""Parsing and validation of a baseline file, with errors by line."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from enforcer.baseline.model import Baseline, Entry
from enforcer.errors import EnforcerError
from enforcer.recording.use import KINDS
from enforcer.rules.key_lines import key_lines
from enforcer.rules.regular_files import read_regular, read_trusted
from enforcer.rules.values import nearest, type_of

VERSION: Final = 1

_CONFLICT: Final = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_TEXTS: Final = ("path", "file", "function", "kind")
_KEYS: Final = (*_TEXTS, "count", "names", "flaky")
_TOP_KEYS: Final = ("version", "call_sites")
_REMEDY: Final = "Mend the line, or take the file from version control and run: {command}"
UPDATE: Final = "enforcer baseline update"
SHRINK: Final = "pytest --enforcer --enforcer-update"
SEE_ALL: Final = "pytest --enforcer --enforcer-stage alias --enforcer-record run.json"


class BaselineError(EnforcerError):
    """A baseline can't be read; nothing was written.

    Attributes:
        fail_open: whether a program that needs it goes on; the map decides.

    """

    fail_open = True


def read_baseline(file: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineError: if there is none, or anything is wrong with it.

    """
    try:
        text = read_trusted(str(file)).decode("utf-8")
    except FileNotFoundError:
        message = (
            f'there is no baseline "{file}". Write one: {SEE_ALL}, '
            f"and then: {UPDATE} --record run.json --allow-new (no-baseline)"
        )
        raise BaselineError(message) from None
    except OSError as error:
        message = f'the baseline "{file}" can\'t be read: {error.strerror} (baseline-unreadable)'
        raise BaselineError(message) from error
    except UnicodeDecodeError as error:
        raise _wrong(file, 0, "it is not UTF-8") from error
    return Baseline(_entries(file, text), str(file))


def read_sides(file: Path) -> list[Baseline]:
    """Read a baseline, or both sides of one that has marks of a merge conflict.

    Raises:
        BaselineError: if there is none, or anything else is wrong with it.

    """
    try:
        text = read_regular(str(file)).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return [read_baseline(file)]
    if _CONFLICT.search(text) is None:
        return [read_baseline(file)]
    return [Baseline(_entries(file, _side(text, side)), str(file)) for side in ("<", ">")]


def _side(text: str, side: str) -> str:
    """Return one side of a file with merge conflicts: ours is ``<``, theirs ``>``."""
    lines, within = [], ""
    for line in text.splitlines(keepends=True):
        if _CONFLICT.match(line):
            # Our side begins with "<", the common ancestor with "|", theirs with "=".
            within = {"<": "<", "|": "|", "=": ">", ">": ""}[line[0]]
            # A blank line keeps the line numbers of what follows.
            lines.append("\n")
        else:
            lines.append(line if within in ("", side) else "\n")
    return "".join(lines)


def _entries(file: Path, text: str) -> list[Entry]:
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        message = (
            f"{file}:{line}: there are marks of a merge conflict. Keep both sides: "
            f"enforcer baseline merge {file.name} --output {file.name} (baseline-conflict)"
        )
        raise BaselineError(message)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+)", str(error))
        raise _wrong(file, int(found[1]) if found else 0, f"this is not TOML: {error}") from None
    lines = key_lines(text)
    for key in document:
        if key not in _TOP_KEYS:
            message = f'"{key}" is not a key of a baseline. {nearest(key, _TOP_KEYS)}'
            raise _wrong(file, lines.get((key,), 0), message)
    if document.get("version") != VERSION:
        message = f"the version is {document.get('version')!r}, and this enforcer knows {VERSION}"
        raise _wrong(file, lines.get(("version",), 1), message)
    tables = document.get("call_sites", [])
    if not isinstance(tables, list):
        message = f'"call_sites" is {type_of(tables)}, and not an array'
        raise _wrong(file, lines.get(("call_sites",), 0), message)
    return list(_read(file, tables, lines))


def _read(file: Path, tables: list[Any], lines: dict[Any, int]) -> Iterator[Entry]:
    seen: dict[tuple[str, ...], int] = {}
    for index, table in enumerate(tables):
        line = lines.get(("call_sites", index), 0)
        if not isinstance(table, dict):
            raise _wrong(file, line, f"a call site is {type_of(table)}, and not a table")
        entry = _entry(file, table, line)
        if entry.key in seen:
            message = (
                f"{file}:{line}: line {seen[entry.key]} has the same call sites. "
                "Keep the line with the higher count (baseline-broken)"
            )
            raise BaselineError(message)
        seen[entry.key] = line
        yield entry


def _entry(file: Path, table: dict[str, Any], line: int) -> Entry:
    for key in table:
        if key not in _KEYS:
            raise _wrong(file, line, f'"{key}" is not a key of a call site. {nearest(key, _KEYS)}')
    for key in _TEXTS:
        value = table.get(key)
        if value == "":
            raise _wrong(file, line, f'"{key}" is empty')
        if not isinstance(value, str):
            found = "missing" if value is None else type_of(value)
            raise _wrong(file, line, f'"{key}" is {found}, and not a string')
    if table["kind"] not in KINDS:
        message = f'"{table["kind"]}" is no kind of use. {nearest(table["kind"], KINDS)}'
        raise _wrong(file, line, message)
    count, is_flaky = table.get("count", 1), table.get("flaky", False)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise _wrong(file, line, f'"count" is {count!r}, and not a number from 1 on')
    if not isinstance(is_flaky, bool):
        raise _wrong(file, line, f'"flaky" is {type_of(is_flaky)}, and neither true nor false')
    names = table.get("names")
    if names is not None:
        is_list = isinstance(names, list) and names
        if not is_list or not all(isinstance(name, str) and name for name in names):
            raise _wrong(file, line, '"names" is no array of names; without it any name is meant')
        names = tuple(sorted(set(names)))
    texts = (table[key] for key in _TEXTS)
    return Entry(*texts, count=count, names=names, is_flaky=is_flaky, line=line)


def _wrong(file: Path, line: int, what: str) -> BaselineError:
    place = f"{file}:{line}" if line else str(file)
    remedy = _REMEDY.format(command=UPDATE)
    return BaselineError(f"{place}: {what.rstrip('.')}. {remedy} (baseline-broken)")
