"""Every message's name has a section in docs/messages.md."""

import re
from pathlib import Path

import pytest

from enforcer.gate.findings import KINDS

ROOT = Path(__file__).resolve().parents[2]
SLUG = re.compile(r"\(([a-z]+(?:-[a-z0-9]+)+)\)\.?[\"'}]")
NAMED = re.compile(r"^[A-Z_]+ = \"([a-z]+(?:-[a-z]+)+)\"$", re.MULTILINE)


def slugs() -> set[str]:
    found: set[str] = set()
    for file in (ROOT / "enforcer").rglob("*.py"):
        found |= set(SLUG.findall(file.read_text()))
    found |= set(KINDS)
    found |= set(NAMED.findall((ROOT / "enforcer/runtime/imports/messages.py").read_text()))
    return found


def sections() -> list[str]:
    return re.findall(r"^## (\S+)$", (ROOT / "docs/messages.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("slug", sorted(slugs()))
def test_message_is_documented(slug: str) -> None:
    """A reader who looks a message up finds it."""
    assert slug in sections()


def test_sections_are_sorted() -> None:
    """A page that is looked things up in is sorted."""
    assert sections() == sorted(sections())


def test_known_messages_are_found() -> None:
    """The search above finds names in each of the ways they are written."""
    assert {"legacy-import", "removed-import", "already-enabled", "no-map"} <= slugs()
