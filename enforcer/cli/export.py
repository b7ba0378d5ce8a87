"""Command ``enforcer export``: write the map as configuration of ruff or import-linter."""

from collections.abc import Callable
from typing import Final

import click

from enforcer.cli.options import choose_map, load_sound
from enforcer.rules.mistakes import require_rules
from enforcer.source.exports import for_import_linter, for_ruff

_TOOLS: Final[dict[str, Callable[..., str]]] = {
    "import-linter": for_import_linter,
    "ruff": for_ruff,
}


@click.command()
@click.argument("tool", type=click.Choice(list(_TOOLS)))
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option(
    "--own-file",
    is_flag=True,
    help="Write for ruff.toml or .importlinter, instead of tables for pyproject.toml.",
)
def export(*, tool: str, map_file: str | None, own_file: bool) -> None:
    """Write the map as configuration of another linter.

    TOOL is ruff, which gets a table of banned APIs (TID251), or import-linter, which gets a
    forbidden contract.

    \b
    Examples:
      enforcer export ruff >> pyproject.toml
      enforcer export ruff --own-file > legacy-ruff.toml
      enforcer export import-linter --own-file > .importlinter
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    require_rules(migration_map)
    click.echo(_TOOLS[tool](migration_map, is_own_file=own_file), nl=False)
