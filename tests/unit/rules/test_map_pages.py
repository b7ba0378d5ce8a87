"""Test that the pages about the map say what the code does."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import enforcer
from enforcer.rules.keys import OPTION_KEYS, RULE_KEYS
from enforcer.rules.model import MigrationMap

PACKAGE = Path(str(enforcer.__file__)).parent
DOCS = PACKAGE.parent / "docs"
EXAMPLES = re.findall(r"```toml\n(.*?)```", (DOCS / "map.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_a_sound_map(
    read_map: Callable[..., MigrationMap], example: str
) -> None:
    """A reader may copy it."""
    name = "pyproject.toml" if "[tool." in example else "enforcer.toml"
    migration = read_map(example, name=name)

    assert len(migration.rules) == example.count("rule]]\n") + example.count("rule]]  ")


def test_the_page_lists_every_key_in_its_order() -> None:
    """And no others."""
    page = (DOCS / "map.md").read_text("utf-8")
    options, rules = page.split("## Rules")[0], page.split("## Rules")[1].split("### Paths")[0]

    assert tuple(re.findall(r"^\| `(\w+)`", options, re.MULTILINE)) == tuple(OPTION_KEYS)
    assert tuple(re.findall(r"^\| `(\w+)`", rules, re.MULTILINE)) == tuple(RULE_KEYS)


def test_every_message_of_the_map_and_the_check_is_explained() -> None:
    """Under a heading of its slug."""
    headings = set(
        re.findall(r"^## (\S+)$", (DOCS / "messages.md").read_text("utf-8"), re.MULTILINE)
    )
    files = [*PACKAGE.glob("rules/*.py"), *PACKAGE.glob("source/*.py"), *PACKAGE.glob("cli/check*")]
    pattern = re.compile(r'slug="([a-z0-9-]+)"|Finding\("([a-z-]+)"|\(([a-z]+(?:-[a-z]+)+)\)"')
    slugs = {
        next(filter(None, groups))
        for file in files
        if file.suffix == ".py"
        for groups in pattern.findall(file.read_text("utf-8"))
    }

    assert len(slugs) > 30
    assert slugs - headings == set()
