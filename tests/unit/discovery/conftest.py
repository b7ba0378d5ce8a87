"""Make repositories with a history."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Make a repository, which its first commit begins."""
    return Repository(tmp_path)


@pytest.fixture
def git(repository: Repository) -> Callable[..., str]:
    """Run git in the repository."""
    return repository.git


@pytest.fixture
def commit(repository: Repository) -> Callable[[dict[str, str | None]], None]:
    """Commit files, one day after the last commit; None deletes one."""
    return repository.commit
