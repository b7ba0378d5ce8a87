"""Cache of validated migration maps, in a form that loads in less than a millisecond.

A cache file is in ``.enforcer/`` beside the map, or else in the user's cache folder. Its name has
the digest of the map's content, so it is never stale; a digest of its own detects damage. It is
only trusted if no user but this one and root can have written it. The files of the last few
contents are kept, because a child process uses the content that its parent has.
"""

import marshal
import os
import stat
import sys

from enforcer.record import Record
from enforcer.rules.model import DECLARED, FACTORY, FOR_VERDICTS, INSTANCES, Rule
from enforcer.rules.outline import Outline
from enforcer.rules.regular_files import (
    CHECK_BYTES,
    DIGITS,
    HAS_OWNERS,
    check_sum,
    digest,
    is_private,
    open_regular,
    read_open,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from enforcer.rules.model import Entry
    from enforcer.rules.sound_part import Ignored

FOLDER = ".enforcer"

# Incremented whenever rules get another field, or a map that was valid becomes invalid.
_FORMAT = "enforcer map 15"
_TAG = sys.implementation.cache_tag or sys.implementation.name
_MOST_BYTES = 1 << 26
_MOST_KEPT = 4  # children of long-running programs need the map of their parent
_COMMON = ("refuse", *FOR_VERDICTS, "line")
_FIELDS = ("legacy", *DECLARED, "names", "implementation", "fallback", *_COMMON)
_FACTORY_FIELDS = ("legacy", *DECLARED, "arguments", "adapter", *_COMMON)
_INSTANCES_FIELDS = (
    "canonical",
    "key",
    "maximum",
    "hold",
    "missing",
    "stage",
    "reason",
    "owner",
    "link",
    "sample",
    "line",
)


class CompiledMap(Record):
    """The content of a map's file, independent of the file's location.

    Attributes:
        options: the values of the table ``[enforcer]``, by key.
        outline: the module paths in the rules.
        ignored: a notice for each part with a mistake.

    """

    options: "dict[str, Any]"
    outline: Outline
    _rules: bytes
    ignored: "Sequence[Ignored]"

    def rules(self) -> "list[Entry]":
        """Unpack the map's entries: rules, factories and instances."""
        rules, factories, instances = marshal.loads(self._rules)  # noqa: S302 - checked
        made: list[Entry] = [_made(Rule, _FIELDS, packed) for packed in rules]
        if factories or instances:
            from enforcer.rules.factory_model import Factory, Instances

            made += [_made(Factory, _FACTORY_FIELDS, packed) for packed in factories]
            made += [_made(Instances, _INSTANCES_FIELDS, packed) for packed in instances]
        return made


def find(
    path: str, source: str, environ: "Mapping[str, str]", *, is_current: bool = False
) -> CompiledMap | None:
    """Return the compiled form of a map, if a trusted cache has it.

    Args:
        path: absolute path of the map.
        source: digest of its content.
        environ: the variables that name the user's cache folder.
        is_current: whether the file has this content now: then :func:`find_last` returns it,
            even if the cache of a later edit is younger.

    """
    for folder, name in _places(path, environ):
        compiled = _compiled_in(folder, name, source)
        if compiled is not None:
            if is_current:
                _touch(os.path.join(folder, _file_name(name, source)))
            return compiled
    return None


def find_last(path: str, environ: "Mapping[str, str]") -> "tuple[CompiledMap, str] | None":
    """Return the compiled form of a map's last content, with the digest of that content.

    Args:
        path: absolute path of the map.
        environ: the variables that name the user's cache folder.

    """
    caches = [
        (time, folder, name, file.removeprefix(f"{name}.")[:DIGITS])
        for folder, name in _places(path, environ)
        for time, file in _caches_in(folder, name)
    ]
    for _, folder, name, source in sorted(caches, reverse=True):
        compiled = _compiled_in(folder, name, source)
        if compiled is not None:
            return compiled, source
    return None


def keep(  # noqa: PLR0913 - one parameter for each part of a map
    path: str,
    source: str,
    options: "dict[str, Any]",
    rules: "Sequence[Entry]",
    environ: "Mapping[str, str]",
    *,
    ignored: "Sequence[Ignored]" = (),
) -> None:
    """Write the compiled form into the first folder that allows it; ignore errors.

    Args:
        path: absolute path of the map.
        source: digest of its content.
        options: the values of the table ``[enforcer]``, by key.
        rules: all its entries, without any override of stages.
        environ: the variables that name the user's cache folder.
        ignored: a notice for each part with a mistake.

    """
    if not HAS_OWNERS:
        return  # it would never be trusted
    data = _pack(source, options, rules, ignored)
    for folder, name in _places(path, environ):
        try:
            write_own(folder, _file_name(name, source), data)
        except OSError:
            continue
        _forget_old(folder, name)
        return


def _made(kind: "Callable[..., Entry]", fields: "Sequence[str]", packed: "list[Any]") -> "Entry":
    first, second, *rest = packed
    return kind(first, second, **dict(zip(fields[2:], rest, strict=True)))


def _places(path: str, environ: "Mapping[str, str]") -> "Iterator[tuple[str, str]]":
    folder, name = os.path.split(path)
    yield os.path.join(folder, FOLDER), name
    users = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(users):
        home = environ.get("HOME", "")
        users = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    if users:
        yield os.path.join(users, "enforcer"), digest(os.fsencode(path))


def _file_name(name: str, source: str) -> str:
    return f"{name}.{source}.{_TAG}.cache"


def _compiled_in(folder: str, name: str, source: str) -> CompiledMap | None:
    data = read_own(folder, _file_name(name, source))
    return None if data is None else _unpack(data, source)


def _touch(file: str) -> None:
    try:
        os.utime(file)
    except OSError:
        return  # the file is another user's, or the disk is read-only


def _caches_in(folder: str, name: str) -> "list[tuple[int, str]]":
    """Return when each cache of one map was used last, for this version of Python."""
    length = len(_file_name(name, "0" * DIGITS))
    try:
        with os.scandir(folder) as entries:
            return [
                (entry.stat(follow_symlinks=False).st_mtime_ns, entry.name)
                for entry in entries
                if entry.name.startswith(f"{name}.")
                and entry.name.endswith(f".{_TAG}.cache")
                and len(entry.name) == length
            ]
    except OSError:
        return []  # another process may delete them at the same time


def _forget_old(folder: str, name: str) -> None:
    """Delete all but the newest caches of one map, for this version of Python."""
    for _, file in sorted(_caches_in(folder, name))[:-_MOST_KEPT]:
        try:
            os.unlink(os.path.join(folder, file))
        except OSError:
            return  # another process deletes them at the same time


def read_own(folder: str, name: str) -> bytes | None:
    """Return a file of a cache folder; None if there is none, or others may have written it."""
    try:
        if not _is_own_folder(folder):
            return None
        path = os.path.join(folder, name)
        descriptor, status = open_regular(path, follows=False)
    except (OSError, ValueError):
        return None
    try:
        return read_open(descriptor, path, _MOST_BYTES) if is_private(status) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_own_folder(folder: str) -> bool:
    status = os.lstat(folder)
    return stat.S_ISDIR(status.st_mode) and is_private(status)


def write_own(folder: str, name: str, data: bytes) -> None:
    """Write a file into a cache folder, which is created if its parent can be written.

    Raises:
        OSError: if it can't be written, or others may have written the folder.

    """
    from enforcer.rules.atomic import replace, write_new
    from enforcer.rules.own_folder import ignore

    os.makedirs(os.path.dirname(folder), exist_ok=True)
    try:
        os.mkdir(folder, 0o755)
        ignore(folder)
    except FileExistsError:
        if not _is_own_folder(folder):
            raise PermissionError(folder) from None
    replace(os.path.join(folder, name), lambda draft: write_new(draft, data, 0o644))


def _pack(
    source: str,
    options: "dict[str, Any]",
    rules: "Sequence[Entry]",
    ignored: "Sequence[Ignored]",
) -> bytes:
    from enforcer.rules.outline import outline_of

    outline = outline_of(rules)
    by_kind: tuple[list[object], ...] = ([], [], [])
    for rule in rules:
        index = {FACTORY: 1, INSTANCES: 2}.get(rule.kind, 0)
        fields = (_FIELDS, _FACTORY_FIELDS, _INSTANCES_FIELDS)[index]
        by_kind[index].append([getattr(rule, field) for field in fields])
    packed = marshal.dumps(by_kind)
    paths = (outline.heads, outline.covering, outline.beside)
    data = marshal.dumps((_FORMAT, source, options, paths, packed, tuple(ignored)))
    return check_sum(data) + data


def _unpack(data: bytes, source: str) -> CompiledMap | None:
    check, content = data[:CHECK_BYTES], data[CHECK_BYTES:]
    if check_sum(content) != check:
        return None
    parts = marshal.loads(content)  # noqa: S302 - its digest matches, and only this user or root can write it
    if parts[:2] != (_FORMAT, source):
        return None
    _, _, options, paths, rules, ignored = parts
    return CompiledMap(options, Outline(*paths), rules, ignored)
