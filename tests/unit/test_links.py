"""What the pages link to is there: the file, and the heading in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
LINK = re.compile(r"\]\(([^)\s:]+)\)")  # no address with a scheme
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """Name the headings of a page as code hosts do."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    texts = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text) for text in found)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    missing = []
    for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        is_there = target.exists()
        if is_there and heading and target.suffix == ".md":
            is_there = heading in headings(target)
        if not is_there:
            missing.append(link)

    assert missing == []
