"""The first page answers five questions, over histories whose answers are known."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from enforcer.dashboard.settings import Settings
from tests.readability import histories
from tests.unit.dashboard.conftest import client_of, visitor

ANSWERS: dict[str, dict[str, str]] = json.loads(
    Path(histories.__file__).with_name("answers.json").read_text("utf-8")
)


@pytest.fixture(scope="module", params=histories.HISTORIES)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a page
    name = request.param
    store, migration_map = histories.write(name, tmp_path_factory.mktemp(name))
    settings = Settings(str(store), migration_map, now=lambda: histories.NOW)
    return name, visitor(client_of(settings))("/")


def test_page_has_the_answers(shown: Any) -> None:  # noqa: ANN401 - a page
    """Each answer stands on the page, in these words."""
    name, page = shown
    text = " ".join(page.text.split())
    answers = list(ANSWERS[name].values())
    left = answers[0].partition(" ")[0]
    direction = {"falling": "and falling", "level": "level over", "rising": "and rising"}[name]
    assert re.search(rf"Call sites left {left} {direction}", text)
    first = page.rows("owners")[0]
    owner, _, rest = answers[2].partition(", ")
    assert first["Owner of the callers"].startswith(owner)
    assert re.search(r"app\.\w+", rest)[0] in first["First due"]  # type: ignore[index]
    can_go = {"falling": "1 can go today app.banner", "level": "0 can go today",
              "rising": "2 can go today app.banner, app.login"}[name]  # fmt: skip
    assert can_go in text
    assert ("Whole for 99 d" in text or "Whole for 100 d" in text) == answers[4].startswith("yes")
