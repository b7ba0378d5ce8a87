"""Command ``enforcer fix``: rewrite callers to the canonical paths."""

import sys
from pathlib import Path

import click

from enforcer.cli.options import JSON, choose_map, choose_store, format_options, load_sound
from enforcer.errors import EnforcerError
from enforcer.output.console import as_text
from enforcer.output.progress import counting
from enforcer.output.words import counted, listed
from enforcer.owners import Owners, rule_owners
from enforcer.report import build
from enforcer.rewriting.as_json import fix_as_json
from enforcer.rewriting.project import ProjectFix, ProjectRewriter, Wish
from enforcer.rewriting.sections import diff, document
from enforcer.rewriting.unified_diff import unified_diff
from enforcer.rewriting.working_tree import uncommitted
from enforcer.rules.mistakes import find_rule
from enforcer.rules.model import MigrationMap

WOULD_CHANGE = 1
"""Exit code of ``--check`` if a file would change."""

_MOST_NAMED = 3


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]…")
@click.option("--map", "map_file", metavar="FILE", help="The migration map.")
@click.option("--rule", "rules", multiple=True, metavar="PATH", help="Only rules of this path.")
@click.option(
    "--owner", metavar="OWNER", help="Only files of this owner, by CODEOWNERS, and their rules."
)
@click.option("--only-live", is_flag=True, help="Only what the store has seen running.")
@click.option("--store", metavar="FILE", help="The store for --only-live.")
@click.option("--rename-uses", is_flag=True, help="Rename uses instead of writing `as old_name`.")
@click.option("--diff", "shows_diff", is_flag=True, help="Print a diff, and write nothing.")
@click.option(
    "--check", "only_checks", is_flag=True, help="Write nothing; exit with 1 if it would."
)
@click.option("--interactive", "-i", is_flag=True, help="Show each file's diff, and ask.")
@click.option("--allow-dirty", is_flag=True, help="Write although git has uncommitted changes.")
@format_options("text", JSON)
@click.pass_context
def fix(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    map_file: str | None,
    rules: tuple[str, ...],
    owner: str | None,
    only_live: bool,
    store: str | None,
    rename_uses: bool,
    shows_diff: bool,
    only_checks: bool,
    interactive: bool,
    allow_dirty: bool,
    form: str,
) -> None:
    """Rewrite callers to the canonical paths.

    Rewritten is what can be proved to mean the same; everything else is left, and listed with the
    reason. Names stay bound: where one was renamed, `as old_name` is added. Imports are sorted by
    ruff if they were sorted before. The exit code is 0, with --check 1 if a file would change, and
    2 for a mistake in the call or the map, or if git has uncommitted changes.

    \b
    Examples:
      enforcer fix --diff
      enforcer fix
      enforcer fix shop/views.py --rule shop.old_cart
      enforcer fix --check --json | jq '.files[].left[]'
    """  # noqa: D301 - \b tells click to keep the lines
    migration_map = load_sound(choose_map(map_file))
    if owner:
        Owners(migration_map.root).require(owner, rule_owners(migration_map))
    wish = Wish(
        paths,
        frozenset(find_rule(migration_map, path).legacy for path in rules) or None,
        _live(migration_map, store, map_file) if only_live else None,
        owner or "",
        rename_uses,
    )
    with counting("reading files") as progress:
        found = ProjectRewriter(migration_map, wish, progress).rewrite()
    writes = not (shows_diff or only_checks)
    if writes and interactive:
        found = _reviewed(found)
    if writes and found.changed:
        if not allow_dirty:
            _require_clean(migration_map, found)
        found = found.write()
    if shows_diff:
        click.echo(diff(found), nl=False)
    if form == JSON and not shows_diff:
        click.echo(fix_as_json(found, is_written=writes), nl=False)
    elif not shows_diff or found.left:
        text = as_text(document(found, is_written=writes), sys.stderr if shows_diff else sys.stdout)
        click.echo(text, nl=False, color=True, err=shows_diff)
    context.exit(WOULD_CHANGE if only_checks and found.changed else 0)


def _live(
    migration_map: MigrationMap, store: str | None, map_file: str | None
) -> dict[str, frozenset[str]]:
    """Return the rules that a store has seen in use, by file."""
    live: dict[str, frozenset[str]] = {}
    for rule in build(choose_store(store, map_file or migration_map.path)).rules:
        for site in rule.call_sites:
            live[site.file] = live.get(site.file, frozenset()) | {rule.legacy}
    return live


def _require_clean(migration_map: MigrationMap, found: ProjectFix) -> None:
    """Raise an error if git could not give back what is written over.

    Raises:
        EnforcerError: if so.

    """
    dirty = uncommitted(Path(migration_map.root), [one.path for one in found.changed])
    if dirty:
        named = listed([f'"{one}"' for one in dirty], _MOST_NAMED)
        message = (
            f"git has {counted(len(dirty), 'uncommitted file')}: {named}. Commit first, so that "
            "you can look at the changes by themselves, or add --allow-dirty (dirty-tree)"
        )
        raise EnforcerError(message)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _reviewed(found: ProjectFix) -> ProjectFix:
    """Return what remains after a person was asked about each file.

    Raises:
        EnforcerError: if there is no terminal to ask at.

    """
    if not _is_terminal():
        message = "--interactive asks at a terminal, and there is none. Leave it out (no-terminal)"
        raise EnforcerError(message)
    kept = {one.file for one in found.files if not one.result.is_changed}
    for one in found.changed:
        click.echo(unified_diff(one.file, one.result.old, one.result.new))
        choice = click.Choice(["y", "n", "a", "q"])
        words = f"Write {one.file}? (yes, no, all from here, quit)"
        answer = click.prompt(words, type=choice, default="y")
        if answer == "q":
            break
        if answer == "a":
            position = found.changed.index(one)
            kept.update(rest.file for rest in found.changed[position:])
            break
        if answer == "y":
            kept.add(one.file)
    return found.keeping(kept)
