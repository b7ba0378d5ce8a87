"""Write a check for people: a coloured tree on a terminal, plain text elsewhere."""

import os
from collections.abc import Iterator
from typing import TextIO

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from enforcer.cli.check_words import (
    BREAKS,
    TELLS,
    WARNS,
    Section,
    factory_heading,
    factory_sections,
    heading,
    instances_heading,
    instances_sections,
    rollouts,
    sections,
    summary,
    unmatched,
    unreadable,
)
from enforcer.source.findings import MapCheck

_STYLES = {BREAKS: "red", WARNS: "yellow", TELLS: ""}
_INDENT = "  "


def check_as_text(found: MapCheck, file: TextIO) -> str:
    """Write a check as it suits what it goes to.

    A terminal gets trees of its width, in colours unless ``NO_COLOR`` is set; anything else
    gets plain lines, which are never wrapped, so that they can be searched.

    Args:
        found: what to write.
        file: where the text will go.

    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal or os.environ.get("TERM") == "dumb":
        return "".join(f"{line}\n" for line in _lines(found))
    with console.capture() as capture:
        for tree in _trees(found):
            console.print(tree)
        console.print(Text(summary(found), style="bold red" if found.findings else "bold green"))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _blocks(found: MapCheck) -> Iterator[tuple[str, list[Section]]]:
    """Give the title and the sections of each rule."""
    for rule in found.rules:
        yield heading(rule, found.map_file), list(sections(rule, found.root))
    for factory in found.factories:
        title = factory_heading(factory, found.map_file)
        yield title, list(factory_sections(factory, found.root))
    for instances in found.instances:
        title = instances_heading(instances, found.map_file)
        yield title, list(instances_sections(instances, found.root))


def _lines(found: MapCheck) -> Iterator[str]:
    for title, inside in _blocks(found):
        yield title
        for section in inside:
            yield from _section_lines(section, _INDENT)
        yield ""
    for section in _of_the_whole(found):
        yield from _section_lines(section, "")
        yield ""
    yield summary(found)


def _of_the_whole(found: MapCheck) -> Iterator[Section]:
    """Yield what belongs to no single rule."""
    for section in (rollouts(found), unreadable(found), unmatched(found)):
        if section is not None:
            yield section


def _section_lines(section: Section, indent: str) -> Iterator[str]:
    yield f"{indent}{section.title}"
    for line in section.lines:
        yield f"{indent}{_INDENT}{line}"


def _trees(found: MapCheck) -> Iterator[Tree]:
    for title, inside in _blocks(found):
        tree = Tree(Text(title, style="bold"), guide_style="dim")
        for section in inside:
            _add(tree, section)
        yield tree
    for section in _of_the_whole(found):
        tree = Tree(Text(section.title, style=_STYLES[section.weight]), guide_style="dim")
        for line in section.lines:
            tree.add(Text(line))
        yield tree


def _add(tree: Tree, section: Section) -> None:
    branch = tree.add(Text(section.title, style=_STYLES[section.weight]))
    for line in section.lines:
        branch.add(Text(line))
