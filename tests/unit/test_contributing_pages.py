"""The pages for contributors name files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["CONTRIBUTING.md", "docs/architecture.md", "docs/style.md"]
FILE = re.compile(r"`((?:enforcer|tests|docs)/[\w./]+)`")


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page: str) -> None:
    """All but those that a contributor is going to write."""
    named = FILE.findall((ROOT / page).read_text("utf-8"))
    missing = [file for file in named if "NAME" not in file and not (ROOT / file).exists()]

    assert named
    assert missing == []


def test_targets_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"`make (\w+)`", text))

    assert targets
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
