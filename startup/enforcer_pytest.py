"""Load the enforcer into a test run that asks for it; any other pays for this file only.

A module beside the package: importing it does not import the package.
"""

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from enforcer.testing.legacy_uses import LegacyUses

SESSION = "enforcer-session"
"""The name of the plugin that follows a run."""


# pytest rewrites the assertions of all modules that a plugin is installed with (Config's
# _mark_plugins_for_rewrite). The program under test shall run with the enforcer's modules as they
# are everywhere else.
for _finder in sys.meta_path:
    getattr(_finder, "_must_rewrite", set()).discard("enforcer")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini keys."""
    group = parser.getgroup("enforcer", "enforcer: legacy import paths")
    group.addoption("--enforcer", action="store_true", help="refuse new uses of legacy paths")
    group.addoption("--enforcer-map", metavar="FILE", help="the migration map")
    group.addoption(
        "--enforcer-stage",
        metavar="STAGE",
        help="the stage of every rule in this run, by default at-least:strict",
    )
    group.addoption("--enforcer-baseline", metavar="FILE", help="the baseline")
    group.addoption(
        "--enforcer-update",
        action="store_true",
        help="take what is gone out of the baseline, also where CI is set",
    )
    group.addoption(
        "--enforcer-stale",
        choices=("fail", "warn"),
        help="what to do where CI is set and the baseline has entries that are gone",
    )
    group.addoption(
        "--enforcer-record", metavar="FILE", help="write what was seen, for enforcer gate"
    )
    parser.addini("enforcer", "refuse new uses of legacy paths", type="bool", default=False)
    parser.addini("enforcer_map", "the migration map", default="")
    parser.addini("enforcer_stale", "fail, or warn, of what is gone where CI is set", default="")
    parser.addini("enforcer_stage", "the stage of every rule in test runs", default="")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> Generator[None, object, object]:
    """Enable the enforcer before any conftest is imported, and sum up if one is refused."""
    _begin(early_config)
    try:
        return (yield)
    except BaseException:
        session = early_config.pluginmanager.get_plugin(SESSION)
        if session is not None:
            session.end_early()
        raise


def _begin(early_config: pytest.Config) -> None:
    if early_config.known_args_namespace.enforcer or early_config.getini("enforcer"):
        from enforcer.testing.session import begin  # noqa: PLC0415 - only where it is wanted

        early_config.pluginmanager.register(begin(early_config), SESSION)
        return
    for option in ("record", "update"):
        if getattr(early_config.known_args_namespace, f"enforcer_{option}"):
            message = (
                f"--enforcer-{option} does nothing without --enforcer, or enforcer = true in the "
                "ini file. Add one of them (enforcer-is-off)"
            )
            raise pytest.UsageError(message)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, whether it has an effect or not."""
    config.addinivalue_line(
        "markers",
        "allow_legacy(path, *, reason, until=None): let this test use a strict legacy path, "
        "until a day (YYYY-MM-DD) if there is one",
    )
    config.addinivalue_line(
        "markers",
        "expect_refusal(path, ...): this test expects to be refused these legacy paths, "
        "or any if none is named",
    )


@pytest.fixture
def legacy_uses(request: pytest.FixtureRequest) -> "LegacyUses":
    """Give the uses of legacy paths by this test, so far."""
    session = request.config.pluginmanager.get_plugin(SESSION)
    if session is None:
        pytest.skip("the enforcer is off: run pytest --enforcer")
    found: LegacyUses = session.uses_of(request.node)
    return found
