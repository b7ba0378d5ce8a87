"""Enable the enforcer for the tests of issue 960; with --noconftest they run without it."""

from collections.abc import Iterator

import pytest

import enforcer
from enforcer.demo import MAP


@pytest.fixture(autouse=True)
def _enforced() -> Iterator[None]:
    enforcer.enable(str(MAP), store=False)
    yield
    enforcer.disable()
