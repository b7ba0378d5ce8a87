"""OpenTelemetry is loaded beside a program that may import the same at any moment."""

import subprocess
import sys

import pytest

from enforcer.runtime.telemetry.loading import API, HTTP, SDK
from tests.patience import PATIENCE

INNER = sorted(name for name in {*API, *SDK, *HTTP} if "." in name)


@pytest.mark.process
@pytest.mark.parametrize("name", INNER)
def test_no_module_is_named_that_its_own_package_imports(name: str) -> None:
    """Two threads would wait for each other, and the program would get half of the module.

    Seen once: "cannot import name 'Buckets' from partially initialized module" in a program that
    imported a Prometheus exporter while the reporter's thread loaded the SDK.
    """
    package = name.rpartition(".")[0]
    code = f"import sys, {package}; sys.exit({name!r} in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
            check=False,
            timeout=PATIENCE,
        ).returncode
        == 0
    )
