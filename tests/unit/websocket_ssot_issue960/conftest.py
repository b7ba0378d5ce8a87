"""Enable the enforcer for the tests of issue 960; with --noconftest they run without it.

A test class may name a ``stage`` for all rules but those whose implementation still lives at the
legacy path, and the ``baseline`` that strict rules tolerate.
"""

from collections.abc import Iterator

import pytest

import enforcer
from enforcer.baseline import Baseline
from enforcer.demo import MAP
from enforcer.rules.loader import load_map


@pytest.fixture(autouse=True)
def _enforced(request: pytest.FixtureRequest) -> Iterator[None]:
    migration_map = load_map(str(MAP))
    stage = getattr(request.cls, "stage", None)
    for rule in migration_map.rules:
        if stage and not rule.implementation:
            rule.stage = stage
    baseline = Baseline(getattr(request.cls, "baseline", ()))
    enforcer.enable(migration_map, store=False, baseline=baseline)
    yield
    enforcer.disable()
