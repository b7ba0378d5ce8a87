"""Parsing and validation of a baseline file, or of both sides of one with merge conflicts."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from enforcer.baseline.model import SOURCE_KINDS, Baseline, Entry
from enforcer.errors import EnforcerError
from enforcer.recording.use import IMPORT_STATEMENT, KINDS
from enforcer.rules.key_lines import key_lines
from enforcer.rules.mistakes import Mistake, MistakeList
from enforcer.rules.regular_files import read_regular, read_trusted
from enforcer.rules.values import Table, flag, nearest, required, type_of

if TYPE_CHECKING:
    from enforcer.rules.values import Keys

VERSION: Final = 1
SOURCE_VERSION: Final = 2
"""The version of a file that says of each entry whether it is in the source."""

RUNNING: Final = "running"
SOURCE: Final = "source"
BOTH: Final = "both"
_SEEN: Final = (RUNNING, SOURCE, BOTH)

_CONFLICT: Final = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_TOP_KEYS: Final = ("version", "call_sites")
_REMEDY: Final = "Mend the line, or take the file from version control and run: {command}"
_SLUG: Final = "baseline-broken"
UPDATE: Final = "enforcer baseline update"
UPDATE_SOURCE: Final = f"{UPDATE} --source"
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
    return _baseline(file, text)


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
    return [_baseline(file, _side(text, side)) for side in ("<", ">")]


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


def _baseline(file: Path, text: str) -> Baseline:
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
    mistakes = MistakeList(str(file), key_lines(text))
    parts = list(_read(Table((), document, mistakes)))
    if mistakes.found:
        errors = sorted(mistakes.found, key=lambda mistake: mistake.line)
        raise BaselineError("\n".join(map(_shown, errors)))
    source = None
    if document.get("version") == SOURCE_VERSION:
        source = Baseline((entry for _, entry in parts if entry is not None), str(file))
    return Baseline((entry for entry, _ in parts if entry is not None), str(file), source)


def _read(document: Table) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Yield what was seen running and what is in the source, and note what is wrong."""
    document.check_keys(_TOP_KEYS, "a baseline")
    version = document.values.get("version")
    if version not in (VERSION, SOURCE_VERSION):
        known = f"{VERSION} and {SOURCE_VERSION}"
        _note(document, "version", f"the version is {version!r}, and this enforcer knows {known}")
        return  # what else is there may mean something else
    keys = CALL_SITE_KEYS if version == VERSION else SOURCE_KEYS
    tables = document.values.get("call_sites", [])
    if not isinstance(tables, list):
        _note(document, "call_sites", f'"call_sites" is {type_of(tables)}, and not an array')
        return
    seen: dict[tuple[str, ...], int] = {}
    for index, values in enumerate(tables):
        where = ("call_sites", index)
        if not isinstance(values, dict):
            message = f"a call site is {type_of(values)}, and not a table."
            document.mistakes.add(where, message=message, remedy="", slug=_SLUG)
            continue
        table = Table(where, values, document.mistakes)
        before = len(table.mistakes.found)
        table.check_keys(keys, "a call site")
        fields = table.read(keys)
        if len(table.mistakes.found) > before:
            continue
        running, in_source = _parts(fields, table.mistakes.line_of(where))
        entry = running or in_source
        if entry.key in seen:
            table.mistakes.add(
                where,
                message=f"line {seen[entry.key]} has the same call sites.",
                remedy="Keep the line with the higher count.",
                slug=_SLUG,
            )
        seen[entry.key] = entry.line
        yield running, in_source


def _parts(fields: dict[str, Any], line: int) -> tuple[Any, Any]:
    """Return the entries of a line: what was seen running, and what is in the source."""
    is_flaky = fields.pop("flaky")
    seen = fields.pop("seen", RUNNING)
    in_source = fields.pop("source", 0) or fields["count"]
    source_names = fields.pop("source_names", None)
    entry = Entry(**fields, is_flaky=is_flaky, line=line)
    if seen == RUNNING:
        return entry, None
    if seen == SOURCE:
        return None, entry
    names = entry.names if source_names is None else source_names or None
    return entry, Entry(*entry.key, count=in_source, names=names, line=line)


def _note(table: Table, key: str, message: str, remedy: str = "") -> None:
    table.note(key, message=f"{message}.", remedy=remedy, slug=_SLUG)


def _is_text(table: Table, key: str, text: str) -> bool:
    if not text:
        _note(table, key, f'"{key}" is empty')
    return bool(text)


def _is_kind(table: Table, key: str, kind: str) -> bool:
    known = (*KINDS, *SOURCE_KINDS) if table.values.get("seen") == SOURCE else KINDS
    if kind not in known:
        _note(table, key, f'"{kind}" is no kind of use', nearest(kind, known))
    return kind in known


def _count(table: Table, key: str) -> int:
    count = table.values.get(key, 1)
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return count
    _note(table, key, f'"{key}" is {count!r}, and not a number from 1 on')
    return 1


def _names(table: Table, key: str) -> tuple[str, ...] | None:
    names = table.values.get(key)
    if names is None:
        return None
    if isinstance(names, list) and names and all(isinstance(name, str) and name for name in names):
        return tuple(sorted(set(names)))
    _note(table, key, f'"{key}" is no array of names; without it any name is meant')
    return None


def _seen(table: Table, key: str) -> str:
    seen = table.values.get(key, RUNNING)
    if seen in _SEEN:
        return str(seen)
    _note(table, key, f'"{key}" is {seen!r}, and not one of {", ".join(_SEEN)}')
    return RUNNING


def _source_names(table: Table, key: str) -> tuple[str, ...] | None:
    """Return the names; None if they are those that run, and none at all for any."""
    return () if table.values.get(key) == [] else _names(table, key)


CALL_SITE_KEYS: Final["Keys"] = {
    "path": required("the call site", 'path = "package.old"', _is_text),
    "file": required("the call site", 'file = "package/file.py"', _is_text),
    "function": required("the call site", 'function = "function"', _is_text),
    "kind": required("the call site", f'kind = "{IMPORT_STATEMENT}"', _is_kind),
    "count": _count,
    "names": _names,
    "flaky": flag(default=False),
}
"""The keys of a line; see :mod:`enforcer.rules.keys` for those of a map."""

SOURCE_KEYS: Final["Keys"] = {
    **CALL_SITE_KEYS,
    "seen": _seen,
    "source": lambda table, key: _count(table, key) if key in table.values else 0,
    "source_names": _source_names,
}
"""The keys of a line that says whether it is in the source: how often, and with which names."""


def _shown(mistake: Mistake) -> str:
    place = f"{mistake.file}:{mistake.line}" if mistake.line else mistake.file
    remedy = _REMEDY.format(command=UPDATE)
    parts = (f"{place}:", mistake.message, mistake.remedy, remedy, f"({_SLUG})")
    return " ".join(filter(None, parts))


def _wrong(file: Path, line: int, what: str) -> BaselineError:
    place = f"{file}:{line}" if line else str(file)
    remedy = _REMEDY.format(command=UPDATE)
    return BaselineError(f"{place}: {what.rstrip('.')}. {remedy} ({_SLUG})")
