"""Load the migration map from its file or a cache, and apply the environment's overrides.

Environment variables are applied here, so that every command and every process sees the same map.
Code that a start with a valid, cached map does not need is in ``document``.
"""

import os

from enforcer.record import Record
from enforcer.rules import cache
from enforcer.rules.environment import NUMBERS, is_number, trusted_environment
from enforcer.rules.model import IGNORED, LAST, LOGS, MigrationMap
from enforcer.rules.regular_files import digest, read_trusted
from enforcer.rules.stages import ENVIRONMENT_KEY, read_override
from enforcer.rules.store_address import KINDS, file_of, is_known, is_read_only, unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeGuard

    from enforcer.rules.cache import CompiledMap
    from enforcer.rules.mistakes import MapError, Mistake
    from enforcer.rules.model import Entry
    from enforcer.rules.outline import Outline
    from enforcer.rules.sound_part import Ignored
    from enforcer.rules.stages import StageOverride

STORE_KEY = "ENFORCER_STORE"
DEFAULT_STORE = ".enforcer/uses.db"

BASELINE_KEY = "ENFORCER_BASELINE"
DEFAULT_BASELINE = "enforcer-baseline.toml"

LOG_KEY = "ENFORCER_LOG"

REFUSE_KEY = "ENFORCER_REFUSE"
_FLAGS = {"": None, "true": True, "false": False}


def load_map(  # noqa: PLR0913 - one parameter for each way to read it
    path: str,
    *,
    environ: "Mapping[str, str] | None" = None,
    cached: bool = False,
    wanted: str = "",
    lenient: bool = False,
    regardless: bool = False,
) -> MigrationMap:
    """Read and validate a migration map.

    Args:
        path: an ``enforcer.toml`` (of any name), or a ``pyproject.toml``.
        environ: the environment, by default the process's own, see
            :func:`enforcer.rules.environment.trusted_environment`.
        cached: whether to read a cache, and to write one for the next time.
        wanted: the digest of the content to use, if a cache still has it.
        lenient: whether to load a map with mistakes, unless it says ``fail_open = false``:
            its valid part, or the file's last content if it can't be read at all. ``ignored``
            of the map has what is missing.
        regardless: whether to do so even if it says ``fail_open = false``, as a process in safe
            mode does.

    Raises:
        MapError: if it has mistakes; the error has all of them.

    """
    environ = trusted_environment() if environ is None else environ
    path = os.path.abspath(path)
    override, mistakes = _read_override(environ)
    log = environ.get(LOG_KEY, "").strip()
    if log and log not in LOGS:
        message = f'"{log}" is not a log. Write one of {", ".join(LOGS)}.'
        mistakes.append(_mistaken(LOG_KEY, message, "unknown-log"))
        log = ""
    refusal = environ.get(REFUSE_KEY, "").strip()
    if refusal not in _FLAGS:
        message = f'"{refusal}" is not a boolean. Write true or false.'
        mistakes.append(_mistaken(REFUSE_KEY, message, "wrong-type"))
    mistakes += _bad_numbers(environ)
    chosen = _chosen_store(environ, mistakes)
    try:
        content = _content(
            path,
            environ if cached else None,
            wanted=wanted,
            lenient=lenient,
            regardless=regardless,
        )
    except Exception as error:
        from enforcer.rules.mistakes import MapError

        if not (mistakes and isinstance(error, MapError)):
            raise
        raise MapError([*mistakes, *error.mistakes], fail_open=error.fail_open) from None
    options = content.options
    if mistakes and not (lenient and (regardless or options["fail_open"])):
        from enforcer.rules.mistakes import MapError

        raise MapError(mistakes, fail_open=options["fail_open"])
    ignored = [*content.ignored, *map(_ignored_variable, mistakes)]
    options["root"] = _beside(path, options["root"])
    options["store"] = chosen or file_of(options["store"] or DEFAULT_STORE, os.path.dirname(path))
    options["log"] = log or options["log"]
    options["baseline"] = _baseline(path, options["baseline"], environ)
    # These modules are loaded only for a map that has such entries: a start stays light.
    if options["allow"]:
        from enforcer.rules.exemptions import Exemption

        options["allow"] = [Exemption(*fields) for fields in options["allow"]]
    if options["jobs"] or options["accept"]:
        from enforcer.rules.terms import AcceptedBreak, Job

        options["jobs"] = [Job(*fields) for fields in options["jobs"]]
        options["accept"] = [AcceptedBreak(*fields) for fields in options["accept"]]
    if options["rollouts"]:
        from enforcer.rules.rollout import Rollout

        options["rollouts"] = [Rollout(**fields) for fields in options["rollouts"]]
    return MigrationMap(
        content.rules,
        **options,
        path=path,
        digest=content.source,
        outline=content.outline,
        override=override,
        refusal=_FLAGS.get(refusal),
        ignored=ignored,
    )


def _read(path: str) -> bytes:
    try:
        return read_trusted(path)
    except OSError as error:
        from enforcer.rules.document import unreadable

        raise unreadable(path, error) from error


class _Content(Record):
    """The content of the file.

    Attributes:
        options: the values of the table ``[enforcer]``, by key.
        rules: the entries, or a function that creates them.
        source: digest of the file's content.
        outline: the module paths in the rules, if known.
        ignored: a notice for each part that is not in force.

    """

    options: "dict[str, Any]"
    rules: "Sequence[Entry] | Callable[[], Sequence[Entry]]"
    source: str
    ignored: "Sequence[Ignored]"
    outline: "Outline | None" = None


