"""Options for the output format: ``--format``, and ``--json``, which every command has."""

from collections.abc import Callable
from typing import Any

import click

JSON = "json"
_PARAMETER = "form"


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
