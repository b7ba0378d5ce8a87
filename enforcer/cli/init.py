"""Command ``enforcer init``: write the first map from evidence, or add rules to one."""

import sys
from collections.abc import Sequence
from typing import Final

import click

from enforcer.cli.options import format_options
from enforcer.discovery.as_json import found_as_json
from enforcer.discovery.draft import Draft, Place
from enforcer.discovery.proposal import Proposal
from enforcer.discovery.search import (
    choose_file,
    draft_of,
    pairs,
    place_of,
    search,
    search_paths,
)
from enforcer.discovery.sections import Found, document, line_of, next_steps
from enforcer.errors import EnforcerError
from enforcer.output.console import as_text, working
from enforcer.rules.document import shown

_YES, _NO, _ALL, _QUIT = "y", "n", "a", "q"
_UNCONFIRMED: Final = (
    "nothing is written: nobody can confirm it, as this is no terminal. "
    "Add --yes to write the map, or --dry-run to only look (init-unconfirmed)"
)


@click.command()
@click.argument("words", nargs=-1, metavar="[OLD=NEW]...")
@click.option("--map", "map_file", metavar="FILE", help="The map to write, or to add rules to.")
@click.option(
    "--discover",
    "names",
    multiple=True,
    metavar="NAME",
    help="Lead the import paths of a class or function together; see enforcer discover.",
)
@click.option("--since", default="", metavar="TAG|DAY", help="Read git's history from there on.")
@click.option("--no-git", is_flag=True, help="Leave out git's history.")
@click.option("--no-shims", is_flag=True, help="Leave out shims in the tree.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@format_options("text", "json")
def init(  # noqa: PLR0913 - one parameter for each option
    *,
    words: tuple[str, ...],
    map_file: str | None,
    names: tuple[str, ...],
    since: str,
    no_git: bool,
    no_shims: bool,
    is_confirmed: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Write the first migration map from evidence, or add rules to one.

    Rules come from pairs OLD=NEW, or from the import paths of a name, or else from git's
    history (renamed files, moved definitions) and from shims in the tree. Each rule has its
    evidence as a comment. Nothing that is in a map is changed, and all that is written passes
    enforcer check: what would not
    becomes a comment.

    \b
    Examples:
      enforcer init
      enforcer init shop.old_cart=shop.cart shop.prices:vat=shop.prices:value_added_tax
      enforcer init --discover WebSocketManager
      enforcer init --since v1.4 --yes
      enforcer init --dry-run --json | jq '.rules[].legacy'
    """  # noqa: D301 - \b tells click to keep the lines
    place = place_of(choose_file(map_file))
    with working("Reading the program and its history"):
        if names:
            evidence = search_paths(place, names)
        elif words:
            evidence = pairs(words)
        else:
            evidence = search(place, since=since, has_git=not no_git, has_shims=not no_shims)
        draft, skipped = draft_of(place, evidence)
    found = Found(shown(str(place.file)), draft.proposals, evidence.notes, skipped)
    is_asking = not (is_confirmed or dry_run or form == "json") and _is_terminal()
    if form != "json":
        click.echo(as_text(document(found), sys.stdout), nl=False, color=True)
    if is_asking:
        draft = Draft(place, _ask(found.proposals))
        draft.settle()  # a rule may need one that was not wanted
        if not draft.proposals:
            click.echo("Nothing was written.")
            return
    is_written = bool(draft.proposals) and not dry_run and (is_asking or is_confirmed)
    if is_written:
        _write(draft, place)
    if form == "json":
        click.echo(found_as_json(found, is_written=is_written), nl=False)
    elif is_written:
        click.echo(f"Wrote {found.file}.\n")
        click.echo(as_text(next_steps(draft.proposals), sys.stdout), nl=False, color=True)
    if draft.proposals and not (is_written or dry_run):
        raise EnforcerError(_UNCONFIRMED)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return the proposals that the user wants; all comments stay."""
    chosen: list[Proposal] = []
    wants_all = False
    for proposal in proposals:
        if proposal.objection or wants_all:
            chosen.append(proposal)
            continue
        click.echo()
        click.echo(as_text([line_of(proposal)], sys.stdout), nl=False, color=True)
        answer = click.prompt(
            "Add this rule? (y)es, (n)o, (a)ll that follow, (q)uit",
            type=click.Choice([_YES, _NO, _ALL, _QUIT]),
            default=_YES,
            show_choices=False,
        )
        if answer == _QUIT:
            return []
        wants_all = answer == _ALL
        if answer != _NO:
            chosen.append(proposal)
    return chosen


def _write(draft: Draft, place: Place) -> None:
    try:
        draft.write()
    except OSError as error:
        message = (
            f'"{place.file}" can\'t be written: {error.strerror or error}. '
            "Name another file with --map (map-unwritable)"
        )
        raise EnforcerError(message) from error
