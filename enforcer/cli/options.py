"""Options of several commands, and the map and the store that they and the environment name."""

import datetime as dt
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import click

from enforcer.errors import EnforcerError
from enforcer.rules.loader import STORE_KEY, load_map
from enforcer.rules.location import find_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap
from enforcer.rules.store_address import file_of, is_read_only, scheme_of
from enforcer.source.map_mistakes import mistakes_beside
from enforcer.startup import MAP_KEY

JSON = "json"
_PARAMETER = "form"

FILE: Final = click.Path(path_type=Path, dir_okay=False)

_SPAN: Final = re.compile(r"(\d{1,5})d")


class Days(click.ParamType[dt.timedelta]):
    """A number of days, such as ``14d``."""

    name = "days"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Parse a value."""
        if isinstance(value, dt.timedelta):
            return value
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f'"{value}" is no number of days. Write 14d.', param, ctx)
        return dt.timedelta(days=int(found[1]))


class DaysOfService(click.ParamType[tuple[str, int]]):
    """A service and a number of days, such as ``batch=120d``."""

    name = "service=days"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Parse a value."""
        if isinstance(value, tuple):
            return value
        service, _, days = str(value).rpartition("=")
        found = _SPAN.fullmatch(days)
        if found is None or not service:
            self.fail(
                f'"{value}" is no service with a number of days. Write batch=120d.', param, ctx
            )
        return service, int(found[1])


def format_options(*forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds both options to a command; it gets ``form``.

    Args:
        forms: the names of the formats, the default one first; JSON is one of them.

    """
    choice = click.option(
        "--format",
        _PARAMETER,
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="How to write it.",
    )
    # Eager, so that it is processed before --format, whose default it sets.
    json = click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_default_to_json,
        help="Write JSON: the same as --format json.",
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        return choice(json(command))

    return add


def _default_to_json(context: click.Context, _: click.Parameter, value: object) -> None:
    if value:
        context.default_map = {**(context.default_map or {}), _PARAMETER: JSON}


_OPTIONS: Final = (
    click.option("--map", "map_file", metavar="FILE", help="The migration map."),
    click.option("--baseline", "baseline_file", type=FILE, metavar="FILE", help="The baseline."),
    click.option(
        "--record",
        "records",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help="What a test run has seen (pytest --enforcer-record); once for each shard.",
    ),
    click.option("--complete", is_flag=True, help="All that there is to see was seen."),
)


def seen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what to compare to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def choose_map(option: str | None) -> str:
    """Return the absolute path of the map: the option, the environment, or the nearest upwards.

    Raises:
        EnforcerError: if there is none.

    """
    chosen = option or os.environ.get(MAP_KEY) or find_map(os.curdir)
    if not chosen:
        message = (
            f'no migration map: there is no enforcer.toml in "{Path.cwd()}" or above it, '
            f"and neither --map nor {MAP_KEY} names one. "
            "Write one with enforcer init, or name it (no-map)"
        )
        raise EnforcerError(message)
    return str(Path(chosen).absolute())


def choose_store(
    store: str | None, migration_map: str | None, ignored: list[str] | None = None
) -> str:
    """Return the address of the store: the option, the environment, or the map's.

    A path is absolute; a URL is returned as it is.

    Args:
        store: the option for the store.
        migration_map: the option for the map.
        ignored: gets what is ignored of the map, which else goes to standard error.

    Raises:
        EnforcerError: if none of them names one, or the map has mistakes.

    """
    chosen = store or ("" if migration_map else os.environ.get(STORE_KEY, "")).strip()
    if chosen:
        from enforcer.store.readers import check_address  # noqa: PLC0415 - slow to load

        check_address(chosen)
        return chosen if is_read_only(chosen) else file_of(chosen)
    if ignored is None:
        return load_lenient(choose_map(migration_map)).store
    found = load_map(choose_map(migration_map), lenient=True)
    ignored += (text for _, _, text in found.ignored)
    return found.store


def load_lenient(path: str) -> MigrationMap:
    """Load a map as running programs do, and write what is ignored of it to standard error.

    Raises:
        MapError: if nothing of it is sound, or it says ``fail_open = false``.

    """
    migration_map = load_map(path, lenient=True)
    warn(text for _, _, text in migration_map.ignored)
    return migration_map


def warn(texts: Iterable[str]) -> None:
    """Write a line to standard error for each text."""
    for text in texts:
        click.echo(f"enforcer: {text}", err=True)


def choose_file(store: str | None, migration_map: str | None) -> str:
    """Return the absolute path of a store that can be written; see :func:`choose_store`.

    Raises:
        EnforcerError: if none is named, or one that is read-only.

    """
    chosen = choose_store(store, migration_map)
    if is_read_only(chosen):
        message = (
            f'"{scheme_of(chosen)}://…" is only read: programs write a file, and send telemetry '
            "to the collector. Name a file with --store (store-only-read)"
        )
        raise EnforcerError(message)
    return chosen


def load_chosen(path: str) -> MigrationMap:
    """Load a map whose root must exist, and report all of its mistakes at once.

    Raises:
        MapError: if there are mistakes; a missing root is one of them.
        EnforcerError: if only the root is missing.

    """
    try:
        migration_map = load_map(path)
    except MapError as error:
        mistakes = [*error.mistakes, *mistakes_beside(path)]
        raise MapError(mistakes, fail_open=error.fail_open) from None
    require_root(migration_map)
    return migration_map


def load_sound(path: str) -> MigrationMap:
    """Load a map without any mistake.

    Raises:
        MapError: if there is one, even if processes could ignore it.
        EnforcerError: if only the root is missing.

    """
    migration_map = load_chosen(path)
    mistakes = mistakes_beside(path)
    if mistakes:
        raise MapError(mistakes)
    return migration_map


def require_root(migration_map: MigrationMap) -> None:
    """Raise an error if the folder with the program's own code does not exist.

    Raises:
        EnforcerError: if so.

    """
    if not Path(migration_map.root).is_dir():
        message = (
            f'{migration_map.path}: root: there is no folder "{migration_map.root}". '
            "Write the folder that holds your code, relative to the map (root-not-found)"
        )
        raise EnforcerError(message)