def _content(
    path: str,
    caches: "Mapping[str, str] | None",
    *,
    wanted: str,
    lenient: bool,
    regardless: bool,
) -> _Content:
    """Return the content of the file, or of a cache.

    Args:
        path: absolute path of the map.
        caches: the variables that name the cache folder; None to use no cache.
        wanted: the digest of the content to use, if a cache still has it.
        lenient: whether to load a map with mistakes.
        regardless: whether to do so even if it says ``fail_open = false``.

    """
    if wanted and caches is not None:
        compiled = cache.find(path, wanted, caches)
        if _is_usable(compiled, lenient=lenient, regardless=regardless):
            return _compiled_content(compiled, wanted)
    try:
        return _content_of_file(path, caches, lenient=lenient, regardless=regardless)
    except Exception as error:
        from enforcer.rules.mistakes import MapError

        if caches is None or not lenient or not isinstance(error, MapError):
            raise
        return _last_content(path, caches, error, regardless=regardless)


def _content_of_file(
    path: str, caches: "Mapping[str, str] | None", *, lenient: bool, regardless: bool
) -> _Content:
    data = _read(path)
    # An empty map is valid, but a file may be empty because it is being written.
    if lenient and caches is not None and not data.strip() and _had_rules(path, caches):
        from enforcer.rules.document import unreadable

        raise unreadable(path, OSError(0, "it is empty, and was not before"))
    source = digest(data)
    compiled = None if caches is None else cache.find(path, source, caches, is_current=True)
    if _is_usable(compiled, lenient=lenient, regardless=regardless):
        return _compiled_content(compiled, source)
    from enforcer.rules.document import read_document

    options, rules, ignored = read_document(path, data, lenient=lenient, regardless=regardless)
    if caches is not None:
        cache.keep(path, source, options, rules, caches, ignored=ignored)
    return _Content(options, rules, source, ignored)


def _had_rules(path: str, caches: "Mapping[str, str]") -> bool:
    last = cache.find_last(path, caches)
    return last is not None and bool(last[0].outline.heads)


def _last_content(
    path: str, environ: "Mapping[str, str]", error: "MapError", *, regardless: bool
) -> _Content:
    """Return the file's content before it was damaged or deleted.

    Raises:
        MapError: if no cache has it, or it says ``fail_open = false``.

    """
    goes_on = regardless or error.fail_open
    last = cache.find_last(path, environ) if goes_on else None
    if last is None:
        raise error
    compiled, source = last
    if not regardless and not compiled.options["fail_open"]:
        error.fail_open = False
        raise error
    text = f"what the map said before is in force: {error.mistakes[0]}"
    content = _compiled_content(compiled, source)
    content.ignored = [(LAST, path, text), *content.ignored]
    return content


def _is_usable(
    compiled: "CompiledMap | None", *, lenient: bool, regardless: bool
) -> "TypeGuard[CompiledMap]":
    if compiled is None or not compiled.ignored:
        return compiled is not None
    # The cache may be one of a process in safe mode, of a map that stops all other processes.
    return lenient and (regardless or compiled.options["fail_open"])


def _compiled_content(compiled: "CompiledMap", source: str) -> _Content:
    return _Content(compiled.options, compiled.rules, source, compiled.ignored, compiled.outline)


def usual_store(path: str) -> str:
    """Return the store for a map that can't be read: the environment's, or the default."""
    chosen = _chosen_store(os.environ, [])
    return chosen or file_of(DEFAULT_STORE, os.path.dirname(os.path.abspath(path)))


def _ignored_variable(mistake: "Mistake") -> "Ignored":
    return IGNORED, mistake.file, f"the {mistake.file} is ignored: {mistake}"


def _read_override(environ: "Mapping[str, str]") -> "tuple[StageOverride | None, list[Mistake]]":
    try:
        return read_override(environ.get(ENVIRONMENT_KEY, "")), []
    except ValueError as error:
        return None, [_mistaken(ENVIRONMENT_KEY, str(error), "unknown-stage")]


def _mistaken(variable: str, message: str, slug: str, remedy: str = "") -> "Mistake":
    from enforcer.rules.mistakes import Mistake

    return Mistake(
        file=f"environment variable {variable}",
        line=0,
        key="",
        message=message,
        remedy=remedy,
        slug=slug,
    )


def _bad_numbers(environ: "Mapping[str, str]") -> "list[Mistake]":
    """Return a mistake for each numeric variable whose value is no number."""
    texts = ((key, environ.get(key, "").strip()) for key in NUMBERS)
    return [
        _mistaken(key, f'"{text}" is not a number.', "not-a-number", "Write one, or unset it.")
        for key, text in texts
        if text and not is_number(text)
    ]


def _chosen_store(environ: "Mapping[str, str]", mistakes: "list[Mistake]") -> str:
    """Return the file that the environment names; empty if it names none to write to."""
    address = environ.get(STORE_KEY, "")
    if not is_known(address):
        message = unknown(address)
        mistakes.append(_mistaken(STORE_KEY, message, "unknown-store", f"Write {KINDS}."))
        return ""
    return "" if is_read_only(address) or not address.strip() else file_of(address)


def _baseline(path: str, named: str, environ: "Mapping[str, str]") -> str:
    """Return the named baseline, or the default one if it exists."""
    chosen = environ.get(BASELINE_KEY)
    if chosen:
        return os.path.abspath(chosen)
    if named:
        return _beside(path, named)
    usual = _beside(path, DEFAULT_BASELINE)
    return usual if os.path.isfile(usual) else ""


def _beside(path: str, other: str) -> str:
    """Resolve a path relative to the map's folder."""
    return os.path.normpath(os.path.join(os.path.dirname(path), other))
