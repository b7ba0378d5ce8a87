"""What users import is listed, sorted and there; what they install is called what it is."""

import re
import tomllib
from pathlib import Path

import enforcer
from enforcer.distribution import DISTRIBUTION, install_command


def test_public_names_are_sorted_and_exist() -> None:
    """`__all__` is what the documentation may speak of."""
    assert enforcer.__all__ == sorted(enforcer.__all__)
    assert [name for name in enforcer.__all__ if not hasattr(enforcer, name)] == []


def test_the_version_has_one_place() -> None:
    """The installed metadata is made of the package's own version."""
    from importlib.metadata import version  # noqa: PLC0415 - heavy, and only here

    assert version(DISTRIBUTION) == enforcer.__version__


def test_hints_name_what_an_extra_needs() -> None:
    """And no project of an index that is another one than this."""
    assert install_command("demo") == 'pip install "websockets>=15"'
    assert "starlette" in install_command("dashboard")
    assert install_command("none") == 'pip install ".[none]", in its sources'


def test_floors_are_above_known_holes() -> None:
    """What the page is served with: the first releases without the holes that are published."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    extra = project["project"]["optional-dependencies"]["dashboard"]
    floors = dict(requirement.split(">=") for requirement in extra)
    mended = {
        "h11": (0, 16),  # CVE-2025-43859: chunked bodies
        "jinja2": (3, 1, 6),  # CVE-2025-27516, CVE-2024-56201: templates
        "starlette": (0, 49, 1),  # CVE-2025-62727: ranges of files; CVE-2025-54121: forms
    }

    for name, release in mended.items():
        assert tuple(map(int, floors[name].split("."))) >= release


def test_the_name_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))

    assert project["project"]["name"] == DISTRIBUTION


def test_no_page_installs_by_a_name_that_is_not_held() -> None:
    """Neither the package's name, which is another project's, nor the own one."""
    folder = Path(__file__).parents[2]
    pages = [*folder.glob("*.md"), *folder.glob("docs/*.md"), *folder.glob(".github/**/*.yml")]
    by_name = re.compile(r"pip install [^`|\n]*\b(?<![-./])(?:import-)?enforcer\b(?! @)(?!/)")

    found = [page.name for page in pages if by_name.search(page.read_text("utf-8"))]

    assert len(pages) > 10
    assert found == []
